"""What an application's own files tell about its parameters: images, profiles, layers.

Asked by Argo CD's UI while somebody edits an Application, so a broken tree must not hide the form: what cannot be found is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from keywave import pipeline
from keywave.build.options import BuildOptions
from keywave.build.source import read
from keywave.errors import KeywaveError
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import pod_template


class Discovered(NamedTuple):
    """Sorted, without repeats."""

    images: tuple[str, ...]
    profiles: tuple[str, ...]
    layers: tuple[str, ...]


def discover(options: BuildOptions) -> Discovered:
    """Look at the working directory. Never raises for a tree that cannot be built."""
    settings = pipeline.Settings(profiles=os.environ.get("KEYWAVE_PROFILES", ""), allow_empty=True)
    try:
        built = read(".", options)
        report = pipeline.render_built(built, settings)
    except KeywaveError:
        return Discovered((), (), ())
    images = {image for m in built.manifests for image in _images(m)}
    profiles = {m.name for m in built.manifests if m.kind == "VaultProfile" and m.group == "keywave.dev"}
    layers = tuple(layer.name for layer in report.ordered.layers) if report.ordered else ()
    return Discovered(tuple(sorted(images)), tuple(sorted(profiles)), layers)


def _images(manifest: Manifest) -> Iterator[str]:
    found = pod_template(manifest)
    if found is None:
        return
    spec: Any = mapping(found[0].get("spec"))
    for field in ("initContainers", "containers"):
        for container in sequence(spec.get(field)):
            image = mapping(container).get("image")
            if isinstance(image, str):
                yield image
