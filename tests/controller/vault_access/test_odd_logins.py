"""What a server that is no Vault says at a login: nothing of it goes unbounded into a header or a status."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.logins import Logins
from keywave.vault.exchange import Answer
from keywave.vault.values import VaultFault


class Asking:
    def __init__(self, auth: dict[str, Any]) -> None:
        self.auth = auth

    def ask(self, *anything: Any, **named: Any) -> Answer:
        return Answer(200, {"auth": self.auth})


class Counting:
    def count(self, *anything: Any) -> None:
        return None


def log_in(**auth: Any) -> tuple[str, str]:
    """Token and accessor, or why there is none."""
    made = Logins(Asking(auth), None, Counting(), now=lambda: 0.0, ticks=lambda: 0.0)  # type: ignore[arg-type]
    plan = LoginPlan(
        ConnectionPlan("team/vault", "team", "https://vault"), "team/app", "kubernetes", "kubernetes", "", "team"
    )
    try:
        held = made.log_in(plan)
    except VaultFault as fault:
        return fault.reason, fault.summary
    return held.token.reveal(), held.accessor


ACCESSORS: dict[str, tuple[object, str]] = {
    "one": ("a", "a"),
    "the longest": ("a" * 1024, "a" * 1024),
    "too long": ("a" * 1025, ""),
    "two lines": ("a\nb", ""),
    "none of a batch token": (None, ""),
    "a list": ([], ""),
}


@pytest.mark.parametrize("case", ACCESSORS)
def test_an_accessor_is_one_that_a_status_can_hold(case: str) -> None:
    given, kept = ACCESSORS[case]

    assert log_in(client_token="t", accessor=given) == ("t", kept)


def test_a_token_that_no_header_holds_is_none() -> None:
    told = ("login", "what Vault gives for the kubernetes login at auth/kubernetes is no token")

    assert [log_in(client_token=given) for given in ("t" * 8193, "a b", 5)] == [told] * 3
