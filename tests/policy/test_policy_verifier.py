"""The verifier's own policy: wide enough to look, never wide enough to read."""

from __future__ import annotations

import pytest
from policy.policy_sets import VAULT, asks, kv, login

from keywave.intent.model import Auth, Profile
from keywave.objects.manifest import Manifest
from keywave.policy.model import Skipped
from keywave.policy.rules import rules_of
from keywave.policy.verifier import ALWAYS, fixed, plan_verifier
from keywave.references.model import Reference
from keywave.vault.acl.evaluate import Acl
from keywave.vault.acl.policy import Policy

ALWAYS_PATHS = {grant.path for grant in ALWAYS}


def profile(**more: object) -> Profile:
    return Profile(
        "vault", Manifest({}), False, VAULT.address, auth=Auth(mount="k8s"), **{"kv_prefix": "dev/{namespace}", **more}
    )  # type: ignore[arg-type]


def rights(references: list[Reference], profiles: list[Profile]) -> dict[str, list[str]]:
    ((target,), _) = plan_verifier(references, profiles)
    return {g.path: list(g.capabilities) for g in target.policies[0].grants if g.path not in ALWAYS_PATHS}


LOGIN = {"auth/kubernetes/role": ["list"], "auth/kubernetes/role/+": ["read"]}


@pytest.mark.parametrize(
    ("sentence", "reference", "expected"),
    [
        (
            "KV version 2",
            kv("dev/app"),
            {"kv/metadata/dev": ["list"], "kv/metadata/dev/app": ["read"], "kv/subkeys/dev/app": ["read"]},
        ),
        ("KV version 1 is only listed", kv("dev/app", engine=1), {"kv/dev": ["list"]}),
        (
            "an engine",
            asks("dynamic", "db", "creds/ro"),
            {
                "db/roles": ["list"],
                "db/roles/+": ["read"],
                "db/static-roles": ["list"],
                "db/static-roles/+": ["read"],
            },
        ),
        (
            "PKI",
            asks("pki", "pki", "web"),
            {"pki/issuers": ["list"], "pki/roles": ["list"], "pki/roles/+": ["read"]},
        ),
        (
            "a whole path that tells its mount",
            asks("raw", "", "team/kv/data/dev/app", family="csi"),
            {
                "team/kv/metadata/dev": ["list"],
                "team/kv/metadata/dev/app": ["read"],
                "team/kv/subkeys/dev/app": ["read"],
            },
        ),
    ],
)
def test_around_a_reference(sentence: str, reference: Reference, expected: dict[str, list[str]]) -> None:
    del sentence
    assert rights([reference], []) == expected | LOGIN


def test_below_the_prefixes_of_a_profile_one_pattern_covers_its_references() -> None:
    assert rights([kv("dev/app", identity=login(mount="k8s"))], [profile()]) == {
        "auth/k8s/role": ["list"],
        "auth/k8s/role/+": ["read"],
        "kv/metadata/dev/*": ["list", "read"],
        "kv/metadata/dev": ["list"],
        "kv/subkeys/dev/*": ["read"],
    }


def test_a_profile_of_version_1_is_only_listed() -> None:
    assert rights([], [profile(kv_version=1)])["kv/dev/*"] == ["list"]


def test_role_ids_are_read_where_approle_is_used() -> None:
    found = rights([kv("dev/app", identity=login("", "", method="appRole", mount="approle", role_id="x"))], [])

    assert found["auth/approle/role/+/role-id"] == ["read"]


def test_a_whole_path_that_tells_no_mount_is_told() -> None:
    (_, skipped) = plan_verifier([asks("raw", "", "team/dev/app", family="injector")], [])

    assert skipped == (Skipped("Pod shop/app", "which mount holds it is not known", ("team/dev/app",)),)


def test_vault_namespaces_are_looked_at_from_above() -> None:
    here = kv("dev/app", vault_namespace="team/a", identity=login(vault_namespace="team/b"))

    ((target,), _) = plan_verifier([here], [])

    (policy,) = target.policies
    paths = {grant.path for grant in policy.grants}
    assert policy.vault_namespace == "team"
    assert {"a/kv/subkeys/dev/app", "b/auth/kubernetes/role/+", "a/sys/mounts", "b/sys/mounts"} <= paths


def test_no_right_of_it_reaches_a_value() -> None:
    references = [
        kv("dev/app"),
        kv("dev/app", mount="kv1", engine=1),
        asks("dynamic", "db", "creds/ro"),
        asks("pki", "pki", "web"),
    ]
    ((target,), _) = plan_verifier(references, [profile(dynamic_mount="db", pki_mount="pki")])
    acl = Acl([Policy("verifier", tuple(rules_of(target.policies[0].grants)))])

    for path in (
        "kv/data/dev/app",
        "kv1/dev/app",
        "db/creds/ro",
        "db/static-creds/ro",
        "pki/issue/web",
        "pki/sign/web",
    ):
        assert not acl.capabilities(path) & {"read", "update", "create"}, path


@pytest.mark.parametrize(
    ("text", "expected"), [("dev", "dev"), ("dev/{namespace}/x", "dev"), ("{namespace}", ""), ("a-{name}", "")]
)
def test_placeholders_end_a_prefix(text: str, expected: str) -> None:
    assert fixed(text) == expected
