"""One request to a Vault: through its gate, over its pool, counted, with what is no answer as a VaultFault."""

from __future__ import annotations

import time
from collections.abc import Callable

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.ports import Counting, Kube
from keywave.controller.vault_access.faults import fault_of
from keywave.controller.vault_access.gate import Gate, Ticket
from keywave.controller.vault_access.pools import Pools
from keywave.vault.client import SharedClient
from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach
from keywave.vault.values import VaultFault

_WHOLE_SERVER = frozenset({"refused", "name", "tls", "sealed", "standby"})
"""Not a 500: that may come from one engine, and must not hold up the others."""
_LONGEST = 120.0
"""Seconds for one request, whatever a VaultConnection says: it holds a worker."""
Call = Callable[[SharedClient, float], Answer]
"""Sends one request until a time (time.monotonic)."""


class Asking:
    """`workers`: how many may ask at once."""

    def __init__(self, kube: Kube, counting: Counting, *, workers: int) -> None:
        self._counting = counting
        self.pools, self.gate = Pools(kube), Gate(time.monotonic, crowd=max(workers // 2, 1))

    def ask(
        self,
        plan: ConnectionPlan,
        call: Call,
        *,
        operation: str,
        seconds: float = 0.0,
        once: bool = False,
        prepare: Callable[[], None] | None = None,
    ) -> Answer:
        """`seconds` at most (0: as the plan says). `once`: never sent a second time, whatever becomes of the connection. `prepare` is
        called before it, if the gate is open, and may raise what it likes. Raises VaultFault for all that is no answer."""
        ticket = self.gate.enter(plan)
        try:
            if prepare is not None:
                prepare()
            pool = self.pools.of(plan)
        except BaseException:  # no credentials, or the CA or the address will not do
            self.gate.left(ticket)
            raise
        began = time.monotonic()
        try:
            end = began + min(seconds or plan.timeout, ticket.seconds, _LONGEST)
            answer = call(pool.once if once else pool.client, end)
        except OutOfReach as problem:
            fault = fault_of(problem)
            self._judge(plan, ticket, problem, fault)
            self._told(operation, fault.reason, began)
            raise fault from None
        except BaseException:
            self.gate.left(ticket)
            raise
        self.gate.passed(ticket)
        self._told(operation, "ok" if answer.ok else str(answer.status), began)
        return answer

    def _judge(self, connection: ConnectionPlan, ticket: Ticket, problem: OutOfReach, fault: VaultFault) -> None:
        if problem.reason in _WHOLE_SERVER:
            self.gate.failed(ticket, fault)
        elif problem.reason != "timeout":
            self.gate.left(ticket)
            return
        elif not self.gate.silent(ticket, fault):
            return
        self.pools.doubt(connection)

    def _told(self, operation: str, outcome: str, began: float) -> None:
        self._counting.count("keywave_vault_requests_total", operation, outcome)
        self._counting.observe("keywave_vault_request_seconds", time.monotonic() - began, operation)
