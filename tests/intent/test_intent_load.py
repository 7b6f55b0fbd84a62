"""From manifests to intents: what passes through, and what a spec means."""

from __future__ import annotations

from typing import Any

import pytest
from intent_samples import intent, load_one, profile, told

from keywave.intent.load import load
from keywave.intent.model import (
    ArgoSettings,
    Auth,
    Consumer,
    DynamicSource,
    FluxSettings,
    Guardrails,
    KvSource,
    Operator,
    Part,
    PkiSource,
    RestartTarget,
    TransformationSpec,
)
from keywave.objects.manifest import Manifest

SERVICE = ("web.shop.svc", "web.shop.svc.cluster.local")


def test_objects_of_other_groups_pass_through_in_their_order() -> None:
    others = [
        Manifest({"apiVersion": v, "kind": k, "metadata": {"name": n}})
        for v, k, n in [
            ("v1", "Service", "z"),
            ("reconcile.keywave.dev/v1", "SecretIntent", "b"),
            ("x.io/v1", "VaultProfile", "a"),
        ]
    ]

    loaded = load([others[0], profile(), others[1], intent(), others[2]])

    assert loaded.rest == tuple(others)
    assert loaded.findings == ()


@pytest.mark.parametrize(
    ("sentence", "api_version", "kind", "expected"),
    [
        (
            "a version that is not known",
            "keywave.dev/v1",
            "SecretIntent",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.dev/v1" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "no version",
            "keywave.dev",
            "SecretIntent",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.dev" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "a group that is near",
            "keywave.io/v1alpha1",
            "VaultProfile",
            ("KW1001", "$.apiVersion", 'apiVersion "keywave.io/v1alpha1" is not known', "write keywave.dev/v1alpha1"),
        ),
        (
            "a kind that is near",
            "keywave.dev/v1alpha1",
            "SecretIntents",
            ("KW1002", "$.kind", 'kind "SecretIntents" is not known', 'did you mean "SecretIntent"?'),
        ),
        (
            "a kind from nowhere",
            "keywave.dev/v1alpha1",
            "Zebra",
            ("KW1002", "$.kind", 'kind "Zebra" is not known', "known kinds: VaultProfile, SecretIntent"),
        ),
    ],
)
def test_strangers(sentence: str, api_version: str, kind: str, expected: tuple[str, ...]) -> None:
    loaded = load([Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}})])

    assert (told(loaded.findings), loaded.rest) == ([expected], ())


@pytest.mark.parametrize(
    ("sentence", "spec", "expected"),
    [
        ("the common case takes mount and prefix from the profile", "kv: a/b", KvSource("kv", "dev/a/b")),
        ("a mount of its own", "kv: a/b\nmount: team/kv", KvSource("team/kv", "dev/a/b")),
        ("a prefix of its own", 'kv: a/b\nprefix: ""', KvSource("kv", "a/b")),
        ("a pinned version", "kv: a/b\nversion: 7", KvSource("kv", "dev/a/b", 2, 7)),
        ("a version that an overlay removed", "kv: a/b\nversion: null", KvSource("kv", "dev/a/b")),
        ("KV version 1 may have data in its path", "kv: data/b\nkvVersion: 1", KvSource("kv", "dev/data/b", 1)),
        ("a source that an overlay changed", "kv: null\ndynamic: creds/x", DynamicSource("database", "creds/x")),
        ("a path that Flux fills in", "kv: '${TEAM}/b'", KvSource("kv", "dev/${TEAM}/b")),
        (
            "every field of a dynamic source",
            "dynamic: creds/x\nmount: db\nmethod: PUT\nparams: {a: b}\nrenewalPercent: 50\nrevoke: true\nallowStaticCreds: false",
            DynamicSource("db", "creds/x", "PUT", {"a": "b"}, 50, True, False),
        ),
        (
            "services give the names of a certificate",
            "pki: web\nservices: [web]\nttl: 720h",
            PkiSource("pki", "web", SERVICE[0], SERVICE, ("web",), "720h", "240h"),
        ),
        (
            "every field of a certificate",
            "pki: web\nmount: pki2\ncommonName: a.b\naltNames: [c.d]\nservices: [web]\nttl: 30d\nexpiryOffset: 5d\n"
            "format: pem_bundle\nissuer: two\nrevoke: false\nipSans: [10.0.0.1]\nuriSans: ['spiffe://a']\notherSans: ['1;UTF8:x']\n"
            "userIDs: [u]\nnotAfter: 2030-01-31T00:00:00Z\nprivateKeyFormat: pkcs8\nexcludeCNFromSans: true",
            None,
        ),
    ],
)
def test_a_source(sentence: str, spec: str, expected: Any) -> None:
    if expected is None:
        spec = spec.replace("5d", "120h").replace("2030-01-31T00:00:00Z", "'2030-01-31T00:00:00Z'")
        settings = {
            "ipSans": ["10.0.0.1"],
            "uriSans": ["spiffe://a"],
            "otherSans": ["1;UTF8:x"],
            "userIDs": ["u"],
            "notAfter": "2030-01-31T00:00:00Z",
            "privateKeyFormat": "pkcs8",
            "excludeCNFromSans": True,
        }
        names = ("c.d", *SERVICE)
        expected = PkiSource("pki2", "web", "a.b", names, ("web",), "30d", "120h", "pem_bundle", "two", False, settings)

    loaded = load_one(spec)

    assert told(loaded.findings) == []
    assert loaded.intents[0].parts == (Part("", expected),)


def test_a_fan_in() -> None:
    loaded = load_one("sources: {app: {kv: a/b, keys: {A: a, B: null}}, db: {dynamic: creds/x}}")

    assert told(loaded.findings) == []
    assert loaded.intents[0].fan_in
    assert loaded.intents[0].parts == (
        Part("app", KvSource("kv", "dev/a/b"), {"A": "a"}),
        Part("db", DynamicSource("database", "creds/x")),
    )


FULL_INTENT = """
kv: a/b
keys: {A: a}
deliver: csi-sync
templates: {T: x}
transformations: [one, ns/two]
excludeRaw: false
type: x/y
labels: {l: "1"}
annotations: {n: "2"}
overwrite: true
refreshAfter: 5m
hmacSecretData: true
instantUpdates: true
serviceAccount: robot
vaultNamespace: team
consumers:
- {workload: web, kind: StatefulSet, container: app, envFrom: true, env: {V: A}, mountPath: /x, items: {A: a.txt}, mode: 256}
restartTargets: [{kind: argo.Rollout, name: web}]
vso: {a: null}
csi: {b: 2}
eso: {c: 3}
injector: {d: 4}
"""


def test_every_field_of_an_intent_arrives() -> None:
    source, vault = intent(FULL_INTENT), profile()

    loaded = load([vault, source], project="apps")
    actual = loaded.intents[0]
    fields = {name: getattr(actual, name) for name in type(actual)._fields}

    assert told(loaded.findings) == []
    assert fields == {
        "name": "payments",
        "namespace": "shop",
        "manifest": source,
        "profile": loaded.profiles[0],
        "parts": (Part("", KvSource("kv", "dev/a/b"), {"A": "a"}),),
        "deliver": "csi-sync",
        "templates": {"T": "x"},
        "transformations": ("one", "ns/two"),
        "includes": (),
        "excludes": (),
        "exclude_raw": False,
        "type": "x/y",
        "labels": {"l": "1"},
        "annotations": {"n": "2"},
        "create": True,
        "overwrite": True,
        "refresh_after": "5m",
        "hmac_secret_data": True,
        "instant_updates": True,
        "service_account": "robot",
        "vault_namespace": "team",
        "consumers": (Consumer(0, "web", "StatefulSet", "app", True, {"V": "A"}, "/x", {"A": "a.txt"}, 256),),
        "restart": True,
        "restart_targets": (RestartTarget("argo.Rollout", "web"),),
        "vso": {"a": None},
        "csi": {"b": 2},
        "eso": {"c": 3},
        "injector": {"d": 4},
        "fills": {"namespace": "shop", "name": "payments", "profile": "vault", "project": "apps"},
    }


FULL_PROFILE = """
address: https://vault.example.com:8200/x
vaultNamespace: "admin/{namespace}"
caCertSecret: ca
tlsServerName: vault
headers: {X: "1"}
timeout: 30s
tls: {clientCertSecret: client}
auth:
  method: jwt
  mount: "jwt-{project}"
  role: "{profile}-{namespace}-{serviceAccount}"
  serviceAccount: robot
  audiences: [a, b]
  tokenExpirationSeconds: 900
  secretRef: token
  params: {p: q}
  headers: {h: i}
  allowedNamespaces: ["*"]
kv: {mount: "kv-{project}", prefix: "{namespace}/{name}/", version: 1}
dynamic: {mount: db}
pki: {mount: pki}
deliver: csi
refreshAfter: 1h
emit: all
serviceAccounts: external
operator: {kind: vso, version: v1.2.3, namespace: vso, serviceAccount: op}
allow: {projects: [apps], namespaces: ["sh*"], paths: ["kv-apps/shop/*"], roles: ["*"], deliver: [csi]}
external: [other]
network: {vault: [{cidr: 10.0.0.1/32, port: 8200}]}
transformations: {one: {templates: {A: b}, includes: [i], excludes: [e]}}
flux:
  sourceRef: {kind: OCIRepository, name: src, namespace: ns}
  namespace: flux
  interval: 10m
  retryInterval: 1m30s
  timeout: 3m
  path: ./out
  prune: false
  serviceAccountName: applier
argocd: {setupWave: -20, secretWave: -10}
"""


def test_every_field_of_a_profile_arrives() -> None:
    source = profile(FULL_PROFILE)

    loaded = load([source, intent("kv: a")], project="apps")
    actual = loaded.profiles[0]
    fields = {name: getattr(actual, name) for name in type(actual)._fields}

    assert told(loaded.findings) == []
    assert fields == {
        "name": "vault",
        "manifest": source,
        "catalogue": False,
        "address": "https://vault.example.com:8200/x",
        "vault_namespace": "admin/{namespace}",
        "ca_cert_secret": "ca",
        "ca_cert_path": "",
        "tls_server_name": "vault",
        "skip_tls_verify": False,
        "client_cert_secret": "client",
        "headers": {"X": "1"},
        "timeout": "30s",
        "auth": Auth(
            method="jwt",
            mount="jwt-apps",
            role="vault-{namespace}-{serviceAccount}",
            service_account="robot",
            audiences=("a", "b"),
            token_expiration_seconds=900,
            params={"p": "q"},
            headers={"h": "i"},
            allowed_namespaces=("*",),
            settings={"secretRef": "token"},
        ),
        "kv_mount": "kv-apps",
        "kv_prefix": "{namespace}/{name}/",
        "kv_version": 1,
        "dynamic_mount": "db",
        "pki_mount": "pki",
        "deliver": "csi",
        "refresh_after": "1h",
        "emit": "all",
        "connection_ref": "",
        "auth_ref": "",
        "auth_global_ref": "",
        "create_service_accounts": False,
        "operator": Operator("vso", (1, 2, 3), "vso", "op"),
        "allow": Guardrails(("apps",), ("sh*",), ("kv-apps/shop/*",), ("*",), ("csi",)),
        "guards": (),
        "external": ("other",),
        "network": {"vault": [{"cidr": "10.0.0.1/32", "port": 8200}]},
        "transformations": (TransformationSpec("one", {"A": "b"}, ("i",), ("e",)),),
        "flux": FluxSettings("OCIRepository", "src", "ns", "flux", "10m", "1m30s", "3m", "./out", False, "applier"),
        "argocd": ArgoSettings(-20, -10),
    }
    (got,) = loaded.intents
    assert (got.parts[0].source, got.vault_namespace, got.deliver, got.refresh_after) == (
        KvSource("kv-apps", "shop/payments/a", 1),
        "admin/shop",
        "csi",
        "1h",
    )


@pytest.mark.parametrize(
    ("sentence", "spec", "expected"),
    [
        ("the method's usual mount", "auth: {method: appRole, roleId: r, secretRef: s}", "approle"),
        ("a mount of its own", "auth: {method: aws, mount: aws-eu, role: r}", "aws-eu"),
    ],
)
def test_the_mount_of_a_login(sentence: str, spec: str, expected: str) -> None:
    loaded = load([profile(f"address: https://v\n{spec}")])

    assert (told(loaded.findings), loaded.profiles[0].auth.mount) == ([], expected)


def test_refs_point_at_what_is_there() -> None:
    loaded = load(
        [profile("emit: refs\nrefs: {connection: vso/default, authGlobal: vso/all}\noperator: {kind: keywave}")]
    )
    actual = loaded.profiles[0]

    assert told(loaded.findings) == []
    assert (actual.connection_ref, actual.auth_ref, actual.auth_global_ref) == ("vso/default", "", "vso/all")
    assert actual.operator == Operator()._replace(
        kind="keywave", namespace="keywave-system", service_account="keywave-reconciler"
    )
