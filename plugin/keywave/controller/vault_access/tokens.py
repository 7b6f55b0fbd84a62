"""Tokens by login plan: one login at a time for each, kept while they live, renewed, bounded in number. No text shows one.

A token that issued leases is never revoked by us: its leases would die with it. It ends by itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Token
from keywave.controller.timing import backoff
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

_NEAR_END = 1 / 3
"""Of a token's life: what is left when it is renewed, or when a new one is got."""
_LONGEST_WAIT = 20.0


class Held(NamedTuple):
    """`born` and `expires` in seconds since 1970; expires 0 = never. `namespace` is Vault's."""

    token: Masked
    accessor: str
    born: float
    expires: float
    renewable: bool

    @property
    def known(self) -> Token:
        return Token(self.accessor, self.expires, self.renewable)

    def near_its_end(self, now: float) -> bool:
        return bool(self.expires) and self.expires - now < (self.expires - self.born) * _NEAR_END


class _Refused(NamedTuple):
    fault: VaultFault
    until: float
    failures: int


class _Slot:
    """What there is of one plan. `lock` is held while somebody logs in."""

    __slots__ = ("held", "leased", "lock", "refused", "used")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: Held | None = None
        self.refused: _Refused | None = None
        self.leased = False
        self.used = 0.0


class Tokens:
    """`log_in(plan)` and `renew(plan, held)` ask Vault; both raise VaultFault."""

    def __init__(
        self,
        log_in: Callable[[LoginPlan], Held],
        renew: Callable[[LoginPlan, Held], Held],
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        most: int = 10_000,
    ) -> None:
        self._log_in, self._renew, self._now, self._chance, self._most = log_in, renew, now, chance, most
        self._slots: OrderedDict[LoginPlan, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, plan: LoginPlan, *, not_this: str = "", since: float = 0.0) -> Held:
        """A living token. `not_this`: the accessor of one that proved dead; `since`: it must be born after that moment.

        A login that was refused is not tried again for a while: everybody is told the same. Raises VaultFault."""
        slot = self._slot(plan)
        held = slot.held
        if held is not None and self._good(held, not_this, since) and not held.near_its_end(self._now()):
            return held
        with slot.lock:
            held = slot.held
            if held is not None and self._good(held, not_this, since):
                if not held.near_its_end(self._now()):
                    return held
                renewed = self._renewed(plan, slot, held)
                if renewed is not None:
                    return renewed
            return self._new(plan, slot)

    def leased(self, plan: LoginPlan) -> None:
        """The plan's token has issued a lease: it is kept alive by `keep_alive`."""
        self._slot(plan).leased = True

    def keep_alive(self) -> None:
        """Renew what has leases and nears its end; called every few seconds by one thread."""
        now = self._now()
        for plan, slot in list(self._slots.items()):
            held = slot.held
            if held is None or not slot.leased or not held.renewable or not held.near_its_end(now):
                continue
            if slot.lock.acquire(blocking=False):
                try:
                    if slot.held is held:
                        self._renewed(plan, slot, held)
                finally:
                    slot.lock.release()

    def drop(self, plan: LoginPlan) -> None:
        slot = self._slots.get(plan)
        if slot is not None:
            slot.held = slot.refused = None

    def held(self) -> list[Held]:
        return [slot.held for slot in list(self._slots.values()) if slot.held is not None]

    def unleased(self) -> list[tuple[LoginPlan, Held]]:
        """Those that may be revoked at the end."""
        return [(plan, slot.held) for plan, slot in list(self._slots.items()) if slot.held and not slot.leased]

    def _good(self, held: Held, not_this: str, since: float) -> bool:
        alive = not held.expires or held.expires > self._now()
        return alive and held.accessor != not_this and held.born >= since

    def _renewed(self, plan: LoginPlan, slot: _Slot, held: Held) -> Held | None:
        """None where only a new login helps: the token's horizon has come, or Vault does not know it."""
        if not held.renewable:
            return None
        try:
            renewed = self._renew(plan, held)
        except VaultFault as fault:
            if fault.reason in ("forbidden", "refused", "absent", "login"):
                return None
            return held  # Vault is away; the token lives
        slot.held = renewed
        return None if renewed.near_its_end(self._now()) else renewed

    def _new(self, plan: LoginPlan, slot: _Slot) -> Held:
        now = self._now()
        refused = slot.refused
        if refused is not None and now < refused.until:
            fault = refused.fault
            raise VaultFault(fault.reason, fault.summary, status=fault.status, retry_after=refused.until - now)
        try:
            held = self._log_in(plan)
        except VaultFault as fault:
            failures = refused.failures + 1 if refused else 0
            wait = backoff(failures, self._chance(), first=1.0, ceiling=_LONGEST_WAIT)
            slot.refused = _Refused(fault, self._now() + wait, failures)
            raise
        slot.held, slot.refused, slot.leased = held, None, False
        return held

    def _slot(self, plan: LoginPlan) -> _Slot:
        with self._lock:
            slot = self._slots.get(plan)
            if slot is None:
                slot = self._slots[plan] = _Slot()
                while len(self._slots) > self._most:
                    self._slots.popitem(last=False)
            else:
                self._slots.move_to_end(plan)
            slot.used = self._now()
            return slot
