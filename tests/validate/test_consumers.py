"""References that lead nowhere, keys that nobody gives, intents that nobody uses."""

from __future__ import annotations

import pytest

from keywave.expand import expand, platform_kit
from keywave.findings import Severity
from keywave.intent.load import load
from keywave.objects.yamlio import read_stream
from keywave.validate.consumers import check_consumers
from keywave.validate.nearby import Nearby

PROFILE = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec: {address: "https://vault.example.com:8200", auth: {role: r, serviceAccount: login}, external: [regcred, "team-*"]}
"""


def _intent(spec: str = "{kv: a, keys: {A: a, B: b}}", name: str = "payments", namespace: str = "shop") -> str:
    return f"""
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


def _pod(spec: str, namespace: str = "shop", name: str = "p") -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"


def _from(secret: str, optional: str = "false") -> str:
    return f"{{containers: [{{name: c, envFrom: [{{secretRef: {{name: {secret}, optional: {optional}}}}}]}}]}}"


def _object(api_version: str, kind: str, spec: str, name: str = "x") -> str:
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"


def _check(*documents: str) -> list[tuple[str, str, str]]:
    read = read_stream("\n---\n".join((PROFILE, *documents)).encode(), "tree.yaml")
    loaded = load(read.manifests)
    assert not read.findings + loaded.findings
    findings = check_consumers(expand(loaded).manifests, loaded)
    return [(finding.code, finding.where.path, finding.severity.value) for finding in findings]


ENV_FROM = "$.spec.containers[0].envFrom[0].secretRef.name"
USED = _pod(_from("payments"), name="user")
CASES = {
    "all is well": ([_intent(), USED], []),
    "a slip of the pen": ([_intent(), USED, _pod(_from("paymnets"))], [("KW2001", ENV_FROM, "error")]),
    "another separator": (
        [_intent(name="pay-config"), _pod(_from("pay-config")), _pod(_from("pay.config"), name="q")],
        [("KW2001", ENV_FROM, "error")],
    ),
    "kustomize's prefix passed by": (
        [_intent(name="prod-payments"), _pod(_from("payments"), name="prod-web")],
        [("KW2001", ENV_FROM, "error"), ("KW2004", "$.metadata.name", "warning")],
    ),
    "the intent is in another namespace": (
        [_intent(), USED, _pod(_from("payments"), namespace="other")],
        [("KW2001", ENV_FROM, "error")],
    ),
    "a Secret that nobody makes": ([_pod(_from("unknown"))], [("KW2002", ENV_FROM, "warning")]),
    "a longer name is another Secret": (
        [_intent(), USED, _pod(_from("payments-db"))],
        [("KW2002", ENV_FROM, "warning")],
    ),
    "each Secret once an object": (
        [
            _pod(
                "{imagePullSecrets: [{name: u}, {name: u}], containers: [{name: c, envFrom: [{secretRef: {name: u}}]}]}"
            )
        ],
        [("KW2002", ENV_FROM, "warning")],
    ),
    "an optional reference may dangle": ([_pod(_from("unknown", "true"))], []),
    "a name that Flux fills in later": ([_pod(_from("'${APP}-db'"))], []),
    "a namespace that Flux fills in later": (
        [_intent(namespace="'${NS}'"), _pod(_from("payments"), namespace="'${OTHER}'")],
        [],
    ),
    "what comes from elsewhere": ([_pod(_from("regcred")), _pod(_from("team-a"), name="q")], []),
    "an Ingress without its certificate": (
        [_object("networking.k8s.io/v1", "Ingress", "{tls: [{secretName: web-tls}]}")],
        [("KW2002", "$.spec.tls[0].secretName", "warning")],
    ),
    "a key in the environment": (
        [
            _intent(),
            _pod("{containers: [{name: c, env: [{name: V, valueFrom: {secretKeyRef: {name: payments, key: C}}}]}]}"),
        ],
        [("KW2003", "$.spec.containers[0].env[0].valueFrom.secretKeyRef.key", "error")],
    ),
    "a key as a file": (
        [
            _intent(),
            _pod("{containers: [], volumes: [{name: v, secret: {secretName: payments, items: [{key: C, path: c}]}}]}"),
        ],
        [("KW2003", "$.spec.volumes[0].secret.items[0].key", "error")],
    ),
    "any key of an intent that takes all": (
        [
            _intent("{kv: a}"),
            _pod("{containers: [{name: c, env: [{name: V, valueFrom: {secretKeyRef: {name: payments, key: C}}}]}]}"),
        ],
        [],
    ),
    "the keys of a certificate": (
        [
            _intent("{pki: web, mount: pki, commonName: a.example.com, ttl: 720h}"),
            _pod(
                "{containers: [], volumes: [{name: v, secret: {secretName: payments, "
                "items: [{key: tls.crt, path: a}, {key: ca.crt, path: b}, {key: cert, path: c}]}}]}"
            ),
        ],
        [("KW2003", "$.spec.volumes[0].secret.items[2].key", "error")],
    ),
    "an intent that nothing uses": ([_intent()], [("KW2004", "$.metadata.name", "warning")]),
    "an object of an unknown kind uses it": (
        [_intent(), _object("postgresql.cnpg.io/v1", "Cluster", "{bootstrap: {initdb: {secret: {name: payments}}}}")],
        [],
    ),
    "somebody finds it by its labels": (
        [_intent("{kv: a, labels: {argocd.argoproj.io/secret-type: repository}}")],
        [],
    ),
    "keywave wires it": (
        [
            _intent("{kv: a, consumers: [{workload: w, envFrom: true}]}"),
            _object("apps/v1", "Deployment", "{template: {spec: {containers: [{name: c}]}}}", "w"),
        ],
        [],
    ),
    "a file that never changes": (
        [
            _intent("{kv: a, restart: false}"),
            _pod(
                "{containers: [{name: c, volumeMounts: [{name: v, mountPath: /x, subPath: a}]}], "
                "volumes: [{name: v, secret: {secretName: payments}}]}"
            ),
        ],
        [("KW2011", "$.spec.volumes[0].secret.secretName", "warning")],
    ),
    "a folder that is mounted changes": (
        [
            _intent("{kv: a, restart: false}"),
            _pod(
                "{containers: [{name: c, volumeMounts: [{name: v, mountPath: /x}]}], "
                "volumes: [{name: v, secret: {secretName: payments}}]}"
            ),
        ],
        [],
    ),
    "the Secrets of a fan-in": (
        [
            _intent("{sources: {a: {kv: a, keys: {A: a}}, b: {kv: b}}}"),
            _pod(_from("payments-a")),
            _pod(_from("payments-b"), name="q"),
        ],
        [],
    ),
}


@pytest.mark.parametrize(("documents", "expected"), CASES.values(), ids=CASES)
def test_consumers_are_checked(documents: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert _check(*documents) == expected


CA_CONNECTION = _object("secrets.hashicorp.com/v1beta1", "VaultConnection", "{address: a, caCertSecretRef: %s}")
APPROLE = _object("secrets.hashicorp.com/v1beta1", "VaultAuth", "{appRole: {roleId: a, secretRef: id}}")
CLIENT = CA_CONNECTION.replace(", caCertSecretRef: %s", "").replace(
    "metadata: {", "metadata: {annotations: {reconcile.keywave.dev/client-cert-secret: tls}, "
)
NEEDED = {
    "a client certificate": (
        [CLIENT],
        [("KW2012", "$.metadata.annotations['reconcile.keywave.dev/client-cert-secret']", "warning")],
    ),
    "a client certificate in the tree": (
        [CLIENT, "apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\n"],
        [],
    ),
    "a CA that nobody makes": ([CA_CONNECTION % "ca"], [("KW2012", "$.spec.caCertSecretRef", "warning")]),
    "each namespace once": (
        [CA_CONNECTION % "ca", (CA_CONNECTION % "ca").replace("name: x", "name: second")],
        [("KW2012", "$.spec.caCertSecretRef", "warning")],
    ),
    "a CA from elsewhere": ([CA_CONNECTION % "regcred"], []),
    "a CA in the tree": (
        [CA_CONNECTION % "s", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"],
        [],
    ),
    "a secret ID": ([APPROLE], [("KW2012", "$.spec.appRole.secretRef", "warning")]),
    "a reference of another shape": ([CA_CONNECTION % "{name: a}"], []),
}


@pytest.mark.parametrize(("documents", "expected"), NEEDED.values(), ids=NEEDED)
def test_the_secrets_of_connection_and_login_are_checked(
    documents: list[str], expected: list[tuple[str, str, str]]
) -> None:
    assert _check(*documents) == expected


def test_the_platform_kit_uses_no_intent() -> None:
    read = read_stream("\n---\n".join((PROFILE, _intent())).encode(), "tree.yaml")
    loaded = load(read.manifests)

    assert check_consumers(platform_kit(loaded).manifests, loaded) == []


def test_what_the_profile_causes_is_told_at_the_profile() -> None:
    tls = "operator: {kind: keywave}, tls: {clientCertSecret: client}"
    text = f'address: "https://v", caCertSecret: ca, {tls}, auth: {{method: appRole, roleId: a, secretRef: id}}'
    document = f"apiVersion: keywave.dev/v1alpha1\nkind: VaultProfile\nmetadata: {{name: other}}\nspec: {{{text}}}\n"

    assert _check(document, _intent("{kv: a, profile: other}"), USED) == [
        ("KW2012", "$.spec.caCertSecret", "warning"),
        ("KW2012", "$.spec.tls.clientCertSecret", "warning"),
        ("KW2012", "$.spec.auth.secretRef", "warning"),
    ]


DESTINATION = "{destination: {name: s}}"
MAKERS = {
    "a Secret": "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n",
    "a static secret": _object("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", DESTINATION),
    "a dynamic secret": _object("secrets.hashicorp.com/v1beta1", "VaultDynamicSecret", DESTINATION),
    "a certificate of Vault": _object("secrets.hashicorp.com/v1beta1", "VaultPKISecret", DESTINATION),
    "an ExternalSecret with a target": _object("external-secrets.io/v1", "ExternalSecret", "{target: {name: s}}"),
    "an ExternalSecret by its own name": _object("external-secrets.io/v1beta1", "ExternalSecret", "{}", "s"),
    "a SealedSecret": _object("bitnami.com/v1alpha1", "SealedSecret", "{}", "s"),
    "a Certificate": _object("cert-manager.io/v1", "Certificate", "{secretName: s}"),
    "a SopsSecret": _object("isindir.github.com/v1alpha3", "SopsSecret", "{secretTemplates: [{name: s}]}"),
    "a SecretProviderClass": _object(
        "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "{provider: vault, secretObjects: [{secretName: s}]}"
    ),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_secret_that_the_tree_makes_is_no_finding(maker: str) -> None:
    assert _check(maker, _pod(_from("s"))) == []


def test_a_secret_of_another_namespace_does_not_count() -> None:
    maker = MAKERS["a Secret"]

    assert _check(maker, _pod(_from("s"), namespace="other")) == [("KW2002", ENV_FROM, Severity.WARNING.value)]


NEAR = {
    "payment": "payments",
    "paymentss": "payments",
    "paymants": "payments",
    "apyments": "payments",
    "Payments": "payments",
    "payments-db": "",
    "redis2": "",
    "rediss1": "redis1",
    "redis": "",
    "team-b": "",
    "team-a-blue": "",
    "tema-a": "team-a",
    "pay": "",
    "orders": "",
    "db": "",
}


@pytest.mark.parametrize(("name", "expected"), NEAR.items())
def test_near_means_a_slip_of_the_pen(name: str, expected: str) -> None:
    assert Nearby(["payments", "da", "prod-orders", "redis1", "team-a"]).of(name) == expected


@pytest.mark.parametrize(
    ("workload", "expected"), [("prod-web", "prod-orders"), ("web", ""), ("", ""), ("product", "")]
)
def test_a_prefix_counts_where_the_workload_has_it_too(workload: str, expected: str) -> None:
    assert Nearby(["prod-orders"]).of("orders", workload) == expected


def test_a_suffix_counts_where_the_workload_has_it_too() -> None:
    assert Nearby(["orders-blue"]).of("orders", "web-blue") == "orders-blue"


def test_who_uses_the_secret_of_a_broken_intent_is_not_to_blame() -> None:
    broken = _intent("{kv: a, dynamic: b}")
    loaded = load(read_stream("\n---\n".join((PROFILE, broken, USED)).encode(), "tree.yaml").manifests)

    assert [finding.code for finding in loaded.findings] == ["KW1021"]
    assert (loaded.intents, loaded.unusable) == ((), frozenset({"payments"}))
    assert check_consumers(expand(loaded).manifests, loaded) == []
