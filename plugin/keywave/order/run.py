"""Order a rendered set for one target: build the plan, ask the target, collect what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keywave.findings import Finding, Location
from keywave.objects.manifest import Manifest
from keywave.order import checks
from keywave.order.model import Ordered, OrderOptions
from keywave.order.plan import layers, plan
from keywave.order.targets import TARGETS


class Drawn(NamedTuple):
    """The dependency graph as plain values: names in order of application, their layer, and (before, after, why) between them."""

    nodes: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str, str], ...]


def order(manifests: Sequence[Manifest], options: OrderOptions) -> Ordered:
    """Put manifests in order. Nothing is changed, and the author's order stays, when no object makes or prepares a Secret.

    Raises UsageError for `layer="all"` without `app`. Findings are KW40xx; after an error the order is only good to look at.
    """
    made = plan(manifests, options.namespace, options.operator)
    ordered = TARGETS[options.target].arrange(made, options)
    found = _placed([*checks.findings(made, options), *ordered.findings], manifests)
    return ordered._replace(findings=tuple(sorted(found, key=lambda finding: finding.sort_key)))


def _placed(findings: list[Finding], manifests: Sequence[Manifest]) -> list[Finding]:
    """What is wrong with a made object is to be mended in the intent or profile that it was made from."""
    makers = {m.subject: m.made_by for m in manifests if m.made_by} if findings else {}
    placed = []
    for finding in findings:
        maker = "" if finding.where.file else makers.get(finding.subject, "")
        if maker:
            message = finding.message if finding.subject in finding.message else f"{finding.subject}: {finding.message}"
            finding = finding._replace(subject=maker, message=message, where=Location(keys=("spec",)))
        placed.append(finding)
    return placed


def graph(manifests: Sequence[Manifest], options: OrderOptions | None = None) -> Drawn:
    """The graph behind the order, for pictures: only what takes part in it (an object with an edge, or one of our kinds)."""
    options = options or OrderOptions("plain")
    made = plan(manifests, options.namespace, options.operator)
    names = [node.manifest.subject for node in made.nodes]
    linked = {p for edge in made.edges for p in (edge.before, edge.after)}
    layer_of = {id(m): layer.name for layer in layers(made, [n.manifest for n in made.nodes]) for m in layer.manifests}
    place = {position: number for number, position in enumerate(made.order)}
    edges = sorted(made.edges, key=lambda e: (place[e.before], place[e.after]))
    return Drawn(
        tuple(
            (names[p], layer_of[id(made.nodes[p].manifest)]) for p in made.order if p in linked or made.stages[p] >= 0
        ),
        tuple((names[e.before], names[e.after], e.why) for e in edges),
    )
