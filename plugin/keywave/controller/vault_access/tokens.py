"""Tokens by login plan: one login at a time for each, kept while they live, renewed, bounded in number. No text shows one.

A token that has issued leases which still live is never revoked by us: they would die with it. It is kept alive as long as they
live, also when another one has taken its place. The same holds while a request is under way with it, which may issue one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from keywave.controller.login_plan import LoginPlan
from keywave.controller.timing import backoff
from keywave.controller.vault_access.held import NEAR_END, Held, Refused, Slot, Use
from keywave.controller.vault_access.slots import PATIENCE, Slots
from keywave.vault.values import VaultFault

_FRESH = 1 / 10
"""Of a token's life: a renewal within that is not repeated."""
_LONGEST_WAIT = 20.0
LIVELY = 60.0
"""Seconds for which a login that worked is proof that logging in works, and in which a new token could do no more than one just got."""
_RARELY = 3600.0
"""Seconds between two tokens that are tried against a lasting 403, at last."""
_YOUNG = 10.0
"""Seconds: when tokens of that age prove dead one after the other, new ones are no help."""
_RENEW_AGAIN = 5.0
_REFUSALS = frozenset({"forbidden", "refused", "absent", "login"})


class Tokens:
    """`log_in(plan)` and `renew(plan, held)` ask Vault; both raise VaultFault. `log_out(plan, held)` revokes, and raises nothing. `now` in
    seconds, never going back."""

    def __init__(
        self,
        log_in: Callable[[LoginPlan], Held],
        renew: Callable[[LoginPlan, Held], Held],
        log_out: Callable[[LoginPlan, Held], None],
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        most: int = 10_000,
        patience: float = PATIENCE,
    ) -> None:
        self._log_in, self._renew, self._log_out = log_in, renew, log_out
        self._now, self._chance = now, chance
        self._slots = Slots(self._log_out, now=now, most=most, patience=patience)
        self._lock = self._slots.lock

    def of(self, plan: LoginPlan, *, dead: Use | None = None) -> Use:
        """A living token, not the one that proved dead; it is not revoked until it is given to `release`. A login that was refused is not
        tried again for a while: everybody is told the same, but where the old token still lives. Raises VaultFault."""
        if dead is not None:
            dead.dead = True
        slot = self._slots.of(plan)
        use, now = self._pinned(slot), self._now()
        if use is not None:
            if not use.held.near_its_end(now) or slot.lock.locked():  # somebody looks after it
                return use
            self.release(use)
        with self._slots.alone(plan) as slot:
            if dead is not None and slot.use is dead:
                self._bury(plan, slot, dead)
            use, now = self._pinned(slot), self._now()
            if use is None:
                return self._entered(slot, self._new(plan, slot))
            try:
                if not use.held.near_its_end(now) or self._renewed(plan, use):
                    return use
                new = self._new(plan, slot)
            except VaultFault:
                return use  # it lives, whatever becomes of logins
            except BaseException:
                self.release(use)
                raise
            self.release(use)
            return self._entered(slot, new)

    def release(self, use: Use) -> None:
        with self._lock:
            use.pins -= 1

    def proved(self, plan: LoginPlan) -> Held:
        """The token, after a login that works: now, where the last one is older than a minute. Raises VaultFault."""
        with self._slots.alone(plan) as slot:
            use, now = slot.use, self._now()
            alive = use is not None and use.held.alive(now)
            if use is not None and alive and now - slot.login < LIVELY:
                return use.held
            new = self._new(plan, slot)
            gone: Held | None
            if use is not None and alive and use.held.policies == new.policies:
                held, gone = use.held, new  # it has shown what it was for
            else:
                before = self._replace(slot, Use(new))
                held, gone = new, before.held if before is not None else None
        if gone is not None:
            self._log_out(plan, gone)
        return held

    def other(self, plan: LoginPlan, use: Use) -> Use | None:
        """After a 403: a newer token, which may be allowed more (the role has changed) or may live where that one does not. None where it
        could not help. Who gets one that is on trial says by `keep` or `give_back` what became of it; all are given to `release`.

        A 403 may last: tokens are tried against it more and more rarely."""
        with self._slots.alone(plan) as slot:
            now = self._now()
            if slot.use is not None and slot.use is not use:
                return self._pinned(slot)
            if now - use.got < LIVELY or now < slot.compare:
                return None
            slot.wait = min(max(2 * slot.wait, LIVELY), _RARELY)
            slot.compare = now + slot.wait
            try:
                new = Use(self._new(plan, slot))
            except VaultFault:
                return None
            new.trial, new.pins = True, 1
            return new

    def keep(self, plan: LoginPlan, use: Use) -> None:
        """It does what the plan's token does not: it takes its place."""
        slot = self._slots.of(plan)
        use.trial, slot.wait, slot.compare = False, 0.0, float("-inf")
        gone = self._replace(slot, use)
        if gone is not None:
            self._log_out(plan, gone.held)

    def give_back(self, plan: LoginPlan, use: Use) -> None:
        """It does no more than that one: it is revoked."""
        self._log_out(plan, use.held)

    def leased(self, plan: LoginPlan, use: Use, until: float, *, renewed: bool = False) -> None:
        """That token has issued a lease that lives until then: it is kept alive. `renewed`: the lease may be of any token of the plan that
        has leases: whoever renews one need not have issued it. Raises VaultFault where the token has died meanwhile: so has the lease."""
        slot, now = self._slots.of(plan), self._now()
        with self._lock:
            for one in slot.all if renewed else [use]:
                if not renewed or one.leased > now:
                    one.leased = max(one.leased, until)
        if use.dead and not renewed:
            raise VaultFault("login", "the token was revoked while it issued credentials, which died with it")

    def renewed(self, accessor: str) -> Held | None:
        """The token of that accessor, renewed if it can be and was not just now; None where none is held. Raises VaultFault where
        Vault does not answer."""
        for plan, slot in self._slots.entries():
            for use in slot.all:
                if use.held.accessor == accessor:
                    with self._slots.alone(plan):
                        held, now = use.held, self._now()
                        if held.renewable and held.alive(now) and now - held.born > (held.expires - held.born) * _FRESH:
                            self._renew_now(plan, use)
                        return use.held
        return None

    def due(self) -> list[tuple[LoginPlan, Callable[[], bool]]]:
        """What is to be done now, each by a call that may ask Vault and says whether it answered: renew what has leases and nears its end,
        revoke what nobody wants any more. Forgets what is over."""
        work: list[tuple[LoginPlan, Callable[[], bool]]] = []
        for plan, slot in self._slots.entries():
            now = self._now()
            for use in slot.all:
                if use.leased > now and use.held.renewable and use.held.near_its_end(now) and use.held.alive(now):
                    work.append((plan, partial(self._kept_alive, plan, slot, use)))
            for use in slot.elders:
                if not (use.wanted(now) and use.held.alive(now)):
                    work.append((plan, partial(self._let_go, plan, slot, use)))
            with self._lock:
                if slot.use is not None and not slot.use.held.alive(now):
                    slot.use = None
            self._slots.forget_idle(plan, slot)
        return work

    def held(self) -> list[Held]:
        return [use.held for _, slot in self._slots.entries() for use in slot.all]

    def unleased(self) -> Iterator[tuple[LoginPlan, Held]]:
        """Those that may be revoked at the end."""
        now = self._now()
        for plan, slot in self._slots.entries():
            yield from ((plan, use.held) for use in slot.all if not use.wanted(now) and use.held.alive(now))

    def _kept_alive(self, plan: LoginPlan, slot: Slot, use: Use) -> bool:
        if not slot.lock.acquire(blocking=False):
            return True  # who holds it looks after it
        try:
            before = use.held
            return not (self._renewed(plan, use) and use.held is before)
        finally:
            slot.lock.release()

    def _let_go(self, plan: LoginPlan, slot: Slot, use: Use) -> bool:
        now = self._now()
        with self._lock:
            alive = use.held.alive(now)
            if use not in slot.elders or (use.wanted(now) and alive):
                return True
            slot.elders.remove(use)
        if alive:
            self._log_out(plan, use.held)
        return True

    def _pinned(self, slot: Slot) -> Use | None:
        """The plan's token, if it lives."""
        with self._lock:
            use = slot.use
            if use is None or use.dead or not use.held.alive(self._now()):
                return None
            use.pins += 1
            return use

    def _entered(self, slot: Slot, new: Held) -> Use:
        """In the plan's place from now on. The one before nears its end: it is not revoked."""
        use = Use(new)
        use.pins = 1
        self._replace(slot, use)
        return use

    def _replace(self, slot: Slot, new: Use | None) -> Use | None:
        """Puts it into the plan's place. Gives the one that was there, if it may be revoked."""
        now = self._now()
        with self._lock:
            before = slot.use
            if before is new:
                return None
            slot.use = new
            if before is None or before.dead or not before.held.alive(now):
                return None
            if before.wanted(now):
                slot.elders.append(before)
                return None
            return before

    def _bury(self, plan: LoginPlan, slot: Slot, dead: Use) -> None:
        """Its token is dead. When one after the other is, logins are refused for a while. With the slot's lock held."""
        now = self._now()
        slot.deaths = slot.deaths + 1 if now - dead.got < _YOUNG else 1
        self._replace(slot, None)
        if slot.deaths > 1:
            told = f"Vault does not know the tokens that the {plan.method} login at auth/{plan.mount} has just got"
            fault = VaultFault("login", told, status=403)
            slot.refused = Refused(fault, now + self._pause(fault, slot.deaths - 2), slot.deaths - 2)

    def _renewed(self, plan: LoginPlan, use: Use) -> bool:
        """Whether the token may be used on. Not where only a new login helps: its horizon has come, or Vault does not know it."""
        if use.held.renewable and self._now() < use.pause:
            return True
        try:
            return use.held.renewable and self._renew_now(plan, use)
        except VaultFault:
            use.pause = self._now() + _RENEW_AGAIN
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
            ends = (renewed.expires, renewed.ends) if renewed.expires else (held.expires, held.ends)
            use.held = held._replace(renewable=False, expires=ends[0], ends=ends[1], life=life)
            return False
        use.held = renewed._replace(life=life, policies=held.policies)
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
