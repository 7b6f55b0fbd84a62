"""While Vault Secrets Operator is at work we are not: both would fight over every object. Its Lease tells.

It has neither a class nor a namespace to watch, so it is all or nothing for a cluster. Without leader election it has no Lease, and nobody
can see it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic, time

from keywave.controller.model import Body
from keywave.controller.ports import Kube
from keywave.controller.running.leases import Observer, Seen
from keywave.kube.api_server import KubeError
from keywave.kube.resources import LEASE

NAME = "b0d477c0.hashicorp.com"
_FIELDS = f"metadata.name={NAME}"
"""With this selector a right with resourceNames is enough to list, in all namespaces at once."""
_PERIOD = 2.0
_FRESH = 0.25
"""Seconds for which a look holds while there is work: the incumbent begins to write about a second after it takes its Lease. Such a look is
at the Leases that are known, by name: a cluster may have thousands of others."""
_LONG_AGO = 300.0
"""Seconds after the end of a Lease, by our clock, from which on nobody waits for it: no two clocks of a cluster differ that much. Without
this each start would wait for the Lease that a removed incumbent has left."""


class StandBy:
    """`active()`: nobody else is at work; where there is such a Lease, only after we saw it unchanged for its whole duration.
    Looked for in the whole cluster: the incumbent is in a namespace of its own. `namespaces`: where to look instead when that is
    forbidden. Each time we may begin `begin` is called before that, and `gone` after it.

    Who may look nowhere does not begin: two at work on the same objects would be worse than none."""

    def __init__(
        self,
        kube: Kube,
        namespaces: tuple[str, ...],
        *,
        gone: Callable[[], None],
        log: Callable[..., None],
        begin: Callable[[], None] = lambda: None,
        now: Callable[[], float] = monotonic,
        clock: Callable[[], float] = time,
    ) -> None:
        self._kube, self._namespaces, self._begin, self._gone, self._log = kube, namespaces, begin, gone, log
        self._now, self._clock = now, clock
        self._observer = Observer(now)
        self._first: dict[str, str] = {}
        """Namespace -> the renewal that was seen first."""
        self._narrow = False
        self._looking, self._looked = threading.Lock(), float("-inf")
        self._active = False
        self._refused = ""
        self._stopped = threading.Event()

    def start(self) -> None:
        """Looks once before it returns: without any such Lease there is nothing to wait for."""
        self.look()
        threading.Thread(target=self._run, name="standby", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def active(self) -> bool:
        """As of the last look, whatever its age."""
        return self._active

    def may_work(self) -> bool:
        """As of now: looks where the last look is not fresh. For whoever is about to write.

        Where there never was such a Lease the round every two seconds will do: a cluster may have thousands of others to look through."""
        if self._active and self._first and self._now() - self._looked > _FRESH:
            self.look(known=True)
        return self._active

    def why(self) -> str:
        """Why we do not work; "" while we do."""
        if self._active:
            return ""
        if self._refused:
            return f"standing by: the Lease {NAME} cannot be looked for ({self._refused})"
        return "standing by: Vault Secrets Operator is at work"

    def _run(self) -> None:
        while not self._stopped.wait(_PERIOD):
            self.look()

    def look(self, *, known: bool = False) -> None:
        """One round; of several at once the others wait for it. `known`: only where such a Lease was seen before. Raises nothing."""
        asked = self._now()
        with self._looking:
            if self._looked <= asked:
                self._look(known)
                self._looked = self._now()

    def _look(self, known: bool) -> None:
        try:
            found = self._living(self._known() if known else self._leases())
        except KubeError as problem:
            if problem.reason != self._refused:
                self._log("warning", "cannot look for the Lease of Vault Secrets Operator", reason=problem.reason)
            self._refused = problem.reason
            # What was not seen may have been renewed: the time begins anew.
            self._observer = Observer(self._now)
            return  # as before
        self._refused = ""
        if found and self._active:
            self._log("warning", "Vault Secrets Operator is at work: standing by", holder=found[0])
        if found or self._active:
            self._active = not found
            return
        self._log("info", "at work: no Vault Secrets Operator holds its Lease")
        self._begin()
        self._active = True
        self._gone()

    def _leases(self) -> list[Body]:
        if not self._narrow:
            try:
                return self._kube.list(LEASE, fields=_FIELDS)
            except KubeError as problem:
                if problem.reason != "forbidden" or not self._namespaces:
                    raise
                self._narrow = True
                spaces = ",".join(self._namespaces)
                self._log("warning", f"may not look for the Lease {NAME} in the whole cluster", looks_in=spaces)
        return [body for space in self._namespaces if (body := self._kube.get(LEASE, space, NAME)) is not None]

    def _known(self) -> list[Body]:
        if self._narrow:
            return self._leases()
        return [body for space in self._first for body in self._kube.list(LEASE, space, fields=_FIELDS)]

    def _living(self, bodies: list[Body]) -> list[str]:
        """Their holders."""
        looked = [(str(body["metadata"]["namespace"]), self._observer.look(body)) for body in bodies]
        return [seen.holder for space, seen in looked if self._observer.alive(seen) and not self._long_ago(space, seen)]

    def _long_ago(self, namespace: str, seen: Seen) -> bool:
        """Whether it ended long before we first saw it. One that was renewed since is judged by that, whatever its clock says."""
        if self._first.setdefault(namespace, seen.renewed) != seen.renewed:
            return False
        try:
            renewed = datetime.fromisoformat(seen.renewed).timestamp()
        except ValueError:
            return False
        return renewed + seen.seconds + _LONG_AGO < self._clock()
