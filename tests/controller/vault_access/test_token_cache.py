"""Tokens by plan: one login at a time, kept, renewed, and a refused login is not tried by everybody."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.held import Held, Use
from keywave.controller.vault_access.keeping import Keeper
from keywave.controller.vault_access.tokens import Tokens
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

CONNECTION = ConnectionPlan("team/app", "team", "http://vault:8200")
PLAN = LoginPlan(CONNECTION, "team/app", "kubernetes", "kubernetes", "", "team")


class Vault:
    """A clock and what Vault would say. `horizon`: the moment at which no token lives any more; `accessors` False: batch tokens."""

    def __init__(
        self, *, seconds: float = 60.0, renewable: bool = True, accessors: bool = True, most: int = 100
    ) -> None:
        self.moment, self.logins, self.renewals, self.revoked = 1000.0, 0, 0, list[str]()
        self.seconds, self.renewable, self.accessors, self.horizon = seconds, renewable, accessors, float("inf")
        self.fault: VaultFault | None = None
        self.policies = frozenset({"default"})
        self.tokens = Tokens(
            self.log_in, self.renew, self.log_out, now=lambda: self.moment, chance=lambda: 0.5, most=most
        )
        self.bugs = list[int]()
        self.keeper = Keeper(self.tokens, now=lambda: self.moment, bug=lambda: self.bugs.append(1))

    def log_in(self, plan: LoginPlan) -> Held:
        time.sleep(0.005)
        self.logins += 1
        if self.fault:
            raise self.fault
        name = f"accessor-{self.logins}" if self.accessors else ""
        ends = self.moment + self.seconds
        return Held(Masked(f"token-{self.logins}"), name, self.moment, ends, self.renewable, policies=self.policies)

    def renew(self, plan: LoginPlan, held: Held) -> Held:
        self.renewals += 1
        if self.fault:
            raise self.fault
        return held._replace(born=self.moment, expires=min(self.moment + self.seconds, self.horizon))

    def log_out(self, plan: LoginPlan, held: Held) -> None:
        self.revoked.append(held.accessor)

    def use(self, plan: LoginPlan = PLAN, dead: Use | None = None) -> Use:
        """A token that is used for a moment."""
        use = self.tokens.of(plan, dead=dead)
        self.tokens.release(use)
        return use

    def token(self) -> str:
        return self.use().held.token.reveal()


def test_fifty_threads_make_one_login() -> None:
    vault = Vault()
    threads = [threading.Thread(target=lambda: vault.use()) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert vault.logins == 1


def test_a_token_near_its_end_is_renewed_and_one_that_cannot_be_is_replaced() -> None:
    renewed, replaced = Vault(), Vault(renewable=False)
    for vault in (renewed, replaced):
        vault.use()
        vault.moment += 45
        vault.use()

    assert [(v.logins, v.renewals) for v in (renewed, replaced)] == [(1, 1), (2, 0)]


def test_a_token_is_renewed_until_its_horizon_comes_and_then_replaced_at_once() -> None:
    vault = Vault(seconds=60)
    vault.horizon = 1000 + 200
    seen = {}
    for second in range(215):
        vault.moment = 1000.0 + second
        seen.setdefault(vault.token(), second)

    # 41, 82, 123: sixty seconds each; at 164 the horizon leaves 36 of 60, at 181 less than a third.
    assert (seen, vault.renewals) == ({"token-1": 0, "token-2": 181}, 5)


def test_a_token_that_vault_does_not_renew_is_replaced_and_one_whose_vault_is_away_is_used_on() -> None:
    told = {}
    for reason in ("login", "unreachable", "sealed"):
        vault = Vault()
        vault.token()
        vault.moment += 45
        vault.fault = VaultFault(reason, "no", status=403)
        try:
            told[reason] = vault.token()
        except VaultFault as fault:
            told[reason] = fault.summary

    assert told == dict.fromkeys(["login", "unreachable", "sealed"], "token-1"), "while it lives"


def test_a_refused_login_does_not_hide_a_token_that_lives_and_leaves_no_heap_of_them() -> None:
    vault = Vault(renewable=False)
    vault.tokens.leased(PLAN, vault.use(), vault.moment + 500)
    vault.moment += 45
    vault.fault = VaultFault("login", "the role is gone", status=400)
    tokens = set()
    for _ in range(100):
        tokens.add(vault.token())
        vault.moment += 0.1
    held = len(vault.tokens.held())
    vault.moment += 10
    with pytest.raises(VaultFault, match="the role is gone"):
        vault.token()

    assert (tokens, held) == ({"token-1"}, 1)
    assert vault.logins < 10, "a refused login is not tried by each read"


def test_a_dead_token_is_replaced_once() -> None:
    vault = Vault()
    first = vault.use()
    second = vault.use(PLAN, dead=first)
    third = vault.use(PLAN, dead=first)

    assert (vault.logins, second is third) == (2, True)


def test_a_batch_token_which_has_no_accessor_is_kept_like_any_other() -> None:
    vault = Vault(accessors=False)
    first = vault.use()

    assert [vault.use() is first for _ in range(3)] == [True] * 3
    assert vault.use(PLAN, dead=first) is not first
    assert vault.logins == 2


def test_a_refused_login_is_told_to_everybody_and_tried_again_later() -> None:
    vault = Vault()
    vault.fault = VaultFault("login", "no such role", status=400)
    for _ in range(100):
        with pytest.raises(VaultFault) as told:
            vault.use()
        assert (told.value.reason, told.value.status) == ("login", 400)
    before = vault.logins
    vault.moment += 30
    vault.fault = None
    vault.use()

    assert (before, vault.logins) == (1, 2)


def test_a_login_that_failed_for_a_reason_outside_vault_is_tried_again_after_a_second_however_often() -> None:
    for fault in (VaultFault("login", "no ServiceAccount"), VaultFault("sealed", "sealed")):
        vault = Vault()
        vault.fault = fault
        for _ in range(10):
            with pytest.raises(VaultFault):
                vault.use()
            vault.moment += 1.01

        assert vault.logins == 10


def test_a_proof_leaves_the_token_and_its_leases_alone() -> None:
    vault = Vault(seconds=3600)
    held = vault.use()
    vault.tokens.leased(PLAN, held, vault.moment + 3600)
    proofs = []
    for _ in range(3):
        proofs.append(vault.tokens.proved(PLAN) is held.held)
        vault.moment += 61

    assert (proofs, vault.logins, vault.revoked) == ([True] * 3, 3, ["accessor-2", "accessor-3"])
    assert vault.use() is held


def test_a_proof_that_fails_is_told_while_the_token_is_used_on() -> None:
    vault = Vault(seconds=3600)
    held = vault.use()
    vault.moment += 61
    vault.fault = VaultFault("login", "the role is gone", status=400)
    with pytest.raises(VaultFault, match="the role is gone"):
        vault.tokens.proved(PLAN)

    assert vault.use() is held


def test_a_proof_that_brings_other_policies_takes_the_place_of_the_token() -> None:
    vault = Vault(seconds=3600)
    old = vault.use()
    vault.tokens.leased(PLAN, old, vault.moment + 600)
    vault.moment += 61
    vault.policies = frozenset({"default", "more"})
    new = vault.tokens.proved(PLAN)

    assert (vault.use().held, [held.accessor for held in vault.tokens.held()]) == (new, ["accessor-2", "accessor-1"])
    assert vault.revoked == [], "leases hang on the old one"


def test_a_lasting_403_costs_a_login_more_and_more_rarely() -> None:
    vault = Vault(seconds=1e6)
    held, logins = vault.use(), []
    for _ in range(10 * 60):
        vault.moment += 60
        other = vault.tokens.other(PLAN, held)
        if other is not None:
            vault.tokens.release(other)
            vault.tokens.give_back(PLAN, other)
            logins.append(vault.moment)
    waits = [round(after - before) for before, after in pairwise(logins)]

    assert waits == [60, 120, 240, 480, 960, 1920] + [3600] * 8


def test_a_token_is_not_revoked_under_a_request_that_may_make_a_lease() -> None:
    vault = Vault(seconds=3600)
    old = vault.tokens.of(PLAN)  # a request is under way with it
    vault.moment += 61
    new = vault.tokens.other(PLAN, old)
    assert new
    vault.tokens.keep(PLAN, new)
    vault.tokens.release(new)
    vault.keeper.keep_alive()
    under_way = list(vault.revoked)
    vault.tokens.leased(PLAN, old, vault.moment + 100)
    vault.tokens.release(old)
    vault.keeper.keep_alive()
    leased = list(vault.revoked)
    vault.moment += 101
    vault.keeper.keep_alive()

    assert (under_way, leased, vault.revoked) == ([], [], ["accessor-1"])


def test_a_token_is_not_evicted_under_a_request() -> None:
    vault = Vault(most=1)
    old = vault.tokens.of(PLAN)
    for number in range(3):
        vault.use(PLAN._replace(mount=f"mount-{number}"))

    assert (old.held.accessor in vault.revoked, vault.revoked) == (False, ["accessor-2", "accessor-3"])


def test_credentials_of_a_token_that_died_meanwhile_are_told_as_lost() -> None:
    vault = Vault()
    old = vault.tokens.of(PLAN)
    vault.use(PLAN, dead=old)  # another request has found it dead
    with pytest.raises(VaultFault, match="died with it"):
        vault.tokens.leased(PLAN, old, vault.moment + 100)


def test_tokens_that_are_dead_at_once_are_got_a_few_times_and_then_not_for_a_while() -> None:
    vault = Vault()
    told = set()
    for _ in range(100):
        try:
            vault.use(PLAN, dead=vault.use())
        except VaultFault as fault:
            told.add((fault.reason, fault.status))
    storm = vault.logins
    vault.moment += 21
    vault.use()

    assert (storm, told, vault.logins) == (2, {("login", 403)}, 3)


def test_a_login_that_hangs_holds_who_waits_for_it_a_short_time_only() -> None:
    vault = Vault()
    vault.tokens._slots._patience = 0.05
    slow = threading.Event()
    vault.tokens._log_in = lambda plan: slow.wait(10) and Vault.log_in(vault, plan)
    first = threading.Thread(target=vault.use)
    first.start()
    while not vault.tokens._slots.of(PLAN).lock.locked():
        time.sleep(0.001)
    with pytest.raises(VaultFault) as told:
        vault.use()
    slow.set()
    first.join()

    assert (told.value.reason, told.value.retry_after, vault.token()) == ("unreachable", 1.0, "token-1")


def test_who_wants_a_token_near_its_end_does_not_wait_for_its_renewal() -> None:
    vault = Vault()
    vault.use()
    vault.moment += 45
    slow, asked = threading.Event(), threading.Event()

    def renew(plan: LoginPlan, held: Held) -> Held:
        asked.set()
        slow.wait(10)
        return Vault.renew(vault, plan, held)

    vault.tokens._renew = renew
    first = threading.Thread(target=vault.use)
    first.start()
    asked.wait(10)
    tokens = [vault.token() for _ in range(20)]
    slow.set()
    first.join()

    assert (tokens, vault.renewals) == (["token-1"] * 20, 1)


def test_after_a_403_a_newer_token_is_tried_once_a_minute_and_kept_where_it_helps() -> None:
    vault = Vault(seconds=3600)
    held = vault.use()
    young = vault.tokens.other(PLAN, held)
    vault.moment += 61
    first = vault.tokens.other(PLAN, held)
    assert first
    vault.tokens.give_back(PLAN, first)
    soon = vault.tokens.other(PLAN, held)
    vault.moment += 61
    second = vault.tokens.other(PLAN, held)
    assert second
    vault.tokens.keep(PLAN, second)

    assert (young, soon, vault.logins, vault.revoked) == (None, None, 3, ["accessor-2", "accessor-1"])
    assert vault.use() is vault.tokens.other(PLAN, held) is second


def test_a_token_with_leases_is_kept_alive_until_they_end_and_others_are_not() -> None:
    leased, idle = Vault(), Vault()
    for vault in (leased, idle):
        vault.use()
    leased.tokens.leased(PLAN, leased.use(), leased.moment + 100)
    left = []
    for vault in (leased, idle):
        for _ in range(4):
            vault.moment += 45
            vault.keeper.keep_alive()
            left.append(len(list(vault.tokens.unleased())))

    assert (leased.renewals, idle.renewals) == (2, 0)
    assert left == [0, 0, 1, 0, 1, 0, 0, 0], "it may be revoked when the lease is over, until it has ended itself"


def test_a_replaced_token_lives_on_for_its_leases_and_is_revoked_after_them() -> None:
    vault = Vault(seconds=60)
    old = vault.use()
    vault.tokens.leased(PLAN, old, vault.moment + 200)
    vault.moment += 30
    new = Use(vault.log_in(PLAN))
    vault.tokens.keep(PLAN, new)
    seen = []
    for _ in range(8):
        for _ in range(3):
            vault.moment += 10
            vault.keeper.keep_alive()
        seen.append("accessor-1" in [held.accessor for held in vault.tokens.held()])

    assert (seen, vault.revoked) == ([True] * 5 + [False] * 3, ["accessor-1"])


def test_a_lease_that_a_newer_token_renews_keeps_the_token_alive_that_issued_it() -> None:
    vault = Vault(seconds=600)
    old = vault.use()
    vault.tokens.leased(PLAN, old, vault.moment + 60)
    new = Use(vault.log_in(PLAN))
    vault.tokens.keep(PLAN, new)
    for _ in range(5):
        vault.moment += 40
        vault.tokens.leased(PLAN, new, vault.moment + 60, renewed=True)
        vault.keeper.keep_alive()
    living = [held.accessor for held in vault.tokens.held()]
    vault.moment += 61
    vault.keeper.keep_alive()

    assert (living, vault.revoked) == (["accessor-2", "accessor-1"], ["accessor-1"])


def test_a_token_is_renewed_by_its_accessor_when_somebody_asks_for_its_end() -> None:
    vault = Vault(seconds=600)
    vault.use()
    ends = []
    for _ in range(3):
        vault.moment += 300
        held = vault.tokens.renewed("accessor-1")
        ends.append((held.expires if held else None) == vault.moment + 600)
        vault.tokens.renewed("accessor-1")
    vault.moment += 300
    vault.fault = VaultFault("unreachable", "away")
    with pytest.raises(VaultFault, match="away"):
        vault.tokens.renewed("accessor-1")

    assert (ends, vault.renewals, vault.tokens.renewed("another")) == ([True] * 3, 4, None)


def test_tokens_are_bounded_and_the_one_not_used_for_longest_is_revoked_but_never_one_with_leases() -> None:
    vault = Vault(most=3)
    plans = [PLAN._replace(mount=f"mount-{n}") for n in range(5)]
    vault.tokens.leased(plans[0], vault.use(plans[0]), vault.moment + 3600)
    for plan in plans[1:]:
        vault.use(plan)
        vault.use(plans[2] if plan in plans[3:] else plan)

    assert [held.accessor for held in vault.tokens.held()] == ["accessor-1", "accessor-5", "accessor-3"]
    assert vault.revoked == ["accessor-2", "accessor-4"]


def test_no_text_shows_a_token() -> None:
    vault = Vault()
    held = vault.use().held._replace(token=Masked("hvs.secret"))

    assert "hvs.secret" not in repr(held)
