"""A plan against what Vault has: new, the same, changed, wider, or unknown, with the difference in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from policy.policy_sets import asks, kv

from keywave.policy.changes import Change, compare, show
from keywave.policy.plan import plan_policies
from keywave.vault.inventory import Fact, Inventory, State

PLAN = plan_policies([kv("dev/app")])
TEXT = '# by hand\npath "kv/data/dev/app" { policy = "read" }\n'
SAME = 'path "kv/data/dev/app" { capabilities = ["read"] }'
FIELDS: Mapping[str, Any] = {
    "audience": "vault",
    "bound_service_account_names": ("app",),
    "bound_service_account_namespaces": ("shop",),
    "token_policies": ("shop",),
    "token_ttl": 3600,
    "token_type": "default",
}


def changes(policy: Fact[str], role: Fact[Any]) -> list[Change]:
    found = Inventory(policies={("", "shop"): policy}, roles={("", "auth/kubernetes/role/shop"): role})
    return compare(PLAN, lambda _: found)


@pytest.mark.parametrize(
    ("sentence", "fact", "expected"),
    [
        ("the same in other words", Fact(State.PRESENT, SAME), Change("policy shop", "same")),
        (
            "none",
            Fact(State.ABSENT),
            Change(
                "policy shop", "new", '@@ -0,0 +1,3 @@\n+path "kv/data/dev/app" {\n+  capabilities = ["read"]\n+}\n'
            ),
        ),
        (
            "one that lists too",
            Fact(State.PRESENT, TEXT),
            Change(
                "policy shop",
                "wider",
                '@@ -1,3 +1,3 @@\n path "kv/data/dev/app" {\n-  capabilities = ["list", "read"]\n+  capabilities = ["read"]\n }\n',
            ),
        ),
        (
            "one for another path",
            Fact(State.PRESENT, SAME.replace("app", "ap")),
            Change(
                "policy shop",
                "changed",
                '@@ -1,3 +1,3 @@\n-path "kv/data/dev/ap" {\n+path "kv/data/dev/app" {\n   capabilities = ["read"]\n }\n',
            ),
        ),
        (
            "one that may not be read",
            Fact(State.DENIED, note="this login lacks read on sys/policies/acl/shop"),
            Change("policy shop", "unknown", note="this login lacks read on sys/policies/acl/shop"),
        ),
        (
            "one that the lock does not cover",
            Fact(State.UNCOVERED),
            Change("policy shop", "unknown", note="it is not covered"),
        ),
    ],
)
def test_a_policy_is_compared(sentence: str, fact: Fact[str], expected: Change) -> None:
    del sentence
    assert changes(fact, Fact(State.PRESENT, FIELDS)) == [expected, Change("role auth/kubernetes/role/shop", "same")]


@pytest.mark.parametrize(
    ("sentence", "fields", "status", "difference"),
    [
        ("the same", {}, "same", ""),
        (
            "for everybody of the namespace",
            {"bound_service_account_names": ("*",)},
            "wider",
            "-bound_service_account_names = *\n+bound_service_account_names = app\n",
        ),
        ("with a further policy", {"token_policies": ("shop", "x")}, "wider", "-token_policies = shop, x\n+token_policies = shop\n"),
        ("for another audience", {"audience": "other"}, "changed", "-audience = other\n+audience = vault\n"),
        ("for somebody else", {"bound_service_account_names": ("b",)}, "changed",
         "-bound_service_account_names = b\n+bound_service_account_names = app\n"),
    ],
)  # fmt: skip
def test_a_role_is_compared(sentence: str, fields: Mapping[str, Any], status: str, difference: str) -> None:
    del sentence
    change = changes(Fact(State.PRESENT, SAME), Fact(State.PRESENT, {**FIELDS, **fields}))[1]

    shown = "".join(f"{line}\n" for line in change.difference.splitlines() if line[0] in "+-")
    assert (change.status, shown) == (status, difference)


def test_a_policy_that_vault_would_not_read_is_changed_and_says_where() -> None:
    (change, _) = changes(Fact(State.PRESENT, 'path "x" {'), Fact(State.PRESENT, FIELDS))

    assert (change.status, change.note.partition(",")[0]) == ("changed", "Vault's text cannot be read")


def test_a_wider_lease_right_is_seen() -> None:
    plan = plan_policies([asks("dynamic", "db", "creds/ro")])
    text = 'path "db/creds/*" { capabilities = ["read"] }\npath "sys/leases/revoke" { capabilities = ["update"] }'
    found = Inventory(policies={("", "shop"): Fact(State.PRESENT, text)})

    assert [change.status for change in compare(plan, lambda _: found)] == ["wider", "unknown"]


def test_without_a_lock_for_the_vault_nothing_is_known() -> None:
    assert show(compare(PLAN, lambda _: None)) == (
        "policy shop could not be compared: there is no lock for this Vault\n"
        "role auth/kubernetes/role/shop could not be compared: there is no lock for this Vault\n"
        "2 unknown\n"
    )
