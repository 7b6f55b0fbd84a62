"""The login plans that are known, bounded in number: whose tokens were not used for longest are revoked, but none that is wanted."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from keywave.controller.login_plan import LoginPlan
from keywave.controller.vault_access.held import Held, Slot
from keywave.vault.values import VaultFault

PATIENCE = 5.0
"""Seconds that a thread waits for another one's login: a Vault that hangs must not hold them all."""
_IDLE = 3600.0


class Slots:
    """`lock` is before pins, leases, and which token has which place; it is never held while Vault is asked, a slot's own lock is."""

    def __init__(
        self, log_out: Callable[[LoginPlan, Held], None], *, now: Callable[[], float], most: int, patience: float
    ) -> None:
        self._log_out, self._now, self._most, self._patience = log_out, now, most, patience
        self._slots: OrderedDict[LoginPlan, Slot] = OrderedDict()
        self.lock = threading.Lock()

    def of(self, plan: LoginPlan) -> Slot:
        evicted = None
        with self.lock:
            slot = self._slots.get(plan)
            if slot is None:
                slot = self._slots[plan] = Slot()
                if len(self._slots) > self._most:
                    evicted = self._evict(slot)
            else:
                self._slots.move_to_end(plan)
            slot.used = self._now()
        if evicted is not None:
            for use in evicted[1].all:
                self._log_out(evicted[0], use.held)
        return slot

    @contextmanager
    def alone(self, plan: LoginPlan) -> Iterator[Slot]:
        """The plan's slot with its lock. Raises VaultFault where another thread's login takes too long."""
        while True:
            slot = self.of(plan)
            if not slot.lock.acquire(timeout=self._patience):
                told = f"another {plan.method} login at auth/{plan.mount} waits for Vault's answer"
                raise VaultFault("unreachable", told, retry_after=1.0)
            try:
                if self._slots.get(plan) is slot:  # it may have been evicted before it was locked
                    yield slot
                    return
            finally:
                slot.lock.release()

    def entries(self) -> list[tuple[LoginPlan, Slot]]:
        with self.lock:
            return list(self._slots.items())

    def forget_idle(self, plan: LoginPlan, slot: Slot) -> None:
        with self.lock:
            if not slot.all and self._now() - slot.used > _IDLE and not slot.lock.locked():
                self._slots.pop(plan, None)

    def _evict(self, new: Slot) -> tuple[LoginPlan, Slot] | None:
        """Better a few too many than one that is wanted, or that somebody is looking after."""
        now = self._now()
        for plan, slot in islice(self._slots.items(), 64):
            if slot is not new and not slot.lock.locked() and not any(use.wanted(now) for use in slot.all):
                del self._slots[plan]
                return plan, slot
        return None
