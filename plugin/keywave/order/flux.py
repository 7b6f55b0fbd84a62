"""Target flux: one directory and one Kustomization for each layer, each waiting for the one before.

Inside one Kustomization Flux applies by kind and waits for nothing, so the order must be between Kustomizations. Argo CD's
annotations stay where they are and mean nothing to Flux.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from keywave.findings import Finding
from keywave.objects.manifest import Manifest
from keywave.order.health import expressions
from keywave.order.model import Layer, Ordered, OrderOptions
from keywave.order.placeholders import placeholders
from keywave.order.plan import Plan, layers

NO_SUBSTITUTION = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}


def arrange(plan: Plan, options: OrderOptions) -> Ordered:
    """Layers with their Kustomizations as `extra`; made objects whose templates hold `${` are shielded from substitution."""
    found: list[Finding] = []
    manifests = [_shielded(node.manifest, found) for node in plan.nodes]
    held = layers(plan, manifests)
    return Ordered(held, tuple(_kustomizations(held, options)), tuple(found))


def _shielded(manifest: Manifest, found: list[Finding]) -> Manifest:
    """Template text with `${` is the operator's, any other `${...}` is meant for Flux; one object cannot hold both.

    The user's own documents are left alone: what they hold is theirs to mean.
    """
    if not manifest.made_by:
        return manifest
    marks = list(placeholders(manifest.body))
    if not any(mark.template for mark in marks):
        return manifest
    meant = [mark for mark in marks if not mark.template]
    if not meant:
        return manifest.with_annotations(NO_SUBSTITUTION)
    template = next(mark for mark in marks if mark.template)
    found.append(
        manifest.finding(
            "KW4010",
            f"{manifest.subject} holds {meant[0].text} for Flux to substitute and ${{ in a template's text, which Flux would "
            "substitute as well",
            *template.keys,
            hint="write $${ in the template (Flux makes ${ of it), or move the template to the profile's transformations",
        )
    )
    return manifest


def _kustomizations(held: Sequence[Layer], options: OrderOptions) -> Iterator[Manifest]:
    """In order; each depends on the one before it, and so on all before."""
    previous = ""
    for layer in held:
        name = f"{options.name}-{layer.name}" if options.name else layer.name
        yield Manifest(_kustomization(name, layer, previous, options), made_by="keywave")
        previous = name


def _kustomization(name: str, layer: Layer, previous: str, options: OrderOptions) -> dict[str, Any]:
    flux = options.flux
    source = {"kind": flux.source_kind, "name": flux.source_name}
    if flux.source_namespace:
        source["namespace"] = flux.source_namespace
    spec: dict[str, Any] = {
        "interval": flux.interval,
        "retryInterval": flux.retry_interval,
        "timeout": flux.timeout,
        "path": _path(flux.path, layer.directory),
        "prune": flux.prune,
        "wait": True,
        "sourceRef": source,
    }
    if previous:
        spec["dependsOn"] = [{"name": previous}]
    if flux.service_account_name:
        spec["serviceAccountName"] = flux.service_account_name
    checks = expressions((manifest.kind for manifest in layer.manifests), options.operator)
    if checks:
        spec["healthCheckExprs"] = checks
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": flux.namespace},
        "spec": spec,
    }


def _path(prefix: str, directory: str) -> str:
    """`./` + prefix + directory, as Flux writes paths below the root of the source."""
    parts = [part for part in prefix.split("/") if part not in ("", ".")]
    return "./" + "/".join([*parts, directory])
