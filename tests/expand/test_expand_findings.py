"""What expansion refuses or warns of: one case a code, with its place."""

from __future__ import annotations

import pytest
from builders import DEPLOYMENT, INTENT, PROFILE, codes, deployment, expanded, intent, profile

from keywave.codes.expanding import CODES

POD = "{serviceAccountName: %s, containers: [{name: app, envFrom: [{secretRef: {name: payments}}]}]}"
BARE = "{containers: [{name: app, envFrom: [{secretRef: {name: payments}}]}]}"
FAN_IN = "{sources: {app: {kv: a, keys: {A: a}}, stripe: {kv: b, keys: {B: b}}}%s}"

CASES = {
    "a pattern that is not rendered": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, deliver: sidecar}")],
        [("KW3001", "$.spec.deliver")],
    ),
    "the profile's pattern is not rendered": (
        [PROFILE + "  deliver: csi\n", DEPLOYMENT, intent("{kv: a}")],
        [("KW3001", "$.spec")],
    ),
    "nobody uses it and nobody says who logs in": ([PROFILE, INTENT], [("KW3002", "$.spec")]),
    "a consumer that is not there is told once": (
        [PROFILE, intent("{kv: a, consumers: [{workload: gone, envFrom: true}]}")],
        [("KW2005", "$.spec.consumers[0].workload")],
    ),
    "two workloads with different accounts": (
        [PROFILE, INTENT, deployment("a", POD % "one"), deployment("b", POD % "two")],
        [("KW3003", "$.spec")],
    ),
    "the default account": ([PROFILE, INTENT, deployment("a", BARE)], [("KW3004", "$.spec")]),
    "a template over several Secrets": (
        [PROFILE, intent(FAN_IN % ", templates: {DSN: '{{ get .Secrets \"A\" }}'}, serviceAccount: x")],
        [("KW3005", "$.spec.templates")],
    ),
    "one Secret expected from a fan-in": (
        [PROFILE, DEPLOYMENT, intent(FAN_IN % "")],
        [("KW2009", "$.spec.template.spec.containers[0].envFrom[0].secretRef.name")],
    ),
    "a template reads a key by its Vault name": (
        [
            PROFILE,
            DEPLOYMENT,
            intent("{kv: a, keys: {USER: username}, templates: {D: '{{ get .Secrets \"username\" }}'}}"),
        ],
        [("KW3006", "$.spec.templates.D")],
    ),
    "a TLS Secret without its keys": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, keys: {tls.crt: cert}, type: kubernetes.io/tls}")],
        [("KW3007", "$.spec.type")],
    ),
    "templates take the keys of a certificate away": (
        [PROFILE, DEPLOYMENT, intent("{pki: web, commonName: a.b, ttl: 720h, templates: {x: z}}")],
        [("KW3007", "$.spec")],
    ),
    "a bundle with the private key in a TLS Secret": (
        [PROFILE, DEPLOYMENT, intent("{pki: web, commonName: a.b, ttl: 720h, format: pem_bundle}")],
        [("KW3017", "$.spec.format")],
    ),
    "a bundle in an Opaque Secret": (
        [PROFILE, DEPLOYMENT, intent("{pki: web, commonName: a.b, ttl: 720h, format: pem_bundle, type: Opaque}")],
        [],
    ),
    "a client certificate": (
        [profile("auth: {role: r}, tls: {clientCertSecret: mtls}"), DEPLOYMENT, INTENT],
        [("KW3008", "$.spec")],
    ),
    "no comparison, so no restart and no second read": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, hmacSecretData: false}")],
        [("KW3009", "$.spec.hmacSecretData"), ("KW3010", "$.spec.hmacSecretData")],
    ),
    "a transformation that nobody defines": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, transformations: [dsn]}")],
        [("KW3011", "$.spec.transformations[0]")],
    ),
    "a raw field that the kind does not have": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, vso: {refreshAfterr: 1m}}")],
        [("KW3012", "$.spec.vso.refreshAfterr")],
    ),
    "a raw null takes away what the kind needs": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, vso: {mount: null}}")],
        [("KW3012", "$.spec.vso")],
    ),
    "a raw name of the Secret": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, vso: {destination: {name: other}}}")],
        [("KW3016", "$.spec.vso.destination.name")],
    ),
    "the same name as a raw field": (
        [PROFILE, DEPLOYMENT, intent("{kv: a, vso: {destination: {name: payments}}}")],
        [],
    ),
    "a field that came later than the operator": (
        [
            profile("auth: {role: r}, caCertPath: /ca.crt, operator: {version: 1.2.0}"),
            DEPLOYMENT,
            INTENT,
        ],
        [("KW3013", "$.spec.caCertPath")],
    ),
    "a field that the operator no longer has": (
        [
            profile("auth: {method: appRole, roleId: a, secretIDPath: /run/id}, operator: {version: 1.5.0}"),
            DEPLOYMENT,
            INTENT,
        ],
        [("KW3013", "$.spec.auth.secretIDPath")],
    ),
    "a raw field that came later": (
        [PROFILE, DEPLOYMENT, intent("{dynamic: creds/x, vso: {syncConfig: {instantUpdates: true}}}")],
        [("KW3013", "$.spec.vso.syncConfig")],
    ),
    "an object of that name in the tree": (
        [
            PROFILE,
            DEPLOYMENT,
            INTENT,
            "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultAuth\nmetadata: {name: payments, namespace: shop}\n",
        ],
        [("KW3014", "$.metadata.name")],
    ),
    "two transformations that get one name": (
        [
            profile("auth: {role: r}, transformations: {a-b: {templates: {X: x}}, b: {templates: {Z: z}}}"),
            DEPLOYMENT,
            deployment(
                "other",
                "{serviceAccountName: payments-a, containers: [{name: c, envFrom: [{secretRef: {name: two}}]}]}",
            ),
            intent("{kv: a, transformations: [a-b]}"),
            intent("{kv: b, transformations: [b]}", name="two"),
        ],
        [("KW3015", "$.metadata.name")],
    ),
}


@pytest.mark.parametrize(("documents", "expected"), CASES.values(), ids=CASES)
def test_each_problem_is_found_at_its_place(documents: list[str], expected: list[tuple[str, str]]) -> None:
    assert codes(expanded(*documents)) == expected


def test_every_code_of_expansion_has_a_case() -> None:
    seen = {code for _, expected in CASES.values() for code, _ in expected}

    assert set(CODES) - seen == set()


def test_several_problems_are_told_at_once() -> None:
    result = expanded(PROFILE, DEPLOYMENT, intent("{kv: a, hmacSecretData: false, transformations: [x], vso: {y: 1}}"))

    assert sorted(code for code, _ in codes(result)) == ["KW3009", "KW3010", "KW3011", "KW3012"]


def test_a_renamed_key_is_named_in_the_hint() -> None:
    spec = "{kv: a, keys: {USER: username}, templates: {D: '{{ .Secrets.username }}'}}"

    (finding,) = expanded(PROFILE, DEPLOYMENT, intent(spec)).findings

    assert finding.hint == 'username is called USER here: get .Secrets "USER"'
