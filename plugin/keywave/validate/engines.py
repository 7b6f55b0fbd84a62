"""Argo CD and Flux over one namespace: each prunes or reverts what the other applied."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, Location, Severity
from keywave.objects.manifest import Manifest, mapping
from keywave.validate.view import View, opaque, text

IN_CLUSTER = ("", "https://kubernetes.default.svc", "in-cluster")
FLUX_KINDS = (("kustomize.toolkit.fluxcd.io", "Kustomization"), ("helm.toolkit.fluxcd.io", "HelmRelease"))


def check_one_engine(view: View) -> Iterator[Finding]:
    """An Application and a Kustomization or HelmRelease with one target namespace in one cluster."""
    argo: dict[str, Manifest] = {}
    for manifest in view.of("argoproj.io", "Application"):
        namespace = _argo_namespace(manifest)
        if namespace:
            argo.setdefault(namespace, manifest)
    for group, kind in FLUX_KINDS:
        for manifest in view.of(group, kind):
            namespace = _flux_namespace(manifest)
            other = argo.get(namespace)
            if other is None or (manifest.made_by and other.made_by):
                continue
            said = f"namespace {namespace} is managed by Flux here and by Argo CD in {other.subject}"
            where = Location(other.source.file, 0, ("spec", "destination", "namespace"))
            hint = "let one of the two manage a namespace"
            keys = ("spec", "targetNamespace")
            yield manifest.finding("KW6301", said, *keys, hint=hint, severity=Severity.WARNING, related=(where,))


def _argo_namespace(manifest: Manifest) -> str:
    destination = mapping(manifest.spec.get("destination"))
    here = text(destination.get("server")) in IN_CLUSTER and text(destination.get("name")) in IN_CLUSTER
    namespace = text(destination.get("namespace"))
    return namespace if here and not opaque(namespace) else ""


def _flux_namespace(manifest: Manifest) -> str:
    if manifest.spec.get("kubeConfig"):
        return ""
    namespace = text(manifest.spec.get("targetNamespace"))
    if not namespace and manifest.kind == "HelmRelease":
        namespace = manifest.namespace
    return "" if opaque(namespace) else namespace
