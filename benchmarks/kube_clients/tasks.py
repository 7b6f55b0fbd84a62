"""What each client does, in the words of Kubernetes: the same objects for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

AT_ONCE = 16
LABEL = "keywave-bench=yes"
MANAGER = "keywave-bench"
Place = dict[str, Any]
"""url, ca, token (texts), kubeconfig (a file), namespace, count, since (a resourceVersion before the first write)."""


class Done(NamedTuple):
    """How many, and in how many seconds, where the work knows better than whoever started it."""

    count: int
    wall: float
    cpu: float


Phases = Iterator[tuple[str, Callable[[], int | Done]]]
"""Name and work; the work says how many it did."""


def names(place: Place) -> list[str]:
    return [f"bench-{number}" for number in range(place["count"])]


def secret(place: Place, name: str) -> dict[str, Any]:
    """As the reconciler writes it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": place["namespace"], "labels": dict([LABEL.split("=")])},
        "type": "Opaque",
        "data": {"username": "YXBw", "password": "bm90LWEtc2VjcmV0LW9mLWFueWJvZHk="},
    }


def by_threads(work: Callable[[str], object], items: Iterable[str]) -> int:
    """Each once, sixteen at a time. Raises the first fault."""
    ahead, lock, faults, done = iter(items), threading.Lock(), list[BaseException](), [0]

    def run() -> None:
        while not faults:
            with lock:
                item = next(ahead, None)
            if item is None:
                return
            try:
                work(item)
            except BaseException as fault:
                faults.append(fault)
            with lock:
                done[0] += 1

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return done[0]


async def by_tasks(work: Callable[[str], Any], items: Iterable[str]) -> int:
    """The same with asyncio."""
    import asyncio

    ahead, done = iter(items), 0

    async def run() -> None:
        nonlocal done
        for item in ahead:
            await work(item)
            done += 1

    await asyncio.gather(*(run() for _ in range(AT_ONCE)))
    return done
