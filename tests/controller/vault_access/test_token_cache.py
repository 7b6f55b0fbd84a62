"""Tokens by plan: one login at a time, kept, renewed, and a refused login is not tried by everybody."""

from __future__ import annotations

import threading
import time

import pytest

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.gate import Gate
from keywave.controller.vault_access.tokens import Held, Tokens
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

CONNECTION = ConnectionPlan("team/app", "team", "http://vault:8200")
PLAN = LoginPlan(CONNECTION, "team/app", "kubernetes", "kubernetes", "", "team")


class Vault:
    """A clock and what Vault would say."""

    def __init__(self, *, seconds: float = 60.0, renewable: bool = True, refuse: bool = False) -> None:
        self.moment, self.logins, self.renewals = 1000.0, 0, 0
        self.seconds, self.renewable, self.refuse = seconds, renewable, refuse
        self.tokens = Tokens(self.log_in, self.renew, now=lambda: self.moment, chance=lambda: 0.5)

    def log_in(self, plan: LoginPlan) -> Held:
        self.logins += 1
        time.sleep(0.02)
        if self.refuse:
            raise VaultFault("login", "no such role", status=400)
        end = self.moment + self.seconds
        return Held(Masked("t"), f"accessor-{self.logins}", self.moment, end, self.renewable)

    def renew(self, plan: LoginPlan, held: Held) -> Held:
        self.renewals += 1
        return held._replace(born=self.moment, expires=self.moment + self.seconds)


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


def test_a_dead_token_is_replaced_once() -> None:
    vault = Vault()
    first = vault.tokens.of(PLAN)
    second = vault.tokens.of(PLAN, not_this=first.accessor)
    third = vault.tokens.of(PLAN, not_this=first.accessor)

    assert (vault.logins, second.accessor == third.accessor) == (2, True)


def test_a_refused_login_is_told_to_everybody_and_tried_again_later() -> None:
    vault = Vault(refuse=True)
    for _ in range(100):
        with pytest.raises(VaultFault) as told:
            vault.tokens.of(PLAN)
        assert (told.value.reason, told.value.status) == ("login", 400)
    before = vault.logins
    vault.moment += 30
    vault.refuse = False
    vault.tokens.of(PLAN)

    assert (before, vault.logins) == (1, 2)


def test_a_token_with_leases_is_kept_alive_without_being_used_and_others_are_not() -> None:
    leased, idle = Vault(), Vault()
    for vault in (leased, idle):
        vault.tokens.of(PLAN)
    leased.tokens.leased(PLAN)
    for vault in (leased, idle):
        vault.moment += 45
        vault.tokens.keep_alive()

    assert (leased.renewals, idle.renewals, leased.tokens.unleased()) == (1, 0, [])


def test_no_text_shows_a_token() -> None:
    vault = Vault()
    held = vault.tokens.of(PLAN)._replace(token=Masked("hvs.secret"))

    assert "hvs.secret" not in repr(held)


def test_a_vault_that_is_away_is_asked_by_one_after_a_wait_that_grows() -> None:
    moment = [0.0]
    gate = Gate(lambda: moment[0])
    fault = VaultFault("unreachable", "no connection")
    passed = []
    for tick in range(200):
        moment[0] = tick / 10
        try:
            gate.enter(CONNECTION)
        except VaultFault:
            continue
        passed.append(moment[0])
        gate.failed(CONNECTION, fault)
    gate.passed(CONNECTION)
    gate.enter(CONNECTION)

    assert passed == [0.0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]
