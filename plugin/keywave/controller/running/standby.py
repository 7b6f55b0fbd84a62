"""While Vault Secrets Operator is at work we are not: both would fight over every object. Its Lease tells.

It has neither a class nor a namespace to watch, so it is all or nothing for a cluster. Without leader election it has no Lease, and nobody
can see it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from keywave.controller.ports import Kube
from keywave.controller.running.leases import Observer
from keywave.kube.api_server import KubeError
from keywave.kube.resources import LEASE

NAME = "b0d477c0.hashicorp.com"
_PERIOD = 2.0


class StandBy:
    """`active()`: nobody else is at work; where there is such a Lease, only after it did not change for its whole duration. `namespaces`:
    where to look; () = in all. `gone` is called each time we may begin."""

    def __init__(
        self,
        kube: Kube,
        namespaces: tuple[str, ...],
        *,
        gone: Callable[[], None],
        log: Callable[..., None],
    ) -> None:
        self._kube, self._namespaces, self._gone, self._log = kube, namespaces, gone, log
        self._observer = Observer(monotonic)
        self._active = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Looks once before it returns: without any such Lease there is nothing to wait for."""
        self._look()
        threading.Thread(target=self._run, name="standby", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def active(self) -> bool:
        return self._active

    def _run(self) -> None:
        while not self._stopped.wait(_PERIOD):
            self._look()

    def _look(self) -> None:
        try:
            found = self._leases()
        except KubeError as problem:
            self._log("warning", "cannot look for the Lease of Vault Secrets Operator", reason=problem.reason)
            if problem.reason != "forbidden":
                return  # as before
            found = []
        alive = [one for one in found if one]
        if alive and self._active:
            self._log("warning", "Vault Secrets Operator is at work: standing by", holder=alive[0])
        elif not alive and not self._active:
            self._log("info", "at work: no Vault Secrets Operator holds its Lease")
        before, self._active = self._active, not alive
        if self._active and not before:
            self._gone()

    def _leases(self) -> list[str]:
        """Holders that live."""
        if self._namespaces:
            bodies = [body for space in self._namespaces if (body := self._kube.get(LEASE, space, NAME)) is not None]
        else:
            bodies = self._kube.list(LEASE, fields=f"metadata.name={NAME}")
        looked = [self._observer.look(body) for body in bodies]
        return [seen.holder for seen in looked if self._observer.alive(seen)]
