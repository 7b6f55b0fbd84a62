"""VaultAuth, VaultConnection and ServiceAccounts: what each method gives, who logs in, and how things are named."""

from __future__ import annotations

import pytest
from builders import DEPLOYMENT, INTENT, PROFILE, deployment, expanded, intent, made, profile, spec_of

from keywave.controller.model import resource_of
from keywave.controller.planning import plan_connection
from keywave.objects.ids import CLIENT_CERTIFICATE

POD = "{serviceAccountName: %s, containers: [{name: app, envFrom: [{secretRef: {name: %s}}]}]}"
BARE = "{containers: [{name: app, envFrom: [{secretRef: {name: payments}}]}]}"

METHODS = {
    "kubernetes with a longer token": (
        "{role: '{namespace}-{serviceAccount}', tokenExpirationSeconds: 900, mount: 'k8s-{namespace}'}",
        "k8s-shop",
        {"kubernetes": {"role": "shop-payments", "serviceAccount": "payments", "tokenExpirationSeconds": 900}},
    ),
    "jwt by the ServiceAccount": (
        "{method: jwt, role: '{name}', audiences: [vault]}",
        "jwt",
        {
            "jwt": {
                "role": "payments",
                "serviceAccount": "payments",
                "audiences": ["vault"],
                "tokenExpirationSeconds": 600,
            }
        },
    ),
    "jwt from a Secret": (
        "{method: jwt, role: r, secretRef: token}",
        "jwt",
        {"jwt": {"role": "r", "secretRef": "token", "tokenExpirationSeconds": 600}},
    ),
    "appRole with a secret ID in a Secret": (
        "{method: appRole, roleId: abc, secretRef: approle-secret}",
        "approle",
        {"appRole": {"roleId": "abc", "secretRef": "approle-secret"}},
    ),
    "appRole with a secret ID in a file": (
        "{method: appRole, roleId: abc, secretIDPath: /run/id}",
        "approle",
        {"appRole": {"roleId": "abc", "secretIDPath": "/run/id"}},
    ),
    "aws": (
        "{method: aws, role: r, region: eu-west-1, headerValue: h, sessionName: s, "
        "stsEndpoint: a, iamEndpoint: b, irsaServiceAccount: irsa}",
        "aws",
        {
            "aws": {
                "role": "r",
                "region": "eu-west-1",
                "headerValue": "h",
                "sessionName": "s",
                "stsEndpoint": "a",
                "iamEndpoint": "b",
                "irsaServiceAccount": "irsa",
            }
        },
    ),
    "gcp": (
        "{method: gcp, role: r, workloadIdentityServiceAccount: wi, region: e, clusterName: c, projectID: p}",
        "gcp",
        {
            "gcp": {
                "role": "r",
                "workloadIdentityServiceAccount": "wi",
                "region": "e",
                "clusterName": "c",
                "projectID": "p",
            }
        },
    ),
}


@pytest.mark.parametrize(("auth", "mount", "block"), METHODS.values(), ids=METHODS)
def test_each_method_has_its_block(auth: str, mount: str, block: dict) -> None:
    result = expanded(profile(f"auth: {auth}, operator: {{version: 1.4.1}}"), DEPLOYMENT, INTENT)

    (method,) = block
    actual = spec_of(result, "VaultAuth")
    name = actual["vaultConnectionRef"]
    assert actual == {"vaultConnectionRef": name, "method": method, "mount": mount, **block}


def test_a_connection_has_all_that_the_profile_says() -> None:
    text = "vaultNamespace: admin, caCertSecret: vault-ca, tlsServerName: vault, headers: {X-A: b}, timeout: 30s, auth: {role: r}"
    result = expanded(profile(text), DEPLOYMENT, INTENT)

    assert spec_of(result, "VaultConnection") == {
        "address": "https://vault.example.com:8200",
        "headers": {"X-A": "b"},
        "tlsServerName": "vault",
        "caCertSecretRef": "vault-ca",
        "skipTLSVerify": False,
        "timeout": "30s",
    }
    assert spec_of(result, "VaultAuth")["namespace"] == "admin"
    assert "namespace" not in spec_of(result, "VaultStaticSecret")


def test_keywaves_operator_is_told_of_the_client_certificate_where_it_looks_for_it() -> None:
    text = "operator: {kind: keywave}, tls: {clientCertSecret: mtls}, auth: {role: r}"
    (found,) = [m for m in made(expanded(profile(text), DEPLOYMENT, INTENT)) if m.kind == "VaultConnection"]

    assert found.body["metadata"]["annotations"][CLIENT_CERTIFICATE] == "mtls"
    assert plan_connection(resource_of(found.body)).client_secret == "mtls"


LOGINS = {
    "the pods' account": ([deployment("a", POD % ("web", "payments"))], "{kv: a}", "", "web", "web"),
    "the intent's account is named after the intent": (
        [DEPLOYMENT],
        "{kv: a, serviceAccount: login}",
        "",
        "login",
        "payments",
    ),
    "the intent's account that the pods have too": (
        [DEPLOYMENT],
        "{kv: a, serviceAccount: payments}",
        "",
        "payments",
        "payments",
    ),
    "the profile's account, where the pods name none": (
        [deployment("a", BARE)],
        "{kv: a}",
        "serviceAccount: login, ",
        "login",
        "payments",
    ),
    "the profile's account, where nothing uses it": ([], "{kv: a}", "serviceAccount: login, ", "login", "payments"),
    "one pod names an account, the other none": (
        [deployment("a", POD % ("web", "payments")), deployment("b", BARE)],
        "{kv: a}",
        "",
        "web",
        "web",
    ),
    "the account of the pods that pull images with it": (
        [deployment("a", "{serviceAccountName: web, containers: [{name: app}], imagePullSecrets: [{name: payments}]}")],
        "{kv: a}",
        "",
        "web",
        "web",
    ),
    "the default account": ([deployment("a", BARE)], "{kv: a}", "", "default", "payments"),
    "a cron job's account": (
        [
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j, namespace: shop}\n"
            f"spec: {{jobTemplate: {{spec: {{template: {{spec: {POD % ('cron', 'payments')}}}}}}}}}\n"
        ],
        "{kv: a}",
        "",
        "cron",
        "cron",
    ),
}


@pytest.mark.parametrize(("workloads", "spec", "auth", "account", "name"), LOGINS.values(), ids=LOGINS)
def test_who_logs_in_and_how_the_login_is_named(
    workloads: list[str], spec: str, auth: str, account: str, name: str
) -> None:
    result = expanded(profile(f"auth: {{{auth}role: r}}"), *workloads, intent(spec))

    actual = [(m.kind, m.name) for m in made(result) if m.kind in ("ServiceAccount", "VaultAuth", "VaultConnection")]
    made_account = [] if account == "default" else [("ServiceAccount", account)]
    assert actual == [*made_account, ("VaultConnection", name), ("VaultAuth", name)]
    assert spec_of(result, "VaultAuth")["kubernetes"]["serviceAccount"] == account


def test_intents_of_one_account_share_a_login() -> None:
    pod = "{serviceAccountName: web, containers: [{name: a, envFrom: [{secretRef: {name: one}}, {secretRef: {name: two}}]}]}"
    result = expanded(PROFILE, deployment("a", pod), intent("{kv: a}", "one"), intent("{kv: b}", "two"))

    names = [(m.kind, m.name) for m in made(result)]
    assert names == [
        ("ServiceAccount", "web"),
        ("VaultConnection", "web"),
        ("VaultAuth", "web"),
        ("VaultStaticSecret", "one"),
        ("VaultStaticSecret", "two"),
    ]
    assert {spec_of(result, "VaultStaticSecret", name)["vaultAuthRef"] for name in ("one", "two")} == {"web"}


def test_two_profiles_with_one_account_get_two_logins() -> None:
    pod = "{serviceAccountName: web, containers: [{name: a, envFrom: [{secretRef: {name: one}}, {secretRef: {name: two}}]}]}"
    result = expanded(
        profile("auth: {role: r}", "blue"),
        profile("auth: {role: r}", "green"),
        deployment("a", pod),
        intent("{kv: a, profile: blue}", "one"),
        intent("{kv: b, profile: green}", "two"),
    )

    assert [m.name for m in made(result) if m.kind == "VaultAuth"] == ["web-blue", "web-green"]
    assert [m.name for m in made(result) if m.kind == "ServiceAccount"] == ["web"]


def test_an_account_that_stands_in_the_tree_is_not_made() -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: payments, namespace: shop}\n"

    assert [m.kind for m in made(expanded(PROFILE, DEPLOYMENT, INTENT, account))] == [
        "VaultConnection",
        "VaultAuth",
        "VaultStaticSecret",
    ]


def test_an_account_that_pulls_images_logs_in_itself() -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: puller, namespace: shop}\nimagePullSecrets: [{name: payments}]\n"
    result = expanded(PROFILE, INTENT, account)

    assert spec_of(result, "VaultAuth")["kubernetes"]["role"] == "shop-puller"
    assert result.findings == ()


def test_accounts_may_be_left_to_others() -> None:
    result = expanded(profile("auth: {role: r}, serviceAccounts: external"), DEPLOYMENT, INTENT)

    assert "ServiceAccount" not in {m.kind for m in made(result)}


def test_what_depends_on_the_application_is_not_in_the_global_login() -> None:
    text = "emit: all, vaultNamespace: admin, auth: {role: '{namespace}-{serviceAccount}', mount: 'k8s-{namespace}', params: {a: b}}"
    result = expanded(profile(text), DEPLOYMENT, INTENT)

    assert spec_of(result, "VaultAuthGlobal") == {
        "vaultConnectionRef": "vault",
        "defaultVaultNamespace": "admin",
        "defaultAuthMethod": "kubernetes",
        "params": {"a": "b"},
        "kubernetes": {"tokenExpirationSeconds": 600},
    }
    assert spec_of(result, "VaultAuth") == {
        "vaultAuthGlobalRef": {"name": "vault"},
        "mount": "k8s-shop",
        "kubernetes": {"role": "shop-payments", "serviceAccount": "payments", "tokenExpirationSeconds": 600},
    }


REFERENCES = {
    "the operator's default": ("", None),
    "the platform's login": ("refs: {auth: vault-system/main}, ", "vault-system/main"),
}


@pytest.mark.parametrize(("refs", "expected"), REFERENCES.values(), ids=REFERENCES)
def test_emit_refs_gives_secret_objects_only(refs: str, expected: str | None) -> None:
    result = expanded(profile(f"{refs}emit: refs"), DEPLOYMENT, INTENT)

    assert [m.kind for m in made(result)] == ["VaultStaticSecret"]
    assert spec_of(result, "VaultStaticSecret").get("vaultAuthRef") == expected


def test_a_connection_in_place_is_referred_to() -> None:
    result = expanded(
        profile("auth: {role: r}, emit: refs, refs: {connection: vault-system/vault}"), DEPLOYMENT, INTENT
    )

    assert spec_of(result, "VaultAuth")["vaultConnectionRef"] == "vault-system/vault"
    assert "VaultConnection" not in {m.kind for m in made(result)}


def test_a_global_login_brings_the_connection() -> None:
    result = expanded(profile("auth: {role: r}, emit: refs, refs: {authGlobal: vault-system/main}"), DEPLOYMENT, INTENT)

    assert spec_of(result, "VaultAuth") == {
        "vaultAuthGlobalRef": {"name": "main", "namespace": "vault-system"},
        "kubernetes": {"role": "r", "serviceAccount": "payments", "tokenExpirationSeconds": 600},
    }
    assert "VaultConnection" not in {m.kind for m in made(result)}


def test_guardrails_see_the_role_with_the_account_in_it() -> None:
    text = 'auth: {role: "{serviceAccount}"}, allow: {roles: ["shop-*"]}'

    (finding,) = expanded(profile(text), DEPLOYMENT, INTENT).findings

    assert finding.code == "KW1050"
    assert '"payments"' in finding.message


def test_emit_all_shares_the_connection_and_adds_the_operators_rights() -> None:
    pod = "{serviceAccountName: web, containers: [{name: a, envFrom: [{secretRef: {name: one}}]}]}"
    result = expanded(
        profile("emit: all, caCertSecret: vault-ca, auth: {role: r, allowedNamespaces: [shop]}"),
        DEPLOYMENT,
        INTENT,
        deployment("a", pod),
        intent("{dynamic: creds/x, mount: db}", "one"),
    )

    assert [(m.kind, m.name) for m in made(result)] == [
        ("ServiceAccount", "payments"),
        ("ServiceAccount", "web"),
        ("Role", "vault-operator"),
        ("RoleBinding", "vault-operator"),
        ("VaultConnection", "vault"),
        ("VaultAuthGlobal", "vault"),
        ("VaultAuth", "vault-payments"),
        ("VaultAuth", "vault-web"),
        ("VaultStaticSecret", "payments"),
        ("VaultDynamicSecret", "one"),
    ]
    assert spec_of(result, "VaultAuthGlobal") == {
        "allowedNamespaces": ["shop"],
        "vaultConnectionRef": "vault",
        "defaultAuthMethod": "kubernetes",
        "defaultMount": "kubernetes",
        "kubernetes": {"role": "r", "tokenExpirationSeconds": 600},
    }
    assert spec_of(result, "VaultAuth", "vault-web") == {
        "vaultAuthGlobalRef": {"name": "vault"},
        "allowedNamespaces": ["shop"],
        "kubernetes": {"serviceAccount": "web", "tokenExpirationSeconds": 600},
    }
    role = next(m for m in made(result) if m.kind == "Role")
    assert role.body["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["one", "payments"],
            "verbs": ["get", "update", "patch", "delete"],
        },
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["vault-ca"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["payments", "web"], "verbs": ["get"]},
        {
            "apiGroups": [""],
            "resources": ["serviceaccounts/token"],
            "resourceNames": ["payments", "web"],
            "verbs": ["create"],
        },
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["a", "payments"],
            "verbs": ["get", "patch"],
        },
    ]
    binding = next(m for m in made(result) if m.kind == "RoleBinding")
    assert binding.body["subjects"] == [
        {
            "kind": "ServiceAccount",
            "name": "vault-secrets-operator-controller-manager",
            "namespace": "vault-secrets-operator-system",
        }
    ]


def test_an_account_that_others_keep_does_not_name_the_login() -> None:
    """Two Applications of one namespace may log in with the same outside account, and must not share an object."""
    own = expanded(PROFILE, DEPLOYMENT.replace("serviceAccountName: payments", "serviceAccountName: runner"), INTENT)
    outside = expanded(
        PROFILE.replace("spec:\n", "spec:\n  serviceAccounts: external\n"),
        DEPLOYMENT.replace("serviceAccountName: payments", "serviceAccountName: runner"),
        INTENT,
    )

    assert [(m.kind, m.name) for m in made(own)][:3] == [
        ("ServiceAccount", "runner"),
        ("VaultConnection", "runner"),
        ("VaultAuth", "runner"),
    ]
    assert [(m.kind, m.name) for m in made(outside)][:2] == [("VaultConnection", "payments"), ("VaultAuth", "payments")]
    assert spec_of(outside, "VaultAuth")["kubernetes"]["serviceAccount"] == "runner"
