"""Keeps tokens alive, side by side: a Vault that hangs holds up the renewals of nobody else.

Each namespace (of the VaultConnections) has one lane, in which one call follows another; some lanes run at once, each for a bounded time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from time import monotonic

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.tokens import Tokens

_LANES = 8
_ROUND = 2.0
"""Seconds that a round waits for its lanes; those that take longer are passed over by the next."""
_SLICE = 10.0
"""Seconds of one lane, then others have their turn."""
_AWAY = 10.0
"""Seconds for which a Vault that did not answer is left alone."""
Work = list[tuple[LoginPlan, Callable[[], bool]]]


class Keeper:
    """`now` in seconds, never going back; `bug` is told of each call that ended as none should."""

    def __init__(self, tokens: Tokens, *, now: Callable[[], float], bug: Callable[[], None]) -> None:
        self._tokens, self._now, self._bug = tokens, now, bug
        self._threads = ThreadPoolExecutor(_LANES, "vault-renewal")
        self._busy: set[str] = set()
        self._away: dict[ConnectionPlan, float] = {}
        self._lock = threading.Lock()

    def keep_alive(self) -> None:
        """One round; called every few seconds by one thread."""
        lanes: dict[str, Work] = {}
        for plan, call in self._tokens.due():
            lanes.setdefault(plan.connection.namespace, []).append((plan, call))
        now = self._now()
        with self._lock:
            self._away = {connection: until for connection, until in self._away.items() if until > now}
            ready = {namespace: work for namespace, work in lanes.items() if namespace not in self._busy}
            self._busy.update(ready)
        wait([self._threads.submit(self._lane, namespace, work) for namespace, work in ready.items()], _ROUND)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _lane(self, namespace: str, work: Work) -> None:
        end = monotonic() + _SLICE
        try:
            for plan, call in work:
                if monotonic() > end:
                    return  # the rest is due again
                if plan.connection not in self._away:
                    self._run(plan, call)
        finally:
            with self._lock:
                self._busy.discard(namespace)

    def _run(self, plan: LoginPlan, call: Callable[[], bool]) -> None:
        try:
            answered = call()
        except Exception:  # leases of others hang on the calls after it
            self._bug()
            answered = False
        if not answered:
            with self._lock:
                self._away[plan.connection] = self._now() + _AWAY
