"""Warnings about policies that grant more than the references need, with the smaller policy."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from login_samples import SPOTS, Told, codes, dynamic, identity, inventory, kv, pki, told

from keywave.references.model import Reference
from keywave.vault.inventory import Inventory
from keywave.verify.privilege import privilege_findings

READ = 'path "kv/data/dev/payments" { capabilities = ["read"] }'
ENOUGH = f"enough is: {READ}"
WHERE = "w VaultAuth spec.role"


def policy(text: str) -> Inventory:
    return inventory(policies={"payments": text})


class Case(NamedTuple):
    text: str
    findings: list[Told]
    uses: tuple[Reference, ...] = (kv(identity()),)


def wide(pattern: str) -> list[Told]:
    return [("KW8601", WHERE, f'the policy "payments" covers more paths than are needed: "{pattern}"', ENOUGH)]


CASES = {
    "just what is needed": Case(READ, []),
    "a whole mount": Case('path "kv/data/*" { capabilities = ["read"] }', wide("kv/data/*")),
    "a folder of a stage": Case('path "kv/data/dev/*" { capabilities = ["read"] }', wide("kv/data/dev/*")),
    "the beginning of a name": Case('path "kv/data/dev/pay*" { capabilities = ["read"] }', wide("kv/data/dev/pay*")),
    "any segment": Case('path "kv/data/+/payments" { capabilities = ["read"] }', wide("kv/data/+/payments")),
    "the application's own folder": Case(
        'path "kv/data/dev/shop/*" { capabilities = ["read"] }', [], (kv(identity(), "dev/shop/db"),)
    ),
    "a folder whose needs lie deeper": Case(
        'path "kv/data/dev/shop/*" { capabilities = ["read"] }',
        [
            (
                "KW8601",
                WHERE,
                'the policy "payments" covers more paths than are needed: "kv/data/dev/shop/*"',
                'enough is: path "kv/data/dev/shop/db/ro" { capabilities = ["read"] }',
            )
        ],
        (kv(identity(), "dev/shop/db/ro"),),
    ),
    "all credentials": Case(
        'path "database/creds/*" { capabilities = ["read"] }',
        [
            (
                "KW8601",
                WHERE,
                'the policy "payments" covers more paths than are needed: "database/creds/*"',
                'enough is: path "database/creds/ro" { capabilities = ["read"] }',
            )
        ],
        (dynamic(identity()),),
    ),
    "a pattern that nothing here needs": Case(f'{READ}\npath "kv/data/prod/*" {{ capabilities = ["read"] }}', []),
    "a pattern of the login's own namespace": Case(
        'path "kv/data/{{identity.entity.aliases.auth_kubernetes_1.metadata.service_account_namespace}}/*" '
        '{ capabilities = ["read"] }',
        [],
        (kv(identity(), "shop/db"),),
    ),
    "writing what is read": Case(
        'path "kv/data/dev/payments" { capabilities = ["create", "read", "update", "delete"] }',
        [
            (
                "KW8602",
                WHERE,
                'the policy "payments" grants create, delete, update on "kv/data/dev/payments", which is only read',
                ENOUGH,
            )
        ],
    ),
    "create and update where a certificate is issued": Case(
        'path "pki/issue/web" { capabilities = ["create", "update"] }', [], (pki(identity()),)
    ),
    "sudo": Case(
        'path "kv/data/dev/payments" { capabilities = ["read", "sudo"] }',
        [("KW8603", WHERE, 'the policy "payments" grants sudo on "kv/data/dev/payments"', ENOUGH)],
    ),
    "Vault's own settings": Case(
        f'{READ}\npath "sys/policies/acl/*" {{ capabilities = ["read", "list"] }}',
        [
            (
                "KW8604",
                WHERE,
                'the policy "payments" reaches Vault\'s own settings: "sys/policies/acl/*" (list, read)',
                ENOUGH,
            )
        ],
    ),
    "what a token does for itself": Case(
        f'{READ}\npath "auth/token/renew-self" {{ capabilities = ["update"] }}\n'
        'path "sys/leases/revoke" { capabilities = ["update"] }\npath "sys/wrapping/*" { capabilities = ["update"] }',
        [],
    ),
    "everything": Case(
        'path "*" { capabilities = ["read"] }',
        [
            *wide("*"),
            ("KW8604", WHERE, 'the policy "payments" reaches Vault\'s own settings: "*" (read)', ENOUGH),
        ],
    ),
    "a pattern that denies": Case(f'{READ}\npath "sys/*" {{ capabilities = ["deny"] }}', []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_policy_is_measured_by_what_is_needed(name: str) -> None:
    case = CASES[name]

    assert told(privilege_findings, policy(case.text), *case.uses) == case.findings


def test_what_several_logins_need_is_taken_together() -> None:
    vault = inventory(
        policies={"payments": 'path "kv/data/dev/*" { capabilities = ["read"] }'},
        roles={"auth/kubernetes/role/two": {"token_policies": ("payments",)}},
    )
    uses = kv(identity()), kv(identity(role="two"), "dev/orders")

    assert told(privilege_findings, vault, *uses) == [
        (
            "KW8601",
            WHERE,
            'the policy "payments" covers more paths than are needed: "kv/data/dev/*"',
            'enough is: path "kv/data/dev/orders" { capabilities = ["read"] } path "kv/data/dev/payments" { capabilities = ["read"] }',
        )
    ]


def test_nothing_smaller_is_advised_while_a_reference_is_not_understood() -> None:
    vault = policy('path "kv/data/*" { capabilities = ["read"] }')

    assert codes(privilege_findings, vault, kv(identity()), kv(identity(), "data/dev/orders")) == []


def test_the_default_policy_is_not_measured() -> None:
    vault = inventory(policies={"default": 'path "kv/data/*" { capabilities = ["read", "sudo"] }'})

    assert codes(privilege_findings, vault, kv(identity())) == []


def test_a_policy_of_an_approle_is_told_where_its_role_id_is_written() -> None:
    who = identity(spots={name: SPOTS[name] for name in ("mount", "roleId")})
    wide_open = policy('path "kv/data/*" { capabilities = ["read"] }')

    found = told(privilege_findings, wide_open, kv(who))

    assert [(code, where) for code, where, _, _ in found] == [("KW8601", "w VaultAuth spec.roleId")]


def test_nothing_smaller_is_advised_where_a_listing_decides_what_is_read() -> None:
    finds = kv(identity(), "metadata/dev")._replace(kind="raw", mount="", path="kv/metadata/dev", method="LIST")

    everything = policy('path "kv/*" { capabilities = ["read", "list"] }')
    assert codes(privilege_findings, everything, kv(identity()), finds) == []
