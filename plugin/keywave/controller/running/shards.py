"""Sixteen shards of namespaces, each a Lease. Replicas take fair shares; one replica takes all; there is no leader.

A holder that cannot renew stops working before anybody else may start: its own deadline is two thirds of the lease.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from keywave.controller.ports import Kube
from keywave.controller.running.leases import LABELS, Observer, Seen, lease
from keywave.kube.api_server import KubeError
from keywave.kube.resources import LEASE
from keywave.objects.manifest import mapping

COUNT = 16
_REMEMBERED = 600.0
"""Seconds until somebody deletes what a killed replica has left: each Pod has a name of its own."""
_SHARD, _MEMBER = "keywave-reconciler-shard-", "keywave-reconciler-member-"
_NAMES = {f"{_SHARD}{shard:02}": shard for shard in range(COUNT)}
_AT_ONCE = 4
"""Requests: one after the other, sixteen renewals of a second each would come too late for the last."""
_JOIN = 6.0


def shard_of(namespace: str) -> int:
    """The same in every process and on every machine."""
    return zlib.crc32(namespace.encode()) % COUNT


def fair_share(members: list[str], me: str) -> int:
    """How many shards are mine; over all members they are exactly sixteen."""
    ordered = sorted({*members, me})
    return COUNT // len(ordered) + (1 if ordered.index(me) < COUNT % len(ordered) else 0)


class Shards:
    """`gained(shard)` and `lost(shard)` are called in its own threads; `busy(shard)`: a worker is at it; `failed` hears of a bug.

    `kube` has a time limit of a third of `seconds` at most: a request that hangs must not cost more than one round. `now` never goes
    back."""

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
        failed: Callable[[BaseException], None] = lambda bug: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._kube, self._namespace, self._me, self._seconds = kube, namespace, identity, seconds
        self._gained, self._lost, self._busy, self._log, self._failed = gained, lost, busy, log, failed
        self._now, self._observer = now, Observer(now)
        self._until: dict[int, float] = {}
        self._versions: dict[int, str] = {}
        """Of our own last write: a renewal needs no list before it."""
        self._leaving: set[int] = set()
        self._ending = False
        self._stopped, self._soon = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="shards", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def holds(self, namespace: str) -> bool:
        """Whether new work may be begun in it."""
        return shard_of(namespace) not in self._leaving and self.still_holds(namespace)

    def still_holds(self, namespace: str) -> bool:
        """Whether work that was begun may go on: in a shard that is to be given back, too."""
        return self._now() < self._until.get(shard_of(namespace), 0.0)

    def owns(self, namespace: str) -> bool:
        """Whether it is ours or about to be again: a renewal that is late, a shard that is being given back."""
        return shard_of(namespace) in self._until

    def held(self) -> int:
        now = self._now()
        return sum(until > now for until in list(self._until.values()))

    def leave(self) -> None:
        """From now on gives back whatever no worker is at, at once; the rest is renewed until `stop`. Returns at once."""
        self._ending = True
        self._soon.set()

    def stop(self) -> None:
        """Gives back what is left and not worked on, so that others need not wait; what is worked on ends by itself."""
        self._ending = True
        self._stopped.set()
        self._soon.set()
        self._thread.join(_JOIN)
        if self._thread.is_alive():
            return  # the API server does not answer
        self._give_back(list(self._until))
        with contextlib.suppress(KubeError):  # it ends by itself
            self._kube.delete(LEASE, self._namespace, _MEMBER + self._me)

    def _run(self) -> None:
        while not self._stopped.is_set():
            began = self._now()
            self._soon.clear()
            try:
                self.round()
            except KubeError as problem:
                self._log("warning", "cannot look at the shards", reason=problem.reason)
            except Exception as bug:  # without this thread all work ends
                self._failed(bug)
            self._drop_late()
            if self._stopped.is_set():
                return
            self._soon.wait(self._pause(self._now() - began))

    def _pause(self, took: float) -> float:
        """Seconds until the next round: a quarter of a lease from beginning to beginning, less where a shard waits for it."""
        soon = self._seconds / 30
        late = any(until - self._now() < self._seconds / 3 for until in list(self._until.values()))
        return soon if late or self._ending else max(self._seconds / 4 - took, soon)

    def round(self) -> None:
        """Renews, then looks who is there, gives back and takes. Raises KubeError where that cannot be seen."""
        self._each(self._renew, list(self._until))
        if self._ending:
            self._give_back(list(self._until))
            self._kube.delete(LEASE, self._namespace, _MEMBER + self._me)
            return
        self._say_that_we_live()
        seen, members = self._look()
        share = fair_share(members, self._me)
        mine = sorted(self._until)
        self._leaving -= set(mine[:share])
        self._give_back(mine[share:])
        free = [shard for shard in range(COUNT) if shard not in self._until and self._is_free(seen.get(shard))]
        while free and (wanted := share - len(self._until)) > 0 and not self._ending:
            self._each(lambda shard: self._take_up(shard, seen.get(shard)), free[:wanted])
            free = free[wanted:]

    def _is_free(self, seen: Seen | None) -> bool:
        return seen is None or seen.holder == self._me or not self._observer.alive(seen)

    def _take_up(self, shard: int, seen: Seen | None) -> None:
        try:
            if self._take(shard, seen.version if seen else ""):
                self._gained(shard)
        except KubeError as problem:
            self._log("warning", "cannot take a shard", shard=shard, reason=problem.reason)

    def _each(self, work: Callable[[int], object], shards: Iterable[int]) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lease") as pool:
            list(pool.map(work, shards))

    def _say_that_we_live(self) -> None:
        try:
            self._kube.apply(LEASE, lease(self._namespace, _MEMBER + self._me, self._me, self._seconds))
        except KubeError as problem:  # the shards are more than this
            self._log("warning", "cannot tell the other replicas that this one lives", reason=problem.reason)

    def _look(self) -> tuple[dict[int, Seen], list[str]]:
        """Shards as they are, and the holders of all members that live."""
        labels = ",".join(f"{name}={value}" for name, value in LABELS.items())
        seen: dict[int, Seen] = {}
        members = [self._me]
        for body in self._kube.list(LEASE, self._namespace, labels=labels):
            name, looked = str(body["metadata"]["name"]), self._observer.look(body)
            if name in _NAMES:
                seen[_NAMES[name]] = looked
            elif name.startswith(_MEMBER) and self._observer.alive(looked):
                members.append(looked.holder)
            elif name.startswith(_MEMBER) and self._now() - looked.since > looked.seconds + _REMEMBERED:
                self._remove(name, str(body["metadata"].get("uid") or ""))
        return seen, members

    def _remove(self, name: str, uid: str) -> None:
        try:
            self._kube.delete(LEASE, self._namespace, name, uid=uid)
        except KubeError as problem:
            self._log("warning", "cannot delete the Lease of a replica that is gone", name=name, reason=problem.reason)

    def _renew(self, shard: int) -> None:
        """Raises nothing: one that cannot be renewed now is tried again, until its time is over."""
        try:
            if self._take(shard, self._versions.get(shard, "")):
                return
            found = self._kube.get(LEASE, self._namespace, f"{_SHARD}{shard:02}")
            # Ours yet, when an answer was lost, or somebody wrote a label.
            ours = found is None or mapping(found.get("spec")).get("holderIdentity") == self._me
            version = str(found["metadata"]["resourceVersion"]) if found is not None else ""
            if not ours or not self._take(shard, version):
                self._lose(shard)
        except KubeError as problem:
            self._log("warning", "cannot renew a shard", shard=shard, reason=problem.reason)

    def _take(self, shard: int, version: str) -> bool:
        """Renew, or take from nobody where there is no version; False where somebody was faster. Raises KubeError."""
        body = lease(self._namespace, f"{_SHARD}{shard:02}", self._me, self._seconds, version=version)
        # From before the request on: another replica counts from when it sees the renewal, which is later.
        began = self._now()
        try:
            answer = self._kube.replace(LEASE, body) if version else self._kube.create(LEASE, body)
        except KubeError as problem:
            if problem.reason in ("conflict", "exists", "absent"):
                return False
            raise
        self._versions[shard] = str(answer["metadata"]["resourceVersion"])
        self._until[shard] = began + self._seconds * 2 / 3
        return True

    def _give_back(self, shards: list[int]) -> None:
        """Those that no worker is at; nothing new is begun in the others, and nobody else begins."""
        self._leaving |= set(shards)
        self._each(self._release, [shard for shard in shards if not self._busy(shard)])

    def _release(self, shard: int) -> None:
        """Ours first ends here, then for all: nobody may begin before."""
        version = self._versions.get(shard, "")
        self._lose(shard)
        body = lease(self._namespace, f"{_SHARD}{shard:02}", "", self._seconds, version=version)
        with contextlib.suppress(KubeError):  # it ends by itself
            self._kube.replace(LEASE, body)

    def _lose(self, shard: int) -> None:
        self._until.pop(shard, None)
        self._versions.pop(shard, None)
        self._leaving.discard(shard)
        self._lost(shard)

    def _drop_late(self) -> None:
        for shard, until in list(self._until.items()):
            if self._now() >= until:
                self._lose(shard)
