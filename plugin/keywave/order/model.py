"""What ordering takes and gives. Values only.

Without `from __future__ import annotations`, for the reason that `intent.model` gives.
"""

from typing import Any, NamedTuple

from keywave.findings import Finding
from keywave.intent.model import ArgoSettings, FluxSettings, Operator
from keywave.objects.manifest import Manifest


class AppInfo(NamedTuple):
    """The Argo CD Application that is being rendered, as ARGOCD_APP_* tells it.

    `revision` should be the commit (ARGOCD_APP_REVISION): children that follow a branch would sync by themselves, unordered.
    `namespace` is the destination's, `argocd_namespace` the one in which Applications live. `server` is the children's cluster,
    an address or a name; the parent's own is always Argo CD's, because Applications live there. `parameters` are the plugin
    parameters to hand on (entries `{name, string | array | map}`), `layer` not among them.
    """

    name: str
    namespace: str = ""
    project: str = "default"
    repo_url: str = ""
    path: str = "."
    revision: str = "HEAD"
    argocd_namespace: str = "argocd"
    server: str = "https://kubernetes.default.svc"
    plugin: str = "keywave"
    parameters: tuple[dict[str, Any], ...] = ()


class OrderOptions(NamedTuple):
    """`target` is a key of TARGETS. `namespace` is where objects go that name none. `name` stands before the names of Flux
    Kustomizations, so that two applications do not collide. `layer` is "", a layer's name, or "all" (app-of-apps).
    `external` are names of Secrets that come from elsewhere."""

    target: str
    argo: ArgoSettings = ArgoSettings()
    flux: FluxSettings = FluxSettings()
    operator: Operator = Operator()
    namespace: str = ""
    app: AppInfo | None = None
    name: str = ""
    layer: str = ""
    external: frozenset[str] = frozenset()


class Layer(NamedTuple):
    """What is applied together; the next layer waits until this one is healthy."""

    number: int
    name: str
    manifests: tuple[Manifest, ...]

    @property
    def directory(self) -> str:
        """`00-setup`: sorts as it is applied."""
        return f"{self.number:02d}-{self.name}"


class Ordered(NamedTuple):
    """Layers in order of application; `extra` are objects about the layers (Flux Kustomizations, Argo CD Applications)."""

    layers: tuple[Layer, ...]
    extra: tuple[Manifest, ...]
    findings: tuple[Finding, ...]

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All layers as one stream."""
        return tuple(m for layer in self.layers for m in layer.manifests)
