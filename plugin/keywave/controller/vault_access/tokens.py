"""Tokens by login plan: one login at a time for each, kept while they live, renewed, bounded in number. No text shows one.

A token that has issued leases which still live is never revoked by us: they would die with it. It is kept alive as long as they
live, also when another one has taken its place.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.timing import backoff
from keywave.controller.vault_access.held import NEAR_END, Held, Refused, Slot, Use
from keywave.vault.values import VaultFault

_FRESH = 1 / 10
"""Of a token's life: a renewal within that is not repeated."""
_LONGEST_WAIT = 20.0
LIVELY = 60.0
"""Seconds for which a login that worked is proof that logging in works, and that a new token could do no more than the old one."""
_IDLE = 3600.0
_REFUSALS = frozenset({"forbidden", "refused", "absent", "login"})


class Tokens:
    """`log_in(plan)` and `renew(plan, held)` ask Vault; both raise VaultFault. `log_out(plan, held)` revokes, and raises nothing."""

    def __init__(
        self,
        log_in: Callable[[LoginPlan], Held],
        renew: Callable[[LoginPlan, Held], Held],
        log_out: Callable[[LoginPlan, Held], None],
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        most: int = 10_000,
    ) -> None:
        self._log_in, self._renew, self._log_out = log_in, renew, log_out
        self._now, self._chance, self._most = now, chance, most
        self._slots: OrderedDict[LoginPlan, Slot] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, plan: LoginPlan, *, dead: Held | None = None) -> Held:
        """A living token, not the one that proved dead. A login that was refused is not tried again for a while: everybody is told the
        same. Raises VaultFault."""
        slot, now = self._slot(plan), self._now()
        use = slot.use
        if use is not None and self._good(use, dead, now) and not use.held.near_its_end(now):
            return use.held
        with slot.lock:
            use, now = slot.use, self._now()
            if use is not None and self._good(use, dead, now):
                if not use.held.near_its_end(now):
                    return use.held
                if self._renewed(plan, use):
                    return use.held
                if use.leased > now:
                    slot.elders.append(use)
            slot.use = Use(self._new(plan, slot))
            return slot.use.held

    def proved(self, plan: LoginPlan) -> Held:
        """The token, after a login that works: now, where the last one is older than a minute. Raises VaultFault."""
        slot = self._slot(plan)
        with slot.lock:
            use, now = slot.use, self._now()
            alive = use is not None and use.held.alive(now)
            if use is not None and alive and now - slot.login < LIVELY:
                return use.held
            new = self._new(plan, slot)
            if use is None or not alive:
                use = slot.use = Use(new)
        if use.held is not new:
            self._log_out(plan, new)  # it has shown what it was for
        return use.held

    def other(self, plan: LoginPlan, held: Held) -> Held | None:
        """After a 403: a newer token, which may be allowed more (the role has changed) or may live where that one does not. None where it
        could not help. Whoever gets it says by `keep` or `give_back` what became of it."""
        slot = self._slot(plan)
        with slot.lock:
            use, now = slot.use, self._now()
            if use is not None and use.held.token is not held.token:
                return use.held if use.held.alive(now) else None
            if now - max(slot.login, slot.compared) < LIVELY:
                return None
            slot.compared = now
            try:
                return self._new(plan, slot)
            except VaultFault:
                return None

    def keep(self, plan: LoginPlan, new: Held) -> None:
        """It does what the plan's token does not: it takes its place."""
        slot = self._slot(plan)
        with slot.lock:
            before = slot.use
            if before is not None and before.held.token is new.token:
                return
            slot.use = Use(new)
            if before is not None and before.leased > self._now():
                slot.elders.append(before)
                return
        if before is not None:
            self._log_out(plan, before.held)

    def give_back(self, plan: LoginPlan, new: Held) -> None:
        use = self._slot(plan).use
        if use is None or use.held.token is not new.token:
            self._log_out(plan, new)

    def leased(self, plan: LoginPlan, held: Held, until: float, *, renewed: bool = False) -> None:
        """That token has issued a lease that lives until then: it is kept alive by `keep_alive`. `renewed`: the lease may be of any token
        of the plan that has leases: whoever renews one need not have issued it."""
        now = self._now()
        for use in self._slot(plan).all:
            if use.leased > now if renewed else use.held.token is held.token:
                use.leased = max(use.leased, until)

    def renewed(self, accessor: str) -> Held | None:
        """The token of that accessor, renewed if it can be and was not just now; None where none is held. Raises VaultFault where
        Vault does not answer."""
        for plan, slot in self._entries():
            for use in slot.all:
                if use.held.accessor == accessor:
                    with slot.lock:
                        held, now = use.held, self._now()
                        if held.renewable and held.alive(now) and now - held.born > (held.expires - held.born) * _FRESH:
                            self._renew_now(plan, use)
                        return use.held
        return None

    def keep_alive(self) -> None:
        """Renew what has leases and nears its end, forget what is over; called every few seconds by one thread."""
        away: set[ConnectionPlan] = set()
        for plan, slot in self._entries():
            now = self._now()
            for use in slot.all:
                due = use.leased > now and use.held.renewable and use.held.near_its_end(now) and use.held.alive(now)
                if due and plan.connection not in away and slot.lock.acquire(blocking=False):
                    try:
                        before = use.held
                        if self._renewed(plan, use) and use.held is before:
                            away.add(plan.connection)  # no answer: the tokens of other Vaults cannot wait for it
                    finally:
                        slot.lock.release()
            self._tidy(plan, slot, now)

    def held(self) -> list[Held]:
        return [use.held for _, slot in self._entries() for use in slot.all]

    def unleased(self) -> Iterator[tuple[LoginPlan, Held]]:
        """Those that may be revoked at the end."""
        now = self._now()
        for plan, slot in self._entries():
            yield from ((plan, use.held) for use in slot.all if use.leased <= now and use.held.alive(now))

    def _tidy(self, plan: LoginPlan, slot: Slot, now: float) -> None:
        over = [use for use in slot.elders if use.leased <= now or not use.held.alive(now)]
        for use in over:
            slot.elders.remove(use)
            if use.held.alive(now):
                self._log_out(plan, use.held)
        use_ = slot.use
        if use_ is not None and not use_.held.alive(now):
            slot.use = None
        with self._lock:
            if slot.use is None and not slot.elders and now - slot.used > _IDLE and not slot.lock.locked():
                self._slots.pop(plan, None)

    def _good(self, use: Use, dead: Held | None, now: float) -> bool:
        return use.held.alive(now) and (dead is None or use.held.token is not dead.token)

    def _renewed(self, plan: LoginPlan, use: Use) -> bool:
        """Whether the token may be used on. Not where only a new login helps: its horizon has come, or Vault does not know it."""
        try:
            return use.held.renewable and self._renew_now(plan, use)
        except VaultFault:
            return True  # Vault is away; the token lives

    def _renew_now(self, plan: LoginPlan, use: Use) -> bool:
        """Whether it is renewed. Raises VaultFault where Vault does not answer. With the slot's lock held."""
        held = use.held
        try:
            renewed = self._renew(plan, held)
        except VaultFault as fault:
            if fault.reason not in _REFUSALS:
                raise
            use.held = held._replace(renewable=False)
            return False
        life = held.life or held.expires - held.born
        if not renewed.expires or renewed.expires - self._now() < life * NEAR_END + 1:
            # Truncated: it ends at its horizon, and asking again would not change that.
            use.held = held._replace(renewable=False, expires=renewed.expires or held.expires, life=life)
            return False
        use.held = renewed._replace(life=life)
        return True

    def _new(self, plan: LoginPlan, slot: Slot) -> Held:
        """A login. With the slot's lock held."""
        now = self._now()
        refused = slot.refused
        if refused is not None and now < refused.until:
            fault = refused.fault
            raise VaultFault(fault.reason, fault.summary, status=fault.status, retry_after=refused.until - now)
        try:
            held = self._log_in(plan)
        except VaultFault as fault:
            failures = refused.failures + 1 if refused else 0
            slot.refused = Refused(fault, self._now() + self._pause(fault, failures), failures)
            raise
        slot.refused, slot.login = None, self._now()
        return held

    def _pause(self, fault: VaultFault, failures: int) -> float:
        """Until the login is tried again. What is not Vault's refusal mends itself elsewhere: nobody should wait long then."""
        if fault.reason == "login" and fault.status:
            return backoff(failures, self._chance(), first=1.0, ceiling=_LONGEST_WAIT)
        return max(1.0, min(fault.retry_after, 60.0))

    def _slot(self, plan: LoginPlan) -> Slot:
        evicted = None
        with self._lock:
            slot = self._slots.get(plan)
            if slot is None:
                slot = self._slots[plan] = Slot()
                if len(self._slots) > self._most:
                    evicted = self._evict()
            else:
                self._slots.move_to_end(plan)
            slot.used = self._now()
        if evicted is not None and evicted[1].use is not None:
            self._log_out(evicted[0], evicted[1].use.held)
        return slot

    def _evict(self) -> tuple[LoginPlan, Slot] | None:
        """The one that was not used for longest, but none with leases: better a few too many."""
        now = self._now()
        for plan, slot in islice(self._slots.items(), 64):
            if not slot.lock.locked() and all(use.leased <= now for use in slot.all):
                del self._slots[plan]
                return plan, slot
        return None

    def _entries(self) -> list[tuple[LoginPlan, Slot]]:
        with self._lock:
            return list(self._slots.items())
