"""What a tried login proves is laid over what the policies' text says."""

from __future__ import annotations

from collections.abc import Mapping

from login_samples import identity, inventory, kv, told

from keywave.findings import Finding
from keywave.verify.access import access_findings
from keywave.verify.logins import login_findings
from keywave.verify.trials import paths_to_try, with_trial

PATH = "kv/data/dev/payments"
READ, LIST = frozenset(("read",)), frozenset(("list",))
DEPENDS = inventory(
    policies={"payments": 'path "kv/data/{{identity.entity.metadata.x}}/payments" { capabilities = ["read"] }'}
)
DENIED = inventory(policies={"payments": "# nothing"})


def after(vault: object, refused: str, capabilities: Mapping[str, frozenset[str]] | None) -> list[tuple[str, str]]:
    assert hasattr(vault, "policies")
    use = kv(identity())
    found: list[Finding] = list(access_findings([use], vault))  # type: ignore[arg-type]
    tried = with_trial(found, use.identity, [use], vault, refused, capabilities)  # type: ignore[arg-type]
    return [(finding.code, finding.message.rpartition("; ")[2]) for finding in tried]


def test_the_paths_of_a_login_are_tried_once_each() -> None:
    who = identity()

    assert paths_to_try(who, [kv(who), kv(who), kv(who, "dev/orders")], inventory()) == (PATH, "kv/data/dev/orders")


def test_a_refused_login_is_an_error_with_vaults_reason() -> None:
    assert after(inventory(), "Vault refused it: permission denied", None) == [
        ("KW8507", "VaultAuth shop/app was tried as ServiceAccount shop/payments: Vault refused it: permission denied")
    ]


def test_what_the_token_may_read_clears_the_doubt() -> None:
    assert [after(vault, "", {PATH: READ}) for vault in (DEPENDS, DENIED)] == [[], []]


def test_what_the_token_may_not_read_is_proved() -> None:
    text = f"VaultAuth shop/app may not read {PATH}: a login proved it, its token may do list there"

    assert [after(vault, "", {PATH: LIST}) for vault in (DEPENDS, DENIED, inventory())] == [
        [("KW8502", text)],
        [("KW8502", "a login proved it")],
        [("KW8502", text)],
    ]


def test_a_token_that_may_not_ask_changes_nothing() -> None:
    assert after(DEPENDS, "", None) == [
        (code, message) for code, _, message, _ in told(access_findings, DEPENDS, kv(identity()))
    ]


def test_a_login_that_worked_clears_the_doubt_about_its_binding() -> None:
    who = identity(namespace="web")
    vault = inventory({"bound_service_account_namespace_selector": '{"matchLabels": {"team": "shop"}}'})
    found = list(login_findings([kv(who)], vault))

    assert [[f.code for f in with_trial(found, who, [kv(who)], vault, refused, None)] for refused in ("", "no")] == [
        [],
        ["KW8405", "KW8507"],
    ]


def test_what_was_never_tried_is_left_as_it_is() -> None:
    found = list(access_findings([kv(identity())], DENIED))

    assert with_trial(found, identity(), [kv(identity())], DENIED, "", None) == found
