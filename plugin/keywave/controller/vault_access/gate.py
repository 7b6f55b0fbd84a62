"""Before a Vault that is down: one asks, the others are told at once what it was told, until somebody gets through.

Without it five thousand objects would each wait for a time-out, again and again, and wake together when Vault is back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from keywave.controller.login_plan import ConnectionPlan
from keywave.vault.values import VaultFault

_FIRST, _LONGEST = 0.5, 5.0


class _Closed(NamedTuple):
    fault: VaultFault
    until: float
    wait: float


class Gate:
    """`now` in seconds, never going back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._closed: dict[ConnectionPlan, _Closed] = {}
        self._lock = threading.Lock()

    def enter(self, plan: ConnectionPlan) -> None:
        """Raises the last fault while it is closed; the first one after the wait may try."""
        closed = self._closed.get(plan)
        if closed is None:
            return
        with self._lock:
            closed = self._closed.get(plan)
            if closed is None:
                return
            now = self._now()
            if now < closed.until:
                fault = closed.fault
                raise VaultFault(fault.reason, fault.summary, retry_after=max(closed.until - now, fault.retry_after))
            # This one is the probe: the others wait for what becomes of it.
            self._closed[plan] = closed._replace(until=now + closed.wait)

    def passed(self, plan: ConnectionPlan) -> None:
        if plan in self._closed:
            with self._lock:
                self._closed.pop(plan, None)

    def failed(self, plan: ConnectionPlan, fault: VaultFault) -> None:
        """Closes it: the whole server is away."""
        with self._lock:
            before = self._closed.get(plan)
            wait = min(before.wait * 2, _LONGEST) if before else _FIRST
            wait = max(wait, min(fault.retry_after, 60.0))
            self._closed[plan] = _Closed(fault, self._now() + wait, wait)
