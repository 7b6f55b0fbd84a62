"""Tokens by plan: one login at a time, kept, renewed, and a refused login is not tried by everybody."""

from __future__ import annotations

import threading
import time

import pytest

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.held import Held
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
        self.tokens = Tokens(
            self.log_in, self.renew, self.log_out, now=lambda: self.moment, chance=lambda: 0.5, most=most
        )

    def log_in(self, plan: LoginPlan) -> Held:
        time.sleep(0.005)
        self.logins += 1
        if self.fault:
            raise self.fault
        name = f"accessor-{self.logins}" if self.accessors else ""
        return Held(Masked(f"token-{self.logins}"), name, self.moment, self.moment + self.seconds, self.renewable)

    def renew(self, plan: LoginPlan, held: Held) -> Held:
        self.renewals += 1
        if self.fault:
            raise self.fault
        return held._replace(born=self.moment, expires=min(self.moment + self.seconds, self.horizon))

    def log_out(self, plan: LoginPlan, held: Held) -> None:
        self.revoked.append(held.accessor)

    def token(self) -> str:
        return self.tokens.of(PLAN).token.reveal()


def test_fifty_threads_make_one_login() -> None:
    vault = Vault()
    threads = [threading.Thread(target=lambda: vault.tokens.of(PLAN)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert vault.logins == 1


def test_a_token_near_its_end_is_renewed_and_one_that_cannot_be_is_replaced() -> None:
    renewed, replaced = Vault(), Vault(renewable=False)
    for vault in (renewed, replaced):
        vault.tokens.of(PLAN)
        vault.moment += 45
        vault.tokens.of(PLAN)

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

    assert told == {"login": "no", "unreachable": "token-1", "sealed": "token-1"}


def test_a_dead_token_is_replaced_once() -> None:
    vault = Vault()
    first = vault.tokens.of(PLAN)
    second = vault.tokens.of(PLAN, dead=first)
    third = vault.tokens.of(PLAN, dead=first)

    assert (vault.logins, second is third) == (2, True)


def test_a_batch_token_which_has_no_accessor_is_kept_like_any_other() -> None:
    vault = Vault(accessors=False)
    first = vault.tokens.of(PLAN)

    assert [vault.tokens.of(PLAN) is first for _ in range(3)] == [True] * 3
    assert vault.tokens.of(PLAN, dead=first) is not first
    assert vault.logins == 2


def test_a_refused_login_is_told_to_everybody_and_tried_again_later() -> None:
    vault = Vault()
    vault.fault = VaultFault("login", "no such role", status=400)
    for _ in range(100):
        with pytest.raises(VaultFault) as told:
            vault.tokens.of(PLAN)
        assert (told.value.reason, told.value.status) == ("login", 400)
    before = vault.logins
    vault.moment += 30
    vault.fault = None
    vault.tokens.of(PLAN)

    assert (before, vault.logins) == (1, 2)


def test_a_login_that_failed_for_a_reason_outside_vault_is_tried_again_after_a_second_however_often() -> None:
    for fault in (VaultFault("login", "no ServiceAccount"), VaultFault("sealed", "sealed")):
        vault = Vault()
        vault.fault = fault
        for _ in range(10):
            with pytest.raises(VaultFault):
                vault.tokens.of(PLAN)
            vault.moment += 1.01

        assert vault.logins == 10


def test_a_proof_leaves_the_token_and_its_leases_alone() -> None:
    vault = Vault(seconds=3600)
    held = vault.tokens.of(PLAN)
    vault.tokens.leased(PLAN, held, vault.moment + 3600)
    proofs = []
    for _ in range(3):
        proofs.append(vault.tokens.proved(PLAN) is held)
        vault.moment += 61

    assert (proofs, vault.logins, vault.revoked) == ([True] * 3, 3, ["accessor-2", "accessor-3"])
    assert vault.tokens.of(PLAN) is held


def test_a_proof_that_fails_is_told_while_the_token_is_used_on() -> None:
    vault = Vault(seconds=3600)
    held = vault.tokens.of(PLAN)
    vault.moment += 61
    vault.fault = VaultFault("login", "the role is gone", status=400)
    with pytest.raises(VaultFault, match="the role is gone"):
        vault.tokens.proved(PLAN)

    assert vault.tokens.of(PLAN) is held


def test_after_a_403_a_newer_token_is_tried_once_a_minute_and_kept_where_it_helps() -> None:
    vault = Vault(seconds=3600)
    held = vault.tokens.of(PLAN)
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
    assert vault.tokens.of(PLAN) is vault.tokens.other(PLAN, held) is second


def test_a_token_with_leases_is_kept_alive_until_they_end_and_others_are_not() -> None:
    leased, idle = Vault(), Vault()
    for vault in (leased, idle):
        vault.tokens.of(PLAN)
    leased.tokens.leased(PLAN, leased.tokens.of(PLAN), leased.moment + 100)
    left = []
    for vault in (leased, idle):
        for _ in range(4):
            vault.moment += 45
            vault.tokens.keep_alive()
            left.append(len(list(vault.tokens.unleased())))

    assert (leased.renewals, idle.renewals) == (2, 0)
    assert left == [0, 0, 1, 0, 1, 0, 0, 0], "it may be revoked when the lease is over, until it has ended itself"


def test_a_replaced_token_lives_on_for_its_leases_and_is_revoked_after_them() -> None:
    vault = Vault(seconds=60)
    old = vault.tokens.of(PLAN)
    vault.tokens.leased(PLAN, old, vault.moment + 200)
    vault.moment += 30
    new = vault.log_in(PLAN)
    vault.tokens.keep(PLAN, new)
    seen = []
    for _ in range(8):
        for _ in range(3):
            vault.moment += 10
            vault.tokens.keep_alive()
        seen.append("accessor-1" in [held.accessor for held in vault.tokens.held()])

    assert (seen, vault.revoked) == ([True] * 5 + [False] * 3, ["accessor-1"])


def test_a_lease_that_a_newer_token_renews_keeps_the_token_alive_that_issued_it() -> None:
    vault = Vault(seconds=600)
    old = vault.tokens.of(PLAN)
    vault.tokens.leased(PLAN, old, vault.moment + 60)
    new = vault.log_in(PLAN)
    vault.tokens.keep(PLAN, new)
    for _ in range(5):
        vault.moment += 40
        vault.tokens.leased(PLAN, new, vault.moment + 60, renewed=True)
        vault.tokens.keep_alive()
    living = [held.accessor for held in vault.tokens.held()]
    vault.moment += 61
    vault.tokens.keep_alive()

    assert (living, vault.revoked) == (["accessor-2", "accessor-1"], ["accessor-1"])


def test_a_token_is_renewed_by_its_accessor_when_somebody_asks_for_its_end() -> None:
    vault = Vault(seconds=600)
    vault.tokens.of(PLAN)
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
    vault.tokens.leased(plans[0], vault.tokens.of(plans[0]), vault.moment + 3600)
    for plan in plans[1:]:
        vault.tokens.of(plan)
        vault.tokens.of(plans[2] if plan in plans[3:] else plan)

    assert [held.accessor for held in vault.tokens.held()] == ["accessor-1", "accessor-5", "accessor-3"]
    assert vault.revoked == ["accessor-2", "accessor-4"]


def test_a_vault_that_does_not_answer_holds_up_nobody_else_s_renewals() -> None:
    vault = Vault()
    away = CONNECTION._replace(address="http://away:8200")
    plans = [PLAN._replace(connection=away, mount=f"mount-{n}") for n in range(20)] + [PLAN]
    for plan in plans:
        vault.tokens.leased(plan, vault.tokens.of(plan), vault.moment + 3600)
    asked: list[str] = []

    def renew(plan: LoginPlan, held: Held) -> Held:
        asked.append(plan.connection.address)
        if plan.connection == away:
            raise VaultFault("unreachable", "no answer")
        return Vault.renew(vault, plan, held)

    vault.tokens._renew = renew
    vault.moment += 45
    vault.tokens.keep_alive()

    assert asked == ["http://away:8200", "http://vault:8200"]


def test_no_text_shows_a_token() -> None:
    vault = Vault()
    held = vault.tokens.of(PLAN)._replace(token=Masked("hvs.secret"))

    assert "hvs.secret" not in repr(held)
