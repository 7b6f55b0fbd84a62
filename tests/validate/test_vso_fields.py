"""Fields of hand-written objects: every known mistake gives its right form, every correct object gives nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keywave.objects.vso_schemas import SPEC_SCHEMAS, UNCHECKED_KINDS
from keywave.validate.right_forms import UNKNOWN, WRONG_TYPE, duration_hint

Told = Callable[..., list[str]]


def document(kind: str, spec: str, version: str = "v1beta1") -> str:
    return f"apiVersion: secrets.hashicorp.com/{version}\nkind: {kind}\nmetadata: {{name: x, namespace: apps}}\nspec: {spec}\n"


STATIC = "mount: kv, path: app, type: kv-v2, destination: {name: app, create: true}"
DYNAMIC = "mount: database, path: creds/app, destination: {name: app, create: true}"
PKI = "mount: pki, role: app, ttl: 30d, expiryOffset: 240h, destination: {name: app, create: true, type: kubernetes.io/tls}"
AUTH = "method: kubernetes, mount: kubernetes, kubernetes: {role: app, serviceAccount: app}"
CONNECTION = "address: 'https://vault:8200'"

RIGHT = {
    "the least static secret": ("VaultStaticSecret", STATIC),
    "a static secret with everything": (
        "VaultStaticSecret",
        f"namespace: admin/a, version: 3, refreshAfter: 1.5h, hmacSecretData: true, syncConfig: {{instantUpdates: true}}, "
        f"{STATIC.replace('create: true', 'create: true, overwrite: true, labels: {a: b}, annotations: {a: b}, type: Opaque')}",
    ),
    "a dynamic secret": (
        "VaultDynamicSecret",
        f"{DYNAMIC}, renewalPercent: 90, requestHTTPMethod: PUT, params: {{a: b}}",
    ),
    "a certificate": ("VaultPKISecret", f"{PKI}, altNames: [a], ipSans: ['10.0.0.1'], format: pem, notAfter: x"),
    "a login": ("VaultAuth", AUTH),
    "a connection": ("VaultConnection", CONNECTION),
    "a shared transformation": (
        "SecretTransformation",
        "templates: {a: {text: x}}, sourceTemplates: [{name: a, text: b}]",
    ),
    "an empty transformation": ("SecretTransformation", "{}"),
    "a variable of Flux where a number belongs": ("VaultStaticSecret", f"{STATIC}, version: '${{VERSION}}'"),
    "a variable of Flux where a duration belongs": ("VaultStaticSecret", f"{STATIC}, refreshAfter: '${{REFRESH}}'"),
}


@pytest.mark.parametrize(("kind", "spec"), RIGHT.values(), ids=RIGHT)
def test_right_objects_give_nothing(kind: str, spec: str, told: Told) -> None:
    assert told(document(kind, spec if spec.startswith("{") else f"{{{spec}}}"), target="flux") == []


REMOTE = (
    "that is External Secrets' form; this operator takes the whole secret at spec.path, and keys are chosen and renamed by "
    "spec.destination.transformation (templates, includes, excludes)"
)
SECRET_REF = 'the name of the Secret as text: {field}: vault-credentials; its key must be "{key}"'

WRONG = {
    "transformation one level too high": (
        "VaultStaticSecret",
        f"{STATIC}, transformation: {{excludeRaw: true}}",
        'error KW5001 $.spec.transformation: unknown field "transformation" -> '
        "it belongs one level deeper: spec.destination.transformation",
    ),
    "data of External Secrets": (
        "VaultStaticSecret",
        f"{STATIC}, data: [{{secretKey: a, remoteRef: {{key: b}}}}]",
        f'error KW5001 $.spec.data: unknown field "data" -> {REMOTE}',
    ),
    "revocationOnDelete on a certificate": (
        "VaultPKISecret",
        f"{PKI}, revocationOnDelete: true",
        'error KW5001 $.spec.revocationOnDelete: unknown field "revocationOnDelete" -> write spec.revoke: true',
    ),
    "revocationOnDelete on a lease": (
        "VaultDynamicSecret",
        f"{DYNAMIC}, revocationOnDelete: true",
        'error KW5001 $.spec.revocationOnDelete: unknown field "revocationOnDelete" -> '
        "leases are always revoked on deletion: leave the field out",
    ),
    "renewBefore on a certificate": (
        "VaultPKISecret",
        f"{PKI}, renewBefore: 24h",
        'error KW5001 $.spec.renewBefore: unknown field "renewBefore" -> '
        "write spec.expiryOffset: how long before its end the certificate is issued anew",
    ),
    "secretName": (
        "VaultStaticSecret",
        f"{STATIC}, secretName: app",
        'error KW5001 $.spec.secretName: unknown field "secretName" -> the Secret\'s name is spec.destination.name',
    ),
    "options.role": (
        "VaultPKISecret",
        f"{PKI}, options: {{role: app}}",
        'error KW5001 $.spec.options: unknown field "options" -> the role is spec.role',
    ),
    "a CA Secret as an object": (
        "VaultConnection",
        f"{CONNECTION}, caCertSecretRef: {{name: ca, key: ca.crt}}",
        "error KW5003 $.spec.caCertSecretRef: spec.caCertSecretRef: must be text, not a mapping -> "
        + SECRET_REF.format(field="caCertSecretRef", key="ca.crt"),
    ),
    "an AppRole Secret as an object": (
        "VaultAuth",
        "method: appRole, mount: approle, appRole: {roleId: x, secretRef: {name: a, key: id}}",
        "error KW5003 $.spec.appRole.secretRef: spec.appRole.secretRef: must be text, not a mapping -> "
        + SECRET_REF.format(field="secretRef", key="id"),
    ),
    "a field of another kind": (
        "VaultAuth",
        f"{AUTH}, rolloutRestartTargets: []",
        'error KW5001 $.spec.rolloutRestartTargets: unknown field "rolloutRestartTargets" -> ',
    ),
    "type: database on a static secret": (
        "VaultStaticSecret",
        STATIC.replace("kv-v2", "database"),
        'error KW5004 $.spec.type: spec.type: must be one of "kv-v1", "kv-v2", not "database" -> '
        "credentials that Vault issues are a VaultDynamicSecret: mount: database, path: creds/ROLE",
    ),
    "type: database on a dynamic secret": (
        "VaultDynamicSecret",
        f"{DYNAMIC}, type: database",
        'error KW5001 $.spec.type: unknown field "type" -> '
        "a dynamic secret has no type: spec.mount and spec.path (creds/ROLE) say which engine it is",
    ),
    "days in expiryOffset": (
        "VaultPKISecret",
        PKI.replace("expiryOffset: 240h", "expiryOffset: 3d"),
        'error KW5004 $.spec.expiryOffset: spec.expiryOffset: "3d" does not have the right form -> write 72h',
    ),
    "a duration of two parts": (
        "VaultStaticSecret",
        f"{STATIC}, refreshAfter: 1h30m",
        'error KW5004 $.spec.refreshAfter: spec.refreshAfter: "1h30m" does not have the right form -> write 90m',
    ),
    "a bare number as a duration": (
        "VaultStaticSecret",
        f"{STATIC}, refreshAfter: '30'",
        'error KW5004 $.spec.refreshAfter: spec.refreshAfter: "30" does not have the right form -> '
        "one number and one unit: 30s, 5m, 720h",
    ),
    "a reference as an object": (
        "VaultStaticSecret",
        f"{STATIC}, vaultAuthRef: {{name: auth, namespace: vault}}",
        "error KW5003 $.spec.vaultAuthRef: spec.vaultAuthRef: must be text, not a mapping -> write vaultAuthRef: vault/auth",
    ),
    "a misspelt field": (
        "VaultStaticSecret",
        f"{STATIC}, refreshafter: 1h",
        'error KW5001 $.spec.refreshafter: unknown field "refreshafter" -> did you mean "refreshAfter"?',
    ),
    "a number where a text belongs": (
        "VaultStaticSecret",
        STATIC.replace("path: app", "path: 12"),
        "error KW5003 $.spec.path: spec.path: must be text, not a whole number -> put the value in quotes",
    ),
    "more than 90 percent": (
        "VaultDynamicSecret",
        f"{DYNAMIC}, renewalPercent: 95",
        "error KW5004 $.spec.renewalPercent: spec.renewalPercent: must be at most 90, is 95 -> ",
    ),
    "a role beside its block": (
        "VaultAuth",
        f"{AUTH}, role: app",
        'error KW5001 $.spec.role: unknown field "role" -> '
        "login settings stand in the method's own block: spec.kubernetes.role (or jwt, appRole, aws, gcp)",
    ),
    "a Vault namespace on the connection": (
        "VaultConnection",
        f"{CONNECTION}, namespace: admin",
        'error KW5001 $.spec.namespace: unknown field "namespace" -> '
        "the Vault namespace is set on VaultAuth or on the secret object (spec.namespace)",
    ),
    "no path": (
        "VaultStaticSecret",
        STATIC.replace("path: app, ", ""),
        'error KW5002 $.spec: spec: required field "path" is missing -> ',
    ),
    "a name as the destination": (
        "VaultStaticSecret",
        "mount: kv, path: app, type: kv-v2, destination: app",
        "error KW5003 $.spec.destination: spec.destination: must be a mapping, not text -> "
        "it is a mapping: destination: {name: my-secret, create: true}",
    ),
}


@pytest.mark.parametrize(("kind", "spec", "expected"), WRONG.values(), ids=WRONG)
def test_wrong_fields_give_the_right_form(kind: str, spec: str, expected: str, told: Told) -> None:
    found = told(document(kind, f"{{{spec}}}"))

    assert [line for line in found if "KW50" in line] == [expected]


def test_a_restart_target_has_no_namespace(told: Told) -> None:
    targets = "rolloutRestartTargets: [{kind: Deployment, name: web, namespace: other}]"
    found = told(document("VaultStaticSecret", f"{{{STATIC}, {targets}}}"))

    assert found[0] == (
        'error KW5001 $.spec.rolloutRestartTargets[0].namespace: unknown field "namespace" -> '
        "targets are in the object's own namespace: leave the field out"
    )


def test_all_problems_are_told_at_once(told: Told) -> None:
    found = told(document("VaultStaticSecret", "{mount: 1, type: kv, refreshAfter: x, foo: 1, destination: {}}"))

    assert [line.split(":")[0] for line in found] == [
        "error KW5002 $.spec",
        "error KW5003 $.spec.mount",
        "error KW5004 $.spec.type",
        "error KW5004 $.spec.refreshAfter",
        "error KW5001 $.spec.foo",
        "error KW5002 $.spec.destination",
    ]


NO_SPEC = {
    "missing": ("", ['error KW5002 $.spec: spec: required field "address" is missing -> ']),
    "null": ("spec:\n", ['error KW5002 $.spec: spec: required field "address" is missing -> ']),
    "a text": (
        "spec: x\n",
        [
            "error KW5003 $.spec: spec: must be a mapping, not text"
            " -> write a mapping: {name: value}, or one line name: value for each entry"
        ],
    ),
    "its fields at the top": (
        "address: 'https://v'\nspec: {address: 'https://v'}\n",
        ['error KW5001 $.address: unknown field "address" -> it belongs into spec'],
    ),
}


@pytest.mark.parametrize(("rest", "expected"), NO_SPEC.values(), ids=NO_SPEC)
def test_a_spec_that_is_no_spec(rest: str, expected: list[str], told: Told) -> None:
    head = "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultConnection\nmetadata: {name: x}\n"

    assert told(head + rest) == expected


KINDS = {
    "an old version": (
        "apiVersion: secrets.hashicorp.com/v1alpha1\nkind: VaultConnection",
        ["error KW5006 $.apiVersion: VaultConnection has no version v1alpha1 -> write secrets.hashicorp.com/v1beta1"],
    ),
    "a misspelt kind": (
        "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultStaticSecrets",
        [
            'error KW5006 $.kind: secrets.hashicorp.com has no kind VaultStaticSecrets -> did you mean "VaultStaticSecret"?'
        ],
    ),
    "a version that goes": (
        "apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret",
        [
            "warning KW5006 $.apiVersion: version v1beta1 of ExternalSecret is on its way out -> write external-secrets.io/v1"
        ],
    ),
    "a kind that has no newer version": ("apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret", []),
    "a current External Secrets kind": ("apiVersion: external-secrets.io/v1\nkind: SecretStore", []),
    "another group": ("apiVersion: example.com/v9\nkind: VaultStaticSecret", []),
}


@pytest.mark.parametrize(("head", "expected"), KINDS.values(), ids=KINDS)
def test_kinds_and_versions(head: str, expected: list[str], told: Told) -> None:
    found = told(f"{head}\nmetadata: {{name: x}}\nspec: {{address: 'https://v'}}\n")

    assert [line for line in found if "KW5006" in line] == expected


@pytest.mark.parametrize("kind", UNCHECKED_KINDS)
def test_kinds_out_of_scope_pass(kind: str, told: Told) -> None:
    assert told(document(kind, "{anything: [1]}")) == []


PROFILE = """
---
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {{name: vault}}
spec:
  address: https://vault:8200
  operator: {{kind: vso, version: {version}}}
"""


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (
            "1.2.0",
            [
                "error KW5005 $.spec.caCertPath: caCertPath came with operator 1.3.0; the profile says 1.2.0 -> "
                "leave it out, or set operator.version in the VaultProfile to the version that runs"
            ],
        ),
        ("1.3.0", []),
    ],
)
def test_newer_fields_are_gated_by_the_operators_version(version: str, expected: list[str], told: Told) -> None:
    connection = document("VaultConnection", f"{{{CONNECTION}, caCertPath: /ca.pem}}")
    found = told(connection + PROFILE.format(version=version))

    assert found == expected


def test_a_removed_field(told: Told) -> None:
    auth = document("VaultAuth", "{method: appRole, mount: approle, appRole: {roleId: x, secretIDPath: /id}}")
    found = told(auth + PROFILE.format(version="1.5.0"))

    assert found == [
        "error KW5005 $.spec.appRole.secretIDPath: appRole.secretIDPath was removed in operator 1.5.0; the profile says 1.5.0 -> "
        "use appRole.secretRef: the Secret's key id holds the secret ID"
    ]


def test_the_table_of_right_forms_names_no_field_that_exists() -> None:
    def exists(kind: str, dotted: str) -> bool:
        schema = SPEC_SCHEMAS[kind]
        for key in dotted.split("."):
            schema = schema.get("items", schema)
            if key not in schema.get("properties", {}):
                return False
            schema = schema["properties"][key]
        return True

    secrets = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")

    assert [entry for entry in UNKNOWN if entry[0] and exists(*entry)] == []
    assert [dotted for kind, dotted in UNKNOWN if not kind and any(exists(s, dotted) for s in secrets)] == []
    assert [dotted for dotted in WRONG_TYPE if not any(exists(kind, dotted) for kind in SPEC_SCHEMAS)] == []


@pytest.mark.parametrize(
    ("value", "days", "expected"),
    [
        ("30d", False, "write 720h"),
        ("2w", False, "write 336h"),
        ("1h30m", False, "write 90m"),
        ("90m30s", False, "write 5430s"),
        ("500ms", False, "write 0.5s"),
        ("15", True, "one number and one unit: 30s, 5m, 720h, 30d"),
        ("soon", False, ""),
        ("5 min", False, ""),
    ],
)
def test_durations_are_rewritten_into_one_unit(value: str, days: bool, expected: str) -> None:
    assert duration_hint(value, days=days) == expected
