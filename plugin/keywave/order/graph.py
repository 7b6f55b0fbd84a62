"""A directed graph over positions, put in an order that depends on nothing but the keys and the edges. Pure.

Kahn's algorithm; among the nodes that are free, the one with the smallest key comes first (full tie-break).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """`before` comes before `after`. `gate`: `after` must wait until `before` is healthy. `why` is a short reason for people."""

    before: int
    after: int
    why: str = ""
    gate: bool = False


class Sorted(NamedTuple):
    """All positions in order; those on a cycle, and what hangs on one, come last by their keys."""

    order: tuple[int, ...]
    cycles: tuple[tuple[int, ...], ...]


def followers(count: int, edges: Iterable[Edge]) -> list[list[int]]:
    """For each position the positions that come after it."""
    after: list[list[int]] = [[] for _ in range(count)]
    for edge in edges:
        after[edge.before].append(edge.after)
    return after


def topological(keys: Sequence[Any], edges: Sequence[Edge]) -> Sorted:
    """Sort 0..len(keys)-1. Keys must be comparable and different; they decide wherever edges leave it open."""
    count = len(keys)
    by_key = sorted(range(count), key=keys.__getitem__)
    place = [0] * count
    for rank, node in enumerate(by_key):
        place[node] = rank
    after = followers(count, edges)
    waiting = [0] * count
    for edge in edges:
        waiting[edge.after] += 1
    free = [place[node] for node in range(count) if not waiting[node]]
    heapq.heapify(free)
    order: list[int] = []
    while free:
        node = by_key[heapq.heappop(free)]
        order.append(node)
        for follower in after[node]:
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(free, place[follower])
    if len(order) == count:
        return Sorted(tuple(order), ())
    left = [node for node in by_key if waiting[node]]
    return Sorted((*order, *left), tuple(_cycles(left, after, place)))


def _cycles(left: Sequence[int], after: Sequence[Sequence[int]], place: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """One cycle for each knot among the nodes left over, each told from its smallest key on."""
    inside = set(left)
    done: set[int] = set()
    for start in left:
        cycle = [] if start in done else _cycle_from(start, after, inside, done, place)
        if cycle:
            first = min(range(len(cycle)), key=lambda at: place[cycle[at]])
            yield (*cycle[first:], *cycle[:first])


def _cycle_from(
    start: int, after: Sequence[Sequence[int]], inside: set[int], done: set[int], place: Sequence[int]
) -> list[int]:
    """Walk in depth until a node comes twice; nodes that were seen through are added to `done`. Not recursive: chains are long."""
    path = [start]
    at = {start: 0}
    walks = [_next(start, after, inside, place)]
    while walks:
        following = next(walks[-1], None)
        if following is None:
            walks.pop()
            node = path.pop()
            del at[node]
            done.add(node)
        elif following in at:
            done.update(path)
            return path[at[following] :]
        elif following not in done:
            at[following] = len(path)
            path.append(following)
            walks.append(_next(following, after, inside, place))
    return []


def _next(node: int, after: Sequence[Sequence[int]], inside: set[int], place: Sequence[int]) -> Iterator[int]:
    return iter(sorted((follower for follower in after[node] if follower in inside), key=place.__getitem__))


def show_cycle(names: Sequence[str]) -> str:
    """`a -> b -> a`."""
    return " -> ".join([*names, names[0]])
