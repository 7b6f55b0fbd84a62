"""What a build is asked for. Frozen, and every field is part of what a cached result stands for.

Without `from __future__ import annotations`, for the reason that `intent.model` gives.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

NONE: Mapping[str, Any] = {}
TIMEOUT_SECONDS = 45.0
"""Below the 60 s of Argo CD's repo-server, so that people see our message and not "context deadline exceeded"."""


class Overrides(NamedTuple):
    """Argo CD's `source.kustomize`, with its meaning: as if `kustomize edit` had changed the kustomization itself.

    `images` are texts as `kustomize edit set image` takes them (`name=new:tag@digest`); `replicas` workload name -> count;
    `patches` as in a kustomization: {patch | path, target, options}; `components` folders relative to the kustomization.
    `label_without_selector`, `label_include_templates`, `force_*` belong to the common labels and annotations.
    """

    images: tuple[str, ...] = ()
    replicas: Mapping[str, int] = NONE
    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    common_labels: Mapping[str, str] = NONE
    label_without_selector: bool = False
    label_include_templates: bool = False
    force_common_labels: bool = False
    common_annotations: Mapping[str, str] = NONE
    force_common_annotations: bool = False
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    patches: tuple[Mapping[str, Any], ...] = ()

    def __bool__(self) -> bool:
        """True when anything is to be changed."""
        return bool(
            self.images
            or self.replicas
            or self.name_prefix
            or self.name_suffix
            or self.namespace
            or self.common_labels
            or self.common_annotations
            or self.components
            or self.patches
        )


class BuildOptions(NamedTuple):
    """How to read the input.

    `timeout` seconds for the whole build. `tool` overrides the search for kustomize. `cache` is the folder of the cache of built
    trees, None for none; `cache_limit` its bound in bytes. `root` is the repository's top folder where the caller knows it (else
    the next folder upwards with `.git`): nothing outside of it is read.
    """

    timeout: float = TIMEOUT_SECONDS
    allow_remote: bool = False
    allow_helm: bool = False
    tool: str = ""
    cache: str | None = None
    cache_limit: int = 256 * 1024 * 1024
    root: str = ""
    overrides: Overrides = Overrides()
