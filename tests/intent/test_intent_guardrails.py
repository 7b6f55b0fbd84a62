"""Guardrails of a profile: what matches, what is refused, and that raw fields are no way round."""

from __future__ import annotations

from typing import Any

import pytest
from intent_samples import intent, profile, told

from keywave.intent.guardrails import api_path, check_role, name_matches, path_matches
from keywave.intent.load import load
from keywave.intent.model import DynamicSource, KvSource, PkiSource

BASE = (
    "address: https://v\nauth: {role: '{namespace}-{serviceAccount}'}\ndynamic: {mount: database}\npki: {mount: pki}\n"
)
FIX = "remove it, or ask those who keep the profile"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("kv/data/shop/*", "kv/data/shop/a/b", True),
        ("kv/data/shop/*", "kv/data/shopping", False),
        ("kv/data/shop*", "kv/data/shopping", True),
        ("kv/data/shop", "kv/data/shop/a", False),
        ("kv/+/shop", "kv/data/shop", True),
        ("kv/+/shop", "kv/data/x/shop", False),
        ("kv/+", "kv/", False),
        ("kv/+/*", "kv/data/a", True),
        ("kv/*/shop", "kv/data/shop", False),
        ("kv/data/a.b", "kv/data/axb", False),
        ("kv/data/[ab]", "kv/data/a", False),
        ("KV/*", "kv/x", False),
        ("*", "anything/at/all", True),
    ],
)
def test_paths_match_as_in_a_vault_policy(pattern: str, path: str, expected: bool) -> None:
    assert path_matches(pattern, path) is expected


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("team-*", "team-a", True),
        ("*-prod", "a-prod", True),
        ("a*c", "abc", True),
        ("shop", "shop2", False),
        ("s?op", "shop", False),
    ],
)
def test_names_take_stars_anywhere(pattern: str, name: str, expected: bool) -> None:
    assert name_matches(pattern, name) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (KvSource("kv", "a/b"), "kv/data/a/b"),
        (KvSource("kv", "a/b", 1), "kv/a/b"),
        (DynamicSource("database", "creds/x"), "database/creds/x"),
        (PkiSource("pki", "web"), "pki/issue/web"),
        (PkiSource("pki", "web", issuer_ref="two"), "pki/issuer/two/issue/web"),
    ],
)
def test_the_path_that_a_policy_must_allow(source: Any, expected: str) -> None:
    assert api_path(source) == expected


@pytest.mark.parametrize(
    ("sentence", "allow", "spec", "project", "expected"),
    [
        (
            "within all of them",
            "{paths: ['kv/data/{namespace}/*'], namespaces: [s*], projects: [p]}",
            "kv: shop/a",
            "p",
            [],
        ),
        ("nothing is refused without guardrails", "{}", "kv: any/thing", "", []),
        (
            "a path of another team",
            "{paths: ['kv/data/{namespace}/*', 'database/*']}",
            "kv: other/a",
            "",
            [("$.spec.kv", 'the path "kv/data/other/a"', "allowed: kv/data/shop/*, database/*")],
        ),
        (
            "every part of a fan-in",
            "{paths: ['kv/data/shop/*']}",
            "sources: {a: {kv: shop/x}, b: {kv: other/x}, c: {dynamic: creds/x}}",
            "",
            [
                ("$.spec.sources.b.kv", 'the path "kv/data/other/x"', "allowed: kv/data/shop/*"),
                ("$.spec.sources.c.dynamic", 'the path "database/creds/x"', "allowed: kv/data/shop/*"),
            ],
        ),
        (
            "a certificate",
            "{paths: ['pki/issue/shop-*']}",
            "pki: web\ncommonName: a.b\nttl: 9h",
            "",
            [("$.spec.pki", 'the path "pki/issue/web"', "allowed: pki/issue/shop-*")],
        ),
        (
            "a path that is not known yet",
            "{paths: ['kv/data/shop/*']}",
            "kv: shop/${X}",
            "",
            [("$.spec.kv", 'the path "kv/data/shop/${X}"', "allowed: kv/data/shop/*")],
        ),
        (
            "namespace, project and delivery, each told",
            "{namespaces: [team-*], projects: [apps], deliver: []}",
            "kv: a/b",
            "tools",
            [
                ("$", 'the project "tools"', "allowed: apps"),
                ("$.metadata.namespace", 'the namespace "shop"', "allowed: team-*"),
                ("$.spec.deliver", 'the delivery "secret"', "nothing of this kind is allowed"),
            ],
        ),
        (
            "a run without a project",
            "{projects: [apps]}",
            "kv: a/b",
            "",
            [("$", "a render without a project", "allowed: apps")],
        ),
        (
            "raw fields and another Vault namespace are no way round",
            "{paths: ['kv/data/*']}",
            "kv: a/b\nvaultNamespace: root\nvso: {path: x, refreshAfter: 5m}\ncsi: {a: 1}",
            "",
            [
                ("$.spec.vaultNamespace", "a Vault namespace of its own", FIX),
                ("$.spec.vso.path", 'the raw field "vso.path"', FIX),
                ("$.spec.csi", 'the raw fields "csi"', FIX),
            ],
        ),
    ],
)
def test_breaches(sentence: str, allow: str, spec: str, project: str, expected: list[tuple[str, str, str]]) -> None:
    loaded = load([intent(spec)], catalogue=[profile(f"{BASE}allow: {allow}")], project=project)

    assert told(loaded.findings) == [
        ("KW1050", path, f'{what} is not allowed by the profile "vault"', hint) for path, what, hint in expected
    ]


@pytest.mark.parametrize(
    ("sentence", "allow", "role", "expected"),
    [
        ("no rule about roles", "{paths: ['kv/*']}", "admin", []),
        ("the account's own role", "{roles: ['{namespace}-{serviceAccount}']}", "shop-web", []),
        (
            "another role",
            "{roles: ['{namespace}-{serviceAccount}']}",
            "admin",
            [("KW1050", "$.spec", 'the Vault role "admin" is not allowed by the profile "vault"', "allowed: shop-web")],
        ),
        (
            "a role that is not known yet",
            "{roles: ['*']}",
            "${ROLE}",
            [("KW1050", "$.spec", 'the Vault role "${ROLE}" is not allowed by the profile "vault"', "allowed: *")],
        ),
    ],
)
def test_roles(sentence: str, allow: str, role: str, expected: list[tuple[str, ...]]) -> None:
    (one,) = load([intent("kv: a/b")], catalogue=[profile(f"{BASE}allow: {allow}")]).intents

    actual = check_role(one.profile, role, one, service_account="web")

    assert told(actual) == expected


OWN_PROFILE = {
    "an allowed path and role": ("kv: shop/web", "{namespace}-{serviceAccount}", []),
    "the path of another team": ("kv: bank/web", "shop-web", [("$.spec.kv", 'the path "kv/data/bank/web"')]),
    "a role of another team": ("kv: shop/web", "admin", [("$.spec", 'the Vault role "admin"')]),
    "a raw path": (
        "kv: shop/web\nvso: {path: bank/web}",
        "shop-web",
        [("$.spec.vso.path", 'the raw field "vso.path"')],
    ),
}


@pytest.mark.parametrize(("spec", "role", "expected"), OWN_PROFILE.values(), ids=OWN_PROFILE)
def test_a_profile_of_the_tree_is_no_way_round_the_catalogue(
    spec: str, role: str, expected: list[tuple[str, str]]
) -> None:
    allow = "allow: {paths: ['kv/data/{namespace}/*'], roles: ['{namespace}-{serviceAccount}']}"
    own = profile(f'address: https://vault.example.com\nauth: {{role: "{role}"}}', name="mine")
    loaded = load([own, intent(f"profile: mine\n{spec}")], catalogue=[profile(BASE + allow)])
    (one,) = loaded.intents
    found = [*loaded.findings, *check_role(one.profile, filled(role), one, service_account="web")]

    assert [(f.code, f.where.path, f.message) for f in found] == [
        ("KW1050", path, f"{what} is not allowed by any profile of the catalogue") for path, what in expected
    ]


def test_beside_a_catalogue_without_guardrails_a_tree_is_free() -> None:
    own = profile("address: https://vault.example.com\nauth: {role: admin}", name="mine")

    assert load([own, intent("profile: mine\nkv: bank/web")], catalogue=[profile(BASE)]).findings == ()


def filled(role: str) -> str:
    return role.replace("{namespace}", "shop").replace("{serviceAccount}", "web")
