"""The Role that keywave's own operator gets in a namespace: all that it needs there, and by name what is not its own."""

from __future__ import annotations

from typing import Any

import pytest
from builders import DEPLOYMENT, INTENT, expanded, made, profile

from keywave.crds.kinds import KINDS
from keywave.expand.rbac import _KINDS


def rules(text: str) -> list[dict[str, Any]]:
    (role,) = [m for m in made(expanded(profile(text), DEPLOYMENT, INTENT)) if m.kind == "Role"]
    return list(role.body["rules"])


def test_keywaves_operator_gets_all_that_it_needs_in_the_namespace() -> None:
    auth = "{method: appRole, roleId: a, secretRef: login}"
    found = rules(
        f"emit: all, caCertSecret: vault-ca, tls: {{clientCertSecret: mtls}}, operator: {{kind: keywave}}, auth: {auth}"
    )

    objects = [rule for rule in found if rule["apiGroups"][0] in _KINDS]
    assert [rule["verbs"] for rule in objects] == [["get", "list", "watch", "patch"], ["patch"]] * 2
    assert found[len(objects) :] == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["payments"],
            "verbs": ["get", "update", "patch", "delete"],
        },
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["login", "mtls", "vault-ca"],
            "verbs": ["get", "patch"],
        },
        {"apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["payments"], "verbs": ["get", "patch"]},
    ]


def test_the_objects_that_it_works_on_are_those_of_the_definitions() -> None:
    assert {(group, plural) for group, plurals in _KINDS.items() for plural in plurals} == {
        (kind.group, kind.plural) for kind in KINDS
    }
    resources = [
        name for rule in rules("operator: {kind: keywave}, emit: all, auth: {role: r}") for name in rule["resources"]
    ]
    assert [kind.plural for kind in KINDS if f"{kind.plural}/status" not in resources] == []


@pytest.mark.parametrize(
    "auth",
    [
        "{method: aws, role: r, irsaServiceAccount: cloud}",
        "{method: gcp, role: r, workloadIdentityServiceAccount: cloud}",
    ],
)
def test_the_account_of_a_cloud_may_be_read_and_lends_its_token(auth: str) -> None:
    found = [rule for rule in rules(f"emit: all, auth: {auth}") if "serviceaccounts" in rule["resources"][0]]

    assert found == [
        {"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["cloud"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["cloud"], "verbs": ["create"]},
    ]
