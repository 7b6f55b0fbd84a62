"""Which role a path needs, and what is kept of a role's answer."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.vault.engines import ENGINES, METHODS, issuer_of, keep, open_to_all, role_folders, role_of, seconds
from keywave.vault.inventory import Mount
from keywave.vault.wire import list_roles, role

ROLES = [
    ("database", "creds/ro", "m/roles/ro"),
    ("database", "static-creds/legacy", "m/static-roles/legacy"),
    ("database", "config/x", None),
    ("aws", "sts/deploy", "m/roles/deploy"),
    ("aws", "static-creds/user", "m/static-roles/user"),
    ("azure", "creds/app", "m/roles/app"),
    ("gcp", "roleset/ci/key", "m/roleset/ci"),
    ("gcp", "roleset/ci/token", "m/roleset/ci"),
    ("gcp", "static-account/ci/key", "m/static-account/ci"),
    ("gcp", "key/ci", "m/roleset/ci"),
    ("kubernetes", "creds/deployer", "m/roles/deployer"),
    ("ldap", "creds/x", "m/role/x"),
    ("ldap", "static-cred/x", "m/static-role/x"),
    ("ldap", "static-cred/team/x", "m/static-role/team/x"),
    ("rabbitmq", "creds/x", "m/roles/x"),
    ("consul", "creds/x", "m/roles/x"),
    ("nomad", "creds/x", "m/role/x"),
    ("terraform", "creds/x", "m/role/x"),
    ("ssh", "sign/x", "m/roles/x"),
    ("pki", "issue/web", "m/roles/web"),
    ("pki", "issuer/main/issue/web", "m/roles/web"),
    ("pki", "issuer/main/sign/web", "m/roles/web"),
    ("pki", "cert/ca", None),
    ("transit", "keys/x", None),
    ("kv", "creds/x", None),
    ("somebodys-plugin", "creds/x", "m/roles/x"),
    ("database", "creds", None),
    ("database", "creds/", None),
]


@pytest.mark.parametrize(("kind", "path", "expected"), ROLES)
def test_the_role_of_a_path(kind: str, path: str, expected: str | None) -> None:
    assert role_of(Mount("m", kind), path) == expected


@pytest.mark.parametrize(("kind", "path", "expected"), [row for row in ROLES if row[2]])
def test_every_role_can_be_asked_for_by_the_wire(kind: str, path: str, expected: str) -> None:
    assert role(expected).path == expected


@pytest.mark.parametrize("kind", [*ENGINES, "somebodys-plugin"])
def test_every_folder_of_roles_can_be_listed_by_the_wire(kind: str) -> None:
    assert [list_roles(folder).path for folder in role_folders(Mount("m", kind))] == list(
        role_folders(Mount("m", kind))
    )


def test_folders_of_roles() -> None:
    assert role_folders(Mount("db", "database")) == ("db/roles/", "db/static-roles/")
    assert role_folders(Mount("cloud/gcp", "gcp")) == ("cloud/gcp/rolesets/", "cloud/gcp/static-accounts/")
    assert role_folders(Mount("kv", "kv", 2)) == ()


def test_of_a_database_role_only_what_is_listed_is_kept(canary: str) -> None:
    answer = {
        "db_name": "main",
        "default_ttl": "1h",
        "max_ttl": 86400,
        "creation_statements": [f"CREATE ROLE x PASSWORD '{canary}'"],
        "credential_config": {"password": canary},
        "password": canary,
        "username": None,
    }

    assert keep("db/roles/ro", "database", answer) == {"db_name": "main", "default_ttl": 3600, "max_ttl": 86400}


def test_an_auth_role_is_told_from_an_engine_of_the_same_type() -> None:
    answer = {
        "bound_service_account_names": ["b", "a"],
        "bound_service_account_namespaces": "shop, bank",
        "token_policies": ["q", "p"],
        "token_ttl": "1h30m",
        "token_no_default_policy": False,
        "token_default_ttl": 5,
        "audience": "vault",
    }

    assert keep("auth/k/role/app", "kubernetes", answer) == {
        "audience": "vault",
        "bound_service_account_names": ("a", "b"),
        "bound_service_account_namespaces": ("bank", "shop"),
        "token_no_default_policy": False,
        "token_policies": ("p", "q"),
        "token_ttl": 5400,
    }
    assert keep("k/roles/app", "kubernetes", answer) == {"token_default_ttl": 5}


def test_bound_claims_are_kept_as_texts() -> None:
    answer = {"bound_claims": {"sub": ["b", "a"], "/kubernetes.io/namespace": "shop"}, "role_type": "jwt"}

    assert keep("auth/jwt/role/app", "oidc", answer) == {
        "bound_claims": ("/kubernetes.io/namespace=shop", "sub=a", "sub=b"),
        "role_type": "jwt",
    }


def test_old_names_of_token_fields_count_where_the_new_are_absent() -> None:
    assert keep("auth/u/role/x", "userpass", {"policies": ["a"], "ttl": 60, "token_ttl": 30}) == {
        "token_policies": ("a",),
        "token_ttl": 30,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3600, 3600), ("3600", 3600), ("1h", 3600), ("1h30m5s", 5405), ("2d", 172800), ("1.5h", 5400), ("", 0),
     ("500ms", 0), ("soon", 0), ("1h x", 0), (None, 0)],
)  # fmt: skip
def test_durations_become_seconds(value: Any, expected: int) -> None:
    assert seconds(value) == expected


SECRET_WORDS = ("password", "private", "statement", "ldif", "credential_config", "template_text")


@pytest.mark.parametrize("kind", [*ENGINES, *METHODS])
def test_no_listed_field_has_a_name_of_something_secret(kind: str) -> None:
    fields = (ENGINES[kind].fields if kind in ENGINES else frozenset()) | METHODS.get(kind, frozenset())

    assert [field for field in sorted(fields) if any(word in field for word in SECRET_WORDS)] == []


@pytest.mark.parametrize(
    ("path", "issuer"),
    [
        ("issuer/main/issue/web", "main"),
        ("issuer/default/issue/web", ""),
        ("issue/issuer", ""),
        ("issuer/main", ""),
    ],
)
def test_a_pki_path_names_its_issuer_and_default_is_none(path: str, issuer: str) -> None:
    assert (issuer_of(Mount("pki", "pki"), path), issuer_of(Mount("kv", "kv", 2), path)) == (issuer, "")


def test_certificates_of_a_ca_are_open_to_all_and_what_issues_is_not() -> None:
    open_paths = (
        "ca",
        "ca/pem",
        "ca_chain",
        "cert/ca",
        "cert/ca/raw/pem",
        "crl/pem",
        "issuer/root/pem",
        "issuer/root/crl/pem",
    )
    closed = ("issue/web", "issuer/root", "issuer/root/issue/web", "roles/web", "config/ca", "ca/x", "crl/x")
    mount = Mount("pki", "pki")

    assert ([open_to_all(mount, p) for p in open_paths], [open_to_all(mount, p) for p in closed]) == (
        [True] * 8,
        [False] * 7,
    )
    assert open_to_all(Mount("kv", "kv", 1), "cert/ca") is False


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), "9" * 5000, "9" * 5000 + "h"])
def test_a_length_of_time_without_end_is_none(value: object) -> None:
    assert seconds(value) == 0
