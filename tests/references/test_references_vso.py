"""References of the operator's kinds: what is read, as whom, and where that is written."""

from __future__ import annotations

import pytest
from references.reference_trees import asked, bare, found, login_spots, one, spots

from keywave.references.model import Certificate, Connection, Identity

PROFILE = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, role: "{namespace}-{serviceAccount}", audiences: [vault]}
  kv: {mount: kv, prefix: dev/}
  dynamic: {mount: database}
  pki: {mount: pki}
"""
INTENT = """
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {name: payments, namespace: shop}
"""
CONNECTION = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultConnection
metadata: {name: vault, namespace: shop}
spec: {address: "https://vault.example.com:8200", headers: {X-Vault-Namespace: team}, tlsServerName: v, caCertSecretRef: ca}
"""
AUTH = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultAuth
metadata: {name: app, namespace: shop}
spec:
  vaultConnectionRef: vault
  method: kubernetes
  mount: kubernetes
  kubernetes: {role: app, serviceAccount: web, audiences: [vault]}
"""
STATIC = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultStaticSecret
metadata: {name: config, namespace: shop}
"""


def static(spec: str, namespace: str = "shop") -> str:
    body = f"mount: kv, type: kv-v2, path: app, destination: {{name: s, create: true}}{spec}"
    return STATIC.replace("namespace: shop", f"namespace: {namespace}") + f"spec: {{{body}}}\n"


def test_an_intents_kv_source_asks_for_the_vault_side_keys() -> None:
    reference = one(
        PROFILE, INTENT + "spec: {kv: config, keys: {A: a, B: b}, serviceAccount: web, version: 3, refreshAfter: 5m}"
    )

    assert asked(reference) == ("kv", "kv", "dev/config", 2, 3, ("a", "b"))
    assert reference.refresh_after == 300
    assert spots(reference) == {
        "path": ("SecretIntent", "spec.kv"),
        "mount": ("VaultProfile", "spec.kv.mount"),
        "version": ("SecretIntent", "spec.version"),
        "refresh": ("SecretIntent", "spec.refreshAfter"),
        "key:a": ("SecretIntent", "spec.keys.A"),
        "key:b": ("SecretIntent", "spec.keys.B"),
    }


def test_a_made_login_points_into_the_profile_and_the_intent() -> None:
    identity = one(PROFILE, INTENT + "spec: {kv: config, serviceAccount: web}").identity

    assert bare(identity) == Identity(
        known=True,
        label="VaultAuth shop/payments",
        method="kubernetes",
        mount="kubernetes",
        role="shop-web",
        namespace="shop",
        service_account="web",
        audiences=("vault",),
        vault=Connection("https://vault.example.com:8200"),
    )
    assert identity.vault.profile == "vault"
    assert login_spots(identity) == {
        "login": ("VaultProfile", "spec.auth"),
        "role": ("VaultProfile", "spec.auth.role"),
        "mount": ("VaultProfile", "spec.auth.mount"),
        "method": ("VaultProfile", "spec.auth.method"),
        "audience": ("VaultProfile", "spec.auth.audiences"),
        "roleId": ("VaultProfile", "spec.auth.roleId"),
        "serviceAccount": ("SecretIntent", "spec.serviceAccount"),
    }


def test_the_login_is_the_same_through_a_made_global() -> None:
    source = INTENT + "spec: {kv: config, serviceAccount: web}"
    own, shared = (one(PROFILE + extra, source).identity for extra in ("", "  emit: all\n"))

    assert own.known
    assert shared.known
    assert own.key == shared.key


@pytest.mark.parametrize("operator", ["vso", "keywave"])
def test_each_source_of_a_fan_in_is_a_reference_of_its_own(operator: str) -> None:
    result = found(
        PROFILE + f"  operator: {{kind: {operator}}}\n",
        INTENT
        + "spec: {serviceAccount: web, sources: {app: {kv: one, keys: {A: a}}, db: {dynamic: creds/x, keys: {B: b}}}}",
    )

    assert sorted((asked(reference) for reference in result.references), key=str) == [
        ("dynamic", "database", "creds/x", None, None, ("b",)),
        ("kv", "kv", "dev/one", 2, None, ("a",)),
    ]
    assert {spots(r)["path"] for r in result.references} == {
        ("SecretIntent", "spec.sources.app.kv"),
        ("SecretIntent", "spec.sources.db.dynamic"),
    }


def test_an_intents_certificate() -> None:
    reference = one(
        PROFILE,
        INTENT + "spec: {pki: web, services: [pay], ttl: 72h, issuer: main, ipSans: [10.0.0.1], serviceAccount: web}",
    )

    assert asked(reference) == ("pki", "pki", "web", None, None, ())
    assert reference.certificate == Certificate(
        common_name="pay.shop.svc",
        alt_names=("pay.shop.svc", "pay.shop.svc.cluster.local"),
        ip_sans=("10.0.0.1",),
        ttl=259200,
        expiry_offset=86400,
        issuer="main",
    )
    assert spots(reference)["altNames"] == ("SecretIntent", "spec.services")
    assert reference.params == {
        "common_name": "pay.shop.svc",
        "alt_names": "pay.shop.svc,pay.shop.svc.cluster.local",
        "ip_sans": "10.0.0.1",
        "uri_sans": "",
        "other_sans": "",
        "ttl": "72h",
        "not_after": "",
        "exclude_cn_from_sans": "false",
        "remove_roots_from_chain": "true",
    }


def test_a_template_of_an_intent_names_the_keys_where_keys_do_not() -> None:
    text = """'{{ get .Secrets "user" }}{{ if .Secrets.maybe }}{{ .Secrets.more }}{{ end }}'"""
    reference = one(PROFILE, INTENT + f"spec: {{kv: config, serviceAccount: web, templates: {{URL: {text}}}}}")

    assert reference.keys == ("user",)
    assert spots(reference)["key:user"] == ("SecretIntent", "spec.templates.URL")


def test_a_hand_written_object_through_its_login_to_its_connection() -> None:
    reference = one(static(", vaultAuthRef: app, version: 2, refreshAfter: 1h"), AUTH, CONNECTION)

    vault = Connection("https://vault.example.com:8200", "", "ca", "v")
    assert (asked(reference), reference.vault, reference.vault_namespace, reference.refresh_after) == (
        ("kv", "kv", "app", 2, 2, ()),
        vault,
        "team",
        3600,
    )
    assert bare(reference.identity) == Identity(
        True, "VaultAuth shop/app", "kubernetes", "kubernetes", "app", "team", "shop", "web", ("vault",), "", vault
    )
    assert login_spots(reference.identity) == {
        "login": ("VaultAuth", "spec"),
        "role": ("VaultAuth", "spec.kubernetes.role"),
        "audience": ("VaultAuth", "spec.kubernetes.audiences"),
        "serviceAccount": ("VaultAuth", "spec.kubernetes.serviceAccount"),
        "mount": ("VaultAuth", "spec.mount"),
        "method": ("VaultAuth", "spec.method"),
    }


def test_the_service_account_is_that_of_the_objects_own_namespace() -> None:
    identity = one(static(", vaultAuthRef: shop/app", "other"), AUTH, CONNECTION).identity

    assert (identity.label, identity.namespace, identity.service_account) == ("VaultAuth shop/app", "other", "web")


def test_a_vault_namespace_on_the_object_goes_before_that_of_the_login() -> None:
    reference = one(static(", vaultAuthRef: app, namespace: mine"), AUTH + "  namespace: theirs\n", CONNECTION)

    assert (reference.vault_namespace, reference.identity.vault_namespace) == ("mine", "theirs")


@pytest.mark.parametrize(
    ("reference", "label"),
    [(", vaultAuthRef: gone", "VaultAuth shop/gone"), ("", "the operator's default VaultAuth")],
)
def test_a_login_that_is_not_in_the_tree_is_not_known(reference: str, label: str) -> None:
    assert one(static(reference), AUTH, CONNECTION).identity == Identity(False, label)


def test_the_operators_default_is_found_where_it_is_in_the_tree() -> None:
    default = AUTH.replace("name: app, namespace: shop", "name: default, namespace: vault-secrets-operator-system")

    identity = one(static(""), default, CONNECTION).identity

    assert (identity.known, identity.label) == (True, "VaultAuth vault-secrets-operator-system/default")


GLOBAL = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultAuthGlobal
metadata: {name: shared, namespace: shop}
spec:
  vaultConnectionRef: vault
  defaultAuthMethod: kubernetes
  defaultMount: k8s-default
  defaultVaultNamespace: ns-default
"""


@pytest.mark.parametrize(
    ("global_fields", "auth_fields", "expected"),
    [
        ("", "kubernetes: {role: own, serviceAccount: web}", ("k8s-default", "own", "ns-default", "web")),
        (
            "  kubernetes: {role: theirs, serviceAccount: all, mount: k8s-block, namespace: ns-block}\n",
            "kubernetes: {role: own}",
            ("k8s-block", "own", "ns-block", "all"),
        ),
        (
            "  kubernetes: {role: theirs, serviceAccount: all, mount: k8s-block}\n",
            "mount: k8s-own, namespace: ns-own",
            ("k8s-own", "theirs", "ns-own", "all"),
        ),
    ],
    ids=["the global's defaults", "the global's block", "the own fields"],
)
def test_a_global_is_merged_field_by_field(
    global_fields: str, auth_fields: str, expected: tuple[str, str, str, str]
) -> None:
    auth = AUTH.partition("spec:")[0] + f"spec: {{vaultAuthGlobalRef: {{name: shared}}, {auth_fields}}}\n"

    who = one(static(", vaultAuthRef: app"), auth, GLOBAL + global_fields, CONNECTION).identity

    assert (who.mount, who.role, who.vault_namespace, who.service_account) == expected
    assert (who.known, who.method, who.vault.address) == (True, "kubernetes", "https://vault.example.com:8200")


def test_a_login_whose_global_is_elsewhere_is_not_known() -> None:
    auth = AUTH + "  vaultAuthGlobalRef: {name: elsewhere, namespace: platform}\n"

    assert not one(static(", vaultAuthRef: app"), auth, CONNECTION).identity.known


def test_a_hand_written_dynamic_secret_with_params_is_a_put() -> None:
    manifest = STATIC.replace("VaultStaticSecret", "VaultDynamicSecret") + (
        "spec: {mount: aws, path: creds/ro, params: {ttl: 1h}, renewalPercent: 50, allowStaticCreds: true, "
        "destination: {name: s}}"
    )

    reference = one(manifest)

    assert asked(reference) == ("dynamic", "aws", "creds/ro", None, None, ())
    assert (reference.method, reference.params, reference.renewal_percent, reference.allow_static_creds) == (
        "PUT",
        {"ttl": "1h"},
        50,
        True,
    )


def test_templates_of_a_hand_written_object_name_keys() -> None:
    destination = (
        "spec: {mount: kv, type: kv-v1, path: app, destination: {name: s, transformation: {templates: "
        """{u: {text: '{{ get .Secrets "user" }}{{ .Secrets.pw }}{{ .Secrets.host | default "x" }}'}}}}}"""
    )

    reference = one(STATIC + destination)

    assert asked(reference) == ("kv", "kv", "app", 1, None, ("pw", "user"))
    assert spots(reference)["key:pw"] == ("VaultStaticSecret", "spec.destination.transformation.templates.u.text")


def test_what_flux_fills_in_later_is_skipped_and_counted() -> None:
    result = found(static("").replace("path: app", "path: '${APP}'"))

    assert (result.references, [reference.path for reference in result.skipped]) == ((), ["${APP}"])


def test_a_login_that_flux_fills_in_later_is_not_known() -> None:
    reference = one(static(", vaultAuthRef: app"), AUTH.replace("role: app", "role: '${ROLE}'"), CONNECTION)

    assert (reference.path, reference.identity.known) == ("app", False)


def test_with_a_login_that_others_keep_the_profile_still_says_which_vault() -> None:
    reference = one(PROFILE + "  emit: refs\n  refs: {auth: platform/shared}\n", INTENT + "spec: {kv: config}")

    vault = Connection("https://vault.example.com:8200", "vault")
    assert reference.vault == vault
    assert reference.identity == Identity(False, "VaultAuth platform/shared", vault=vault)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            "method: jwt, mount: jwt, jwt: {role: r, serviceAccount: web, audiences: [a, b]}",
            ("jwt", "jwt", "r", "web", "", ("a", "b")),
        ),
        (
            "method: appRole, mount: auth/approle/, appRole: {roleId: rid, secretRef: s}",
            ("appRole", "approle", "", "", "rid", ()),
        ),
        ("method: aws, mount: aws, aws: {role: r, irsaServiceAccount: irsa}", ("aws", "aws", "r", "irsa", "", ())),
        (
            "method: gcp, mount: gcp, gcp: {role: r, workloadIdentityServiceAccount: wi}",
            ("gcp", "gcp", "r", "wi", "", ()),
        ),
    ],
    ids=["jwt", "appRole", "aws", "gcp"],
)
def test_logins_of_each_method(fields: str, expected: tuple[object, ...]) -> None:
    auth = AUTH.partition("spec:")[0] + f"spec: {{vaultConnectionRef: vault, {fields}}}\n"

    who = one(static(", vaultAuthRef: app"), auth, CONNECTION).identity

    assert (who.method, who.mount, who.role, who.service_account, who.role_id, who.audiences) == expected


@pytest.mark.parametrize("issuer", ["main", "main/issue"])
def test_an_issuer_is_known_by_its_name_alone(issuer: str) -> None:
    manifest = STATIC.replace("VaultStaticSecret", "VaultPKISecret") + (
        f"spec: {{mount: pki, role: web, issuerRef: {issuer}, commonName: a, destination: {{name: s}}}}"
    )

    assert one(manifest).certificate == Certificate("a", issuer="main")


def test_objects_that_do_not_say_what_they_read_are_no_references() -> None:
    assert found(STATIC + "spec: {type: kv-v2, path: app, destination: {name: s}}").references == ()


COMPOSITE = """
apiVersion: reconcile.keywave.dev/v1alpha1
kind: VaultCompositeSecret
metadata: {name: all, namespace: shop}
spec:
  vaultAuthRef: app
  refreshAfter: 10m
  sources:
  - {name: a, kv: {mount: kv, type: kv-v2, path: one}, keys: {A: a}}
  - {name: b, pki: {mount: pki, role: web, commonName: x, ttl: 24h}}
  destination: {name: all}
"""


def test_a_hand_written_composite_asks_for_each_of_its_sources() -> None:
    first, second = found(COMPOSITE, AUTH, CONNECTION).references

    assert [asked(first), asked(second)] == [
        ("kv", "kv", "one", 2, None, ("a",)),
        ("pki", "pki", "web", None, None, ()),
    ]
    assert (first.refresh_after, first.identity.role, second.certificate) == (600, "app", Certificate("x", ttl=86400))
    assert spots(first) == {
        "path": ("VaultCompositeSecret", "spec.sources.0.kv.path"),
        "mount": ("VaultCompositeSecret", "spec.sources.0.kv.mount"),
        "type": ("VaultCompositeSecret", "spec.sources.0.kv.type"),
        "key:a": ("VaultCompositeSecret", "spec.sources.0.keys.A"),
    }


def test_a_default_login_of_the_objects_own_namespace_is_not_used_without_a_word() -> None:
    (reference,) = found(CONNECTION, AUTH.replace("name: app", "name: default"), static("")).references

    assert (reference.identity.known, reference.identity.label) == (
        False,
        "the operator's default VaultAuth (VaultAuth shop/default is not used without vaultAuthRef)",
    )
