"""Sixteen shards of namespaces, each a Lease. Replicas take fair shares; one replica takes all; there is no leader.

A holder that cannot renew stops working before anybody else may start: its own deadline is two thirds of the lease.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable
from time import monotonic

from keywave.controller.ports import Kube
from keywave.controller.running.leases import LABELS, Observer, Seen, lease
from keywave.kube.api_server import KubeError
from keywave.kube.resources import LEASE

COUNT = 16
_REMEMBERED = 600.0
"""Seconds until somebody deletes what a killed replica has left: each Pod has a name of its own."""
_SHARD, _MEMBER = "keywave-reconciler-shard-", "keywave-reconciler-member-"


def shard_of(namespace: str) -> int:
    """The same in every process and on every machine."""
    return zlib.crc32(namespace.encode()) % COUNT


def fair_share(members: list[str], me: str) -> int:
    """How many shards are mine; over all members they are exactly sixteen."""
    ordered = sorted({*members, me})
    return COUNT // len(ordered) + (1 if ordered.index(me) < COUNT % len(ordered) else 0)


class Shards:
    """`gained(shard)` and `lost(shard)` are called in its own thread; `busy(shard)`: a worker is at it."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        identity: str,
        *,
        seconds: float = 15.0,
        gained: Callable[[int], None],
        lost: Callable[[int], None],
        busy: Callable[[int], bool],
        log: Callable[..., None],
    ) -> None:
        self._kube, self._namespace, self._me, self._seconds = kube, namespace, identity, seconds
        self._gained, self._lost, self._busy, self._log = gained, lost, busy, log
        self._observer = Observer(monotonic)
        self._until: dict[int, float] = {}
        self._leaving: set[int] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shards", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def holds(self, namespace: str) -> bool:
        shard = shard_of(namespace)
        return shard not in self._leaving and monotonic() < self._until.get(shard, 0.0)

    def owns(self, namespace: str) -> bool:
        """Whether it is ours or about to be again: a renewal that is late, a shard that is being given back."""
        return shard_of(namespace) in self._until

    def held(self) -> int:
        now = monotonic()
        return sum(until > now for until in list(self._until.values()))

    def stop(self) -> None:
        """Gives everything back, so that others need not wait. Workers are through by now."""
        self._stopped.set()
        self._thread.join(self._seconds)
        for shard in list(self._until):
            self._release(shard)
        with contextlib.suppress(KubeError):  # it ends by itself
            self._kube.delete(LEASE, self._namespace, _MEMBER + self._me)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._round()
            except KubeError as problem:
                self._log("warning", "cannot renew the shards", reason=problem.reason)
            self._drop_late()
            self._stopped.wait(self._seconds / 3)

    def _round(self) -> None:
        began = monotonic()
        self._put(_MEMBER + self._me)
        labels = ",".join(f"{name}={value}" for name, value in LABELS.items())
        seen: dict[int, Seen] = {}
        members = [self._me]
        for body in self._kube.list(LEASE, self._namespace, labels=labels):
            name, looked = str(body["metadata"]["name"]), self._observer.look(body)
            if name.startswith(_SHARD):
                seen[int(name.removeprefix(_SHARD))] = looked
            elif name.startswith(_MEMBER) and self._observer.alive(looked):
                members.append(looked.holder)
            elif name.startswith(_MEMBER) and monotonic() - looked.since > looked.seconds + _REMEMBERED:
                self._kube.delete(LEASE, self._namespace, name, uid=str(body["metadata"].get("uid") or ""))
        share = fair_share(members, self._me)
        mine = [shard for shard, one in sorted(seen.items()) if one.holder == self._me and shard in self._until]
        for shard in mine[share:]:
            self._leaving.add(shard)
            if self._busy(shard):
                self._take(shard, seen.get(shard), began)  # nothing new is begun in it, and nobody else begins
            else:
                self._release(shard)
                self._lost(shard)
        for shard in mine[:share]:
            self._leaving.discard(shard)
            self._take(shard, seen.get(shard), began)
        for shard in range(COUNT):
            if len(self._until) >= share:
                break
            one = seen.get(shard)
            free = one is None or one.holder == self._me or not self._observer.alive(one)
            if shard not in self._until and free and self._take(shard, one, began):
                self._gained(shard)

    def _take(self, shard: int, seen: Seen | None, began: float) -> bool:
        """Renew or take; False where somebody was faster."""
        try:
            self._put(f"{_SHARD}{shard:02}", seen.version if seen else "")
        except KubeError as problem:
            if problem.reason not in ("conflict", "exists"):
                raise
            if shard in self._until:
                self._forget(shard)
                self._lost(shard)
            return False
        # From before the request on: another replica counts from when it sees the renewal, which is later.
        self._until[shard] = began + self._seconds * 2 / 3
        return True

    def _put(self, name: str, version: str = "") -> None:
        body = lease(self._namespace, name, self._me, self._seconds, version=version)
        if version:
            self._kube.replace(LEASE, body)
        elif name.startswith(_MEMBER):
            self._kube.apply(LEASE, body)
        else:
            self._kube.create(LEASE, body)

    def _drop_late(self) -> None:
        for shard, until in list(self._until.items()):
            if monotonic() >= until:
                self._forget(shard)
                self._lost(shard)

    def _release(self, shard: int) -> None:
        self._forget(shard)
        name = f"{_SHARD}{shard:02}"
        try:
            found = self._kube.get(LEASE, self._namespace, name)
            if found is not None and found["spec"].get("holderIdentity") == self._me:
                version = str(found["metadata"]["resourceVersion"])
                self._kube.replace(LEASE, lease(self._namespace, name, "", self._seconds, version=version))
        except KubeError:
            pass  # it ends by itself

    def _forget(self, shard: int) -> None:
        self._until.pop(shard, None)
        self._leaving.discard(shard)
