"""Engines that make credentials: roles, leases."""

from __future__ import annotations

import pytest
from verify_sets import LOGIN, MOUNTS, dynamic, present, raw, told, vault, view

from keywave.vault.inventory import Fact, Mount, State
from keywave.verify.engines import check_engine_roles, check_leases, lease_of, token_life
from keywave.verify.looking import check_unclear

NAMES = {"database/roles/": ("orders",), "database/static-roles/": ("legacy",)}
LOGIN_ROLE = "auth/kubernetes/role/payments"
ROLES = {
    "database/roles/orders": {"default_ttl": 3600, "max_ttl": 86400},
    "database/static-roles/legacy": {"rotation_period": 60},
    LOGIN_ROLE: {"token_max_ttl": 7200},
}
VAULT = vault(names=NAMES, roles=ROLES)


def test_a_role_that_is_not_there_and_one_that_comes_near() -> None:
    assert told(check_engine_roles(view(VAULT, dynamic("creds/order"), raw("database/creds/nobody")))) == [
        (
            "KW8201",
            "error",
            "path",
            'the database engine at "database" has no role "order" in roles/; it has "orders"',
            'did you mean "creds/orders"? else: vault write database/roles/order ...',
        ),
        (
            "KW8201",
            "error",
            "path",
            'the database engine at "database" has no role "nobody" in roles/; it has "orders"',
            "vault write database/roles/nobody ...",
        ),
    ]


def test_a_role_of_another_engine_is_told_where_the_tree_reads_it_too() -> None:
    two = vault(mounts=(*MOUNTS, Mount("db2", "database")), names=NAMES, roles={"db2/roles/invoices": {"ttl": 60}})
    asked, other = dynamic("creds/invoices"), dynamic("creds/invoices", mount="db2")

    assert [
        [found[3] for found in told(check_engine_roles(view(two, *uses)))] for uses in ([asked], [asked, other])
    ] == [
        ['the database engine at "database" has no role "invoices" in roles/; it has "orders"'],
        ['the database engine at "database" has no role "invoices" in roles/; it has "orders"; "db2" has one'],
    ]


def test_a_plug_in_that_lists_no_roles_may_have_them_elsewhere() -> None:
    mounts = (*MOUNTS, Mount("corp", "vault-plugin-secrets-corp"))
    nothing = vault(mounts=mounts, roles={"corp/roles/ci": Fact(State.ABSENT)})
    listed = nothing._replace(names={**nothing.names, ("", "corp/roles/"): present(("build",))})
    asked = dynamic("creds/ci", mount="corp")

    assert [
        [f.code for f in (*check_engine_roles(v), *check_unclear(v))]
        for v in (view(nothing, asked), view(listed, asked))
    ] == [
        ["KW8006"],
        ["KW8201"],
    ]


def test_a_static_role_asked_for_as_a_dynamic_one_and_the_reverse() -> None:
    references = (dynamic("creds/legacy"), dynamic("static-creds/orders"), dynamic("creds/legacy", family="eso"))

    assert told(check_engine_roles(view(VAULT, *references))) == [
        (
            "KW8202",
            "error",
            "path",
            '"legacy" of "database" is a static role, and creds/legacy asks for a dynamic one',
            "write static-creds/legacy, with allowStaticCreds: true",
        ),
        (
            "KW8202",
            "error",
            "path",
            '"orders" of "database" is a dynamic role, and static-creds/orders asks for a static one',
            "write creds/orders",
        ),
        (
            "KW8202",
            "error",
            "path",
            '"legacy" of "database" is a static role, and creds/legacy asks for a dynamic one',
            "write static-creds/legacy",
        ),
    ]


def test_roles_that_are_there_or_not_known_are_no_finding() -> None:
    assert list(check_engine_roles(view(VAULT, dynamic("creds/orders"), dynamic("static-creds/legacy")))) == []
    assert list(check_engine_roles(view(vault(), dynamic("creds/order")))) == []
    assert (
        list(check_engine_roles(view(vault(roles={"database/roles/x": Fact(State.DENIED)}), dynamic("creds/x")))) == []
    )


def test_external_secrets_refreshes_after_the_end_of_the_lease() -> None:
    references = (
        dynamic("creds/orders", refresh_after=14400, family="eso"),
        dynamic("creds/orders", refresh_after=3600, family="eso"),
    )

    assert told(check_leases(view(VAULT, *references))) == [
        (
            "KW8203",
            "error",
            "refresh",
            "credentials of database/creds/orders end after 1h, and are asked for anew only every 4h: External Secrets renews no lease",
            "set refreshInterval below 1h, such as 30m",
        )
    ]


def test_the_operator_goes_by_the_lease_and_not_by_refresh_after() -> None:
    assert told(check_leases(view(VAULT, dynamic("creds/orders", refresh_after=7200)))) == [
        (
            "KW8203",
            "warning",
            "refresh",
            "refreshAfter is 2h, and a lease of database/creds/orders ends after 1h: the operator goes by the lease (renewalPercent),"
            " not by refreshAfter",
            "leave refreshAfter out",
        )
    ]


def test_static_credentials_need_allow_static_creds_in_the_operator() -> None:
    references = (
        dynamic("static-creds/legacy"),
        dynamic("static-creds/legacy", allow_static_creds=True),
        dynamic("static-creds/legacy", family="eso"),
    )

    assert told(check_leases(view(VAULT, *references))) == [
        (
            "KW8204",
            "error",
            "path",
            "database/static-creds/legacy gives static credentials, which have no lease: without allowStaticCreds the operator does not"
            " read them again when Vault changes the password",
            "set allowStaticCreds: true (in a SecretIntent: vso: {allowStaticCreds: true})",
        )
    ]


def test_a_lease_that_lives_longer_than_its_token() -> None:
    long = vault(roles={**ROLES, LOGIN_ROLE: {"token_max_ttl": 1800}})

    assert told(check_leases(view(long, dynamic("creds/orders")))) == [
        (
            "KW8205",
            "warning",
            "path",
            f"a lease of database/creds/orders is for 1h, but tokens of {LOGIN_ROLE} end after 30m, and their leases with them",
            f"vault write {LOGIN_ROLE} token_max_ttl=1h, or give the engine's role a default_ttl below 30m",
        )
    ]


def test_tokens_of_a_login_that_is_not_known_are_not_judged() -> None:
    unknown = dynamic("creds/orders", identity=LOGIN._replace(known=False))
    nobody = dynamic("creds/orders", identity=LOGIN._replace(role="other"))

    assert list(check_leases(view(VAULT, unknown, nobody))) == []


@pytest.mark.parametrize(
    ("mount", "role", "path", "seconds"),
    [
        (Mount("d", "database"), {"default_ttl": 60, "max_ttl": 0}, "creds/x", 60),
        (Mount("d", "database"), {"default_ttl": 0, "max_ttl": 0}, "creds/x", 2764800),
        (Mount("d", "database", 0, 600, 0), {"default_ttl": 0, "max_ttl": 0}, "creds/x", 600),
        (Mount("d", "database", 0, 600, 300), {"default_ttl": 900, "max_ttl": 0}, "creds/x", 300),
        (Mount("d", "database"), {"default_ttl": 900, "max_ttl": 200}, "creds/x", 200),
        (Mount("d", "database", 0, 0, 100), {"default_ttl": 900, "max_ttl": 200}, "creds/x", 100),
        (Mount("a", "aws"), {"default_sts_ttl": 900, "max_sts_ttl": 3600}, "sts/x", 900),
        (Mount("a", "aws"), {"default_sts_ttl": 900}, "creds/x", 0),
        (Mount("c", "consul"), {"ttl": 50, "max_ttl": 70}, "creds/x", 50),
        (Mount("r", "rabbitmq"), {"tags": ""}, "creds/x", 0),
    ],
)
def test_how_long_a_lease_lives(mount: Mount, role: dict[str, int], path: str, seconds: int) -> None:
    assert lease_of(mount, role, path) == seconds


@pytest.mark.parametrize(
    ("role", "seconds"),
    [
        ({}, 2764800),
        ({"token_max_ttl": 60}, 60),
        ({"token_max_ttl": 60, "token_explicit_max_ttl": 30}, 30),
        ({"token_explicit_max_ttl": 30}, 30),
        ({"token_period": 60, "token_max_ttl": 90}, 0),
        ({"token_period": 60, "token_explicit_max_ttl": 90}, 90),
    ],
)
def test_how_long_a_token_lives(role: dict[str, int], seconds: int) -> None:
    assert token_life(VAULT, "", "kubernetes", role) == seconds


def test_the_fix_for_a_role_is_for_its_vault_namespace() -> None:
    found = vault(names={"database/roles/": ()})
    there = found._replace(
        mounts={("team", path): fact for (_, path), fact in found.mounts.items()},
        names={("team", path): fact for (_, path), fact in found.names.items()},
    )

    assert [
        f.hint for f in check_engine_roles(view(there, dynamic("creds/nobody")._replace(vault_namespace="team")))
    ] == ["vault write -namespace=team database/roles/nobody ..."]
