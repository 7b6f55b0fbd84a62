"""Tokens with leases are renewed in time, whatever the Vaults of others do."""

from __future__ import annotations

import threading
import time

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.held import Held
from keywave.controller.vault_access.keeping import Keeper
from keywave.controller.vault_access.tokens import Tokens
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault


def plan(namespace: str, address: str = "http://vault:8200", mount: str = "kubernetes") -> LoginPlan:
    connection = ConnectionPlan(f"{namespace}/vault", namespace, address)
    return LoginPlan(connection, f"{namespace}/{mount}", "kubernetes", mount, "", namespace)


class Vaults:
    """Tokens of a minute, each with a lease. `renewed`: who got an answer; `ill`: address -> what it does to a renewal."""

    def __init__(self, plans: list[LoginPlan]) -> None:
        self.moment, self.renewed, self.asked, self.bugs = 1000.0, list[str](), list[str](), list[int]()
        self.ill: dict[str, object] = {}
        self.tokens = Tokens(self._log_in, self._renew, self._log_out, now=lambda: self.moment, chance=lambda: 0.5)
        self.keeper = Keeper(self.tokens, now=lambda: self.moment, bug=lambda: self.bugs.append(1))
        for one in plans:
            use = self.tokens.of(one)
            self.tokens.leased(one, use, self.moment + 3600)
            self.tokens.release(use)

    def _log_in(self, plan: LoginPlan) -> Held:
        return Held(Masked("t"), plan.auth_ref, self.moment, self.moment + 60, True)

    def _renew(self, plan: LoginPlan, held: Held) -> Held:
        ill = self.ill.get(plan.connection.address)
        self.asked.append(plan.connection.address)
        if isinstance(ill, threading.Event):
            ill.wait(20)
        elif isinstance(ill, Exception):
            raise ill
        self.renewed.append(plan.auth_ref)
        return held._replace(born=self.moment, expires=self.moment + 60)

    def _log_out(self, plan: LoginPlan, held: Held) -> None:
        raise AssertionError("leases hang on all of them")


def test_what_one_login_does_to_us_ends_the_renewals_of_nobody_else() -> None:
    plans = [plan("a", "http://bad:8200"), plan("a", mount="own"), plan("b")]
    vaults = Vaults(plans)
    vaults.ill["http://bad:8200"] = OverflowError("lease_duration")
    vaults.moment += 45
    vaults.keeper.keep_alive()

    assert (sorted(vaults.renewed), vaults.bugs) == (["a/own", "b/kubernetes"], [1])


def test_a_vault_that_does_not_answer_is_asked_once_and_then_left_alone_for_a_while() -> None:
    away = [plan("a", "http://away:8200", f"mount-{n}") for n in range(20)]
    vaults = Vaults([*away, plan("a")])
    vaults.ill["http://away:8200"] = VaultFault("unreachable", "no answer")
    vaults.moment += 42
    for _ in range(3):
        vaults.keeper.keep_alive()
        vaults.moment += 2
    vaults.moment += 8
    vaults.keeper.keep_alive()

    assert vaults.asked == ["http://away:8200", "http://vault:8200", "http://away:8200"]


def test_neighbours_whose_vaults_hang_hold_up_no_renewal() -> None:
    hanging = [plan(f"bad-{n}", f"http://hangs-{n}:8200") for n in range(4)]
    vaults = Vaults([*hanging, plan("good")])
    end = threading.Event()
    vaults.ill = {f"http://hangs-{n}:8200": end for n in range(4)}
    began = time.monotonic()
    for _ in range(3):
        vaults.moment += 45
        vaults.keeper.keep_alive()
    took, asked = time.monotonic() - began, len(vaults.asked)
    renewed = list(vaults.renewed)
    end.set()
    vaults.keeper.close()

    assert (renewed, asked, took < 15) == (["good/kubernetes"] * 3, 7, True)
