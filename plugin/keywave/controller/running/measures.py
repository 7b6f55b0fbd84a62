"""How the objects stand, for /metrics: from what the watches have, at each scrape. Nobody is asked for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keywave.controller import status_beside
from keywave.controller.kinds.catalogue import KINDS
from keywave.controller.ports import Memory
from keywave.controller.running.informer import Informer
from keywave.controller.watching.metrics import Labels, Metrics
from keywave.controller.watching.standing import first_end, out_of_sync_since


def measure_objects(
    metrics: Metrics, informers: Iterable[Informer], memory: Memory, *, works: Callable[[str], bool]
) -> None:
    """Only of the namespaces that this replica `works` on: after a move of shards two would tell of the same object, one of them what is
    old. Nothing while it stands by."""
    mine: set[Labels] = set()
    since: dict[Labels, float] = {}
    ends: dict[Labels, float] = {}
    namespaces: dict[str, bool] = {}
    for informer in informers:
        for key, resource in list(informer.objects.items()):
            if key.namespace not in namespaces:
                namespaces[key.namespace] = works(key.namespace)
            if key.kind in KINDS and namespaces[key.namespace]:
                mine.add(tuple(key))
                whole = status_beside.seen(resource, memory)
                for values, moment in ((since, out_of_sync_since(whole)), (ends, first_end(whole))):
                    if moment is not None:
                        values[tuple(key)] = moment
    metrics.keep(mine, namespaces)
    metrics.put_all("keywave_out_of_sync_since_seconds", since)
    metrics.put_all("keywave_lease_end_seconds", ends)
