"""The plan that every target starts from: nodes, edges, one order, and the stage of each object. Pure.

A stage is a round of "prepare, then make Secrets". Nearly always there is one. A second is needed where a Secret that an object
makes is what another one logs in with. Stages count from the end: a new first round moves no object that was there before (a
changed wave is a changed annotation, and the operator issues new credentials for a dynamic secret then).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keywave.intent.model import Operator
from keywave.objects.manifest import Manifest
from keywave.order.edges import Index, Node, edges_of, nodes_of, operator_needs
from keywave.order.graph import Edge, followers, topological
from keywave.order.kinds import OTHER_RANK, RANKS, Part
from keywave.order.model import Layer

APPS = -1
"""The stage of everything that no secret object needs: workloads and what belongs to them."""


class Plan(NamedTuple):
    """`order` lists positions; `stages[position]` is APPS or a stage; `needs_operator` are positions that the operator needs.

    `ours` is False when the set has no kind that makes or prepares Secrets: then nothing is touched. `top` is the first stage, 0
    where there is one round only.
    """

    nodes: list[Node]
    edges: list[Edge]
    lookup: Index
    order: tuple[int, ...]
    stages: list[int]
    operator: frozenset[int]
    cycles: tuple[tuple[int, ...], ...]
    ours: bool
    top: int


def plan(manifests: Sequence[Manifest], namespace: str, operator: Operator) -> Plan:
    """Find out what depends on what, and in which round each object belongs. Linear but for sorting."""
    nodes = nodes_of(manifests, namespace)
    index = Index(nodes)
    if all(node.part is Part.OTHER for node in nodes):
        order = tuple(range(len(nodes)))
        return Plan(nodes, [], index, order, [APPS] * len(nodes), frozenset(), (), ours=False, top=0)
    edges = edges_of(nodes, index, operator)
    order, cycles = topological(sort_keys(nodes), edges)
    before = frozenset(operator_needs(nodes, index, operator))
    stages = _stages(nodes, order, followers(len(nodes), edges), before)
    return Plan(nodes, edges, index, order, stages, before, cycles, ours=True, top=max(0, max(stages)))


def sort_keys(nodes: Sequence[Node]) -> list[tuple[int, str, str, str, str, str]]:
    """(rank, namespace, name, kind, group, content); the content only counts between objects that are otherwise the same."""
    heads = [(RANKS.get(n.kind, OTHER_RANK), n.namespace, n.name, n.kind, n.group) for n in nodes]
    if len(set(heads)) == len(heads):
        return [(*head, "") for head in heads]
    # Position last: the same object twice, word for word, has no other difference, and then the order does not show.
    return [
        (*head, f"{node.manifest.body!r}\0{position:09d}")
        for position, (head, node) in enumerate(zip(heads, nodes, strict=True))
    ]


def _stages(
    nodes: Sequence[Node], order: Sequence[int], after: Sequence[Sequence[int]], before: frozenset[int]
) -> list[int]:
    stages = _count(nodes, order, after, before, 0)
    top = max(stages)
    return _count(nodes, order, after, before, top) if before and top else stages


def _count(
    nodes: Sequence[Node], order: Sequence[int], after: Sequence[Sequence[int]], before: frozenset[int], first: int
) -> list[int]:
    """From the end to the start: an object's stage is the greatest of those that need it, one more if it makes their Secret."""
    stages = [APPS] * len(nodes)
    for position in reversed(order):
        part = nodes[position].part
        stage = APPS if part is Part.OTHER else 0
        if position in before:
            stage = first
        step = 1 if part is Part.SECRET else 0
        for follower in after[position]:
            if stages[follower] != APPS and stages[follower] + step > stage:
                stage = stages[follower] + step
        stages[position] = stage
    return stages


def layers(plan: Plan, manifests: Sequence[Manifest]) -> tuple[Layer, ...]:
    """The layers that have something in them, in order; `manifests` stand at the positions of the plan's nodes."""
    slots: list[tuple[str, list[Manifest]]] = []
    for stage in range(plan.top, -1, -1):
        suffix = f"-{stage + 1}" if stage else ""
        slots += [(f"setup{suffix}", []), (f"secrets{suffix}", [])]
    slots.append(("apps", []))
    for position in plan.order:
        slots[slot(plan, position)][1].append(manifests[position])
    return tuple(Layer(10 * number, name, tuple(held)) for number, (name, held) in enumerate(slots) if held)


def slot(plan: Plan, position: int) -> int:
    """The number of the layer in which an object belongs, counted over all layers, the empty ones too."""
    stage = plan.stages[position]
    if stage == APPS:
        return 2 * (plan.top + 1)
    return 2 * (plan.top - stage) + (1 if plan.nodes[position].part is Part.SECRET else 0)
