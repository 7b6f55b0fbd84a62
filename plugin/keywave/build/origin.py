"""Where an object of kustomize's output comes from: the file, the document in it, the layers that changed it.

Rule: kustomize says it itself, in annotations that a second build asks for. That build runs only when there is something to report,
so that nothing has to be stripped from what is rendered. Its paths are relative to our workspace and are turned into the user's here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keywave.build import closure, kustomize, outer, process, tool
from keywave.build.kustomization import Kustomization
from keywave.build.options import Overrides
from keywave.build.source import Built
from keywave.build.tree import Tree, read_bytes, tree_of
from keywave.findings import Location, PathKey
from keywave.objects import yamlio
from keywave.objects.later import later
from keywave.objects.locate import line_of
from keywave.objects.manifest import Manifest, mapping, sequence

ORIGIN = "config.kubernetes.io/origin"
TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations"
_GENERATORS = {
    "ConfigMapGenerator": "configMapGenerator",
    "SecretGenerator": "secretGenerator",
    "HelmChartInflationGenerator": "helmCharts",
}

_HASH = later(r"-[a-z0-9]{10}$")  # what kustomize puts behind the names of generated objects, last of all


class Origins(NamedTuple):
    """The annotated build: objects in the order of the first one, and what is needed to read their annotations."""

    manifests: tuple[Manifest, ...]
    workspace: str
    tree: Tree
    layers: Mapping[str, Kustomization]
    documents: tuple[Manifest, ...]
    """The user's documents where the input had no kustomization."""

    def path(self, annotated: str) -> str:
        """The user's real path of a path in an annotation."""
        path = os.path.normpath(os.path.join(self.workspace, annotated))
        inside = os.path.relpath(path, self.workspace)
        return path if inside.startswith("..") else os.path.join(self.tree.real, inside)

    def layers_of(self, manifest: Manifest) -> list[tuple[Kustomization, str]]:
        """The kustomizations that changed an object, with the transformer's kind, in the order in which they did."""
        changed = []
        for entry in sequence(_annotation(manifest, TRANSFORMATIONS)):
            path = self.path(str(mapping(entry).get("configuredIn", "")))
            layer = self.layers.get(os.path.dirname(path))
            if layer is not None:
                changed.append((layer, str(mapping(mapping(entry).get("configuredBy")).get("kind", ""))))
        return changed


def annotated(built: Built, *, timeout: float) -> Origins:
    """Build once more with annotations. Raises what `source.read` raises, and OSError."""
    with process.terminable(), outer.workspace() as workspace:
        if built.documents:
            tree, _, _, stdout = kustomize.build_documents(built, workspace, timeout=timeout, annotate=True)
            layers: dict[str, Kustomization] = {}
        else:
            tree = tree_of(built.root, built.options.root)
            found = closure.walk(tree, built.options)
            layers = {layer.folder: layer for layer in found.kustomizations}
            top = found.kustomizations[0]
            layers[top.folder] = _renamed(top, built.options.overrides)
            rename = kustomize.renamed_kinds(found, built.options.overrides)
            outer.write(workspace, top, built.options.overrides, rename=rename, annotate=True)
            command = tool.find(built.options.tool).build(workspace, helm=built.options.allow_helm)
            running = kustomize.start(command, built.options, timeout=timeout)
            stdout = kustomize.finished(running, tree, workspace)
        manifests = yamlio.read_stream(stdout, tree.given, built=True).manifests
    return Origins(manifests, workspace, tree, layers, built.documents)


def _renamed(top: Kustomization, overrides: Overrides) -> Kustomization:
    """The top kustomization with the names that the overrides give it."""
    names = {"namePrefix": overrides.name_prefix, "nameSuffix": overrides.name_suffix}
    return top._replace(body={**top.body, **{key: name for key, name in names.items() if name}})


def names_of(origins: Origins, manifest: Manifest) -> list[str]:
    """The names that an object has had, the last first: prefixes and suffixes of the layers taken off again."""
    names = [manifest.name]
    if "configuredIn" in mapping(_annotation(manifest, ORIGIN)):
        names.append(_HASH.sub("", manifest.name))
    for layer, kind in reversed(origins.layers_of(manifest)):
        name = names[-1]
        if kind == "PrefixTransformer":
            name = name.removeprefix(str(layer.body.get("namePrefix", "")))
        elif kind == "SuffixTransformer":
            name = name.removesuffix(str(layer.body.get("nameSuffix", "")))
        if name and name != names[-1]:
            names.append(name)
    return names


def base_place(
    origins: Origins, manifest: Manifest, names: Sequence[str], keys: tuple[PathKey, ...]
) -> Location | None:
    """Where the value, or its nearest ancestor, stands in the file that the object comes from."""
    origin = mapping(_annotation(manifest, ORIGIN))
    if origin.get("repo"):
        return Location(f"{closure.without_credentials(str(origin['repo']))}//{origin.get('path', '')}", 0, keys)
    if "configuredIn" in origin:
        return _generated(origins, origin, names, keys)
    path = origin.get("path")
    if not isinstance(path, str):
        return None
    if origins.documents:
        number = int(os.path.splitext(os.path.basename(path))[0])
        return place_in_document(origins.documents[number], keys)
    real = os.path.realpath(origins.path(path))
    shown = origins.tree.show(real)
    document = _document(yamlio.read_stream(read_bytes(real), shown).manifests, manifest, names)
    return place_in_document(document, keys) if document else Location(shown, 0, keys)


def place_in_document(manifest: Manifest, keys: tuple[PathKey, ...]) -> Location:
    """The place of a value in a document that was read as it stands in its file."""
    offset = line_of(manifest.text, keys) - 1 if manifest.text is not None and keys else 0
    return Location(manifest.source.file, manifest.source.line + offset, keys)


def _generated(
    origins: Origins, origin: Mapping[str, Any], names: Sequence[str], keys: tuple[PathKey, ...]
) -> Location | None:
    """The entry of a generator in its kustomization."""
    layer = origins.layers.get(os.path.dirname(origins.path(str(origin["configuredIn"]))))
    if layer is None:
        return None
    name = _GENERATORS.get(str(mapping(origin.get("configuredBy")).get("kind", "")), "")
    for index, entry in enumerate(sequence(layer.body.get(name))):
        if mapping(entry).get("name") in names:
            return Location(layer.shown, line_of(layer.text, (name, index)), keys)
    return Location(layer.shown, line_of(layer.text, (name,)) if name else 0, keys)


def _document(candidates: Sequence[Manifest], manifest: Manifest, names: Sequence[str]) -> Manifest | None:
    """The document that became the object: same kind, a name that it has had (the oldest first), the same namespace if any has it."""
    same_kind = [c for c in candidates if c.kind == manifest.kind and c.group == manifest.group]
    for name in reversed(names):
        named = [c for c in same_kind if c.name == name]
        if named:
            return next((c for c in named if c.namespace == manifest.namespace), named[0])
    inside = [c for c in same_kind if c.name in manifest.name]
    return max(inside, key=lambda c: len(c.name), default=None)


def _annotation(manifest: Manifest, name: str) -> Any:
    text = manifest.annotations.get(name)
    try:
        return yamlio.parse(text) if isinstance(text, str) else None
    except yamlio.YamlError:
        return None
