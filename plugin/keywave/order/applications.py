"""App-of-apps: one Argo CD Application for each layer, rendered by the same plugin from the same commit with `layer: NAME`.

Waves order objects inside one Application only; between Applications the parent's waves do it, and they wait only where
argocd-cm holds a health check for Application (ours is in integrations/argocd).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keywave.errors import UsageError
from keywave.objects.manifest import Manifest
from keywave.order.model import AppInfo, Layer, OrderOptions
from keywave.order.waves import WAVE

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def applications(layers: Sequence[Layer], options: OrderOptions) -> tuple[Manifest, ...]:
    """One Application for each layer, in waves 0, 1, 2. Raises UsageError where the Application is not known."""
    if options.app is None or not options.app.repo_url:
        raise UsageError(
            "layer all needs to know the Application: its name, repository, path and revision",
            hint="run it as an Argo CD plugin, or set ARGOCD_APP_NAME, ARGOCD_APP_SOURCE_REPO_URL, ARGOCD_APP_SOURCE_PATH "
            "and ARGOCD_APP_REVISION",
        )
    return tuple(_application(options.app, layer, wave) for wave, layer in enumerate(layers))


def _application(app: AppInfo, layer: Layer, wave: int) -> Manifest:
    """Pruning and self-healing are on: a layer is no object of its own to take care of. The finalizer removes what it holds."""
    space, _, name = app.name.rpartition("_")  # Applications outside Argo CD's own namespace are called namespace_name
    cluster = "server" if "://" in app.server else "name"
    body: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": f"{name}-{layer.name}",
            "namespace": space or app.argocd_namespace,
            "annotations": {WAVE: str(wave)},
            "finalizers": [FINALIZER],
        },
        "spec": {
            "project": app.project,
            "source": {
                "repoURL": app.repo_url,
                "path": app.path,
                "targetRevision": app.revision,
                "plugin": {
                    "name": app.plugin,
                    "parameters": [*app.parameters, {"name": "layer", "string": layer.name}],
                },
            },
            "destination": {cluster: app.server, "namespace": app.namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }
    return Manifest(body, made_by=f"Application {app.name}")
