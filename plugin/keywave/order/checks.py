"""What is wrong with an order whatever the target: circles, Secrets that nothing makes, metadata that rotates, placeholders."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding
from keywave.objects.ids import INTENT_GROUP, VSO_GROUP
from keywave.objects.later import later
from keywave.order.edges import Node
from keywave.order.graph import show_cycle
from keywave.order.kinds import COMPOSITE_GROUP, Part
from keywave.order.model import OrderOptions
from keywave.order.needs import Need, filled_secret
from keywave.order.placeholders import placeholders
from keywave.order.plan import Plan

REISSUED = frozenset({"VaultDynamicSecret", "VaultPKISecret"})
_VOLATILE_KEYS = frozenset({"app.kubernetes.io/version", "helm.sh/chart", "chart", "config.kubernetes.io/origin"})
_VOLATILE_WORD = later(r"(^|[-_.])(commit|sha|sha256|revision|build|timestamp|checksum|digest|hash|image-tag)([-_.]|$)")


def findings(plan: Plan, options: OrderOptions) -> Iterator[Finding]:
    """All findings that do not depend on waves."""
    if not plan.ours:
        return
    yield from _cycles(plan)
    for node in plan.nodes:
        if node.part is Part.OTHER:
            continue
        if node.part is Part.SECRET:
            yield from _nothing_makes(plan, node, options)
        if node.kind in REISSUED and not node.manifest.made_by:
            yield from _volatile(node)
        if options.target != "flux" and node.group in (VSO_GROUP, COMPOSITE_GROUP, INTENT_GROUP):
            yield from _unsubstituted(node, options)


def _cycles(plan: Plan) -> Iterator[Finding]:
    for cycle in plan.cycles:
        picture = show_cycle([plan.nodes[position].manifest.subject for position in cycle])
        yield plan.nodes[cycle[0]].manifest.finding(
            "KW4001",
            f"these objects wait for each other: {picture}",
            "metadata",
            "name",
            hint="take one of the references out, for instance by logging in with a ServiceAccount instead of a Secret",
        )


def _nothing_makes(plan: Plan, node: Node, options: OrderOptions) -> Iterator[Finding]:
    name = filled_secret(node.manifest)
    if not name or name in options.external or plan.lookup.find(Need("Secret", node.namespace, name, "")):
        return
    yield node.manifest.warning(
        "KW4006",
        f'destination.create is not true, and nothing here makes the Secret "{name}": until it exists the object never becomes '
        "healthy, and what waits for it waits for ever",
        "spec",
        "destination",
        hint="set destination.create: true, or name the Secret under external: in the profile if it comes from elsewhere",
    )


def _volatile(node: Node) -> Iterator[Finding]:
    metadata = node.manifest
    for field, held in (("labels", metadata.labels), ("annotations", metadata.annotations)):
        for key in held:
            if volatile(key):
                yield metadata.warning(
                    "KW4008",
                    f'{field[:-1]} "{key}" changes with each release, and the operator issues new credentials (and restarts '
                    "their consumers) at any change of metadata",
                    "metadata",
                    field,
                    key,
                    hint="keep it off this object, for instance with a kustomize label transformer that leaves this kind out",
                )


def volatile(key: str) -> bool:
    """True for labels and annotations that tools set anew with each release: versions, chart names, commits, checksums."""
    if key in _VOLATILE_KEYS or key.startswith("checksum/"):
        return True
    return _VOLATILE_WORD.search(key.rpartition("/")[2].lower()) is not None


def _unsubstituted(node: Node, options: OrderOptions) -> Iterator[Finding]:
    for mark in placeholders(node.manifest.body):
        if not mark.template:
            yield node.manifest.warning(
                "KW4009",
                f"{mark.text} is written as it stands: nothing substitutes it under --target {options.target}",
                *mark.keys,
                hint="render with --target flux, or write the value",
            )
