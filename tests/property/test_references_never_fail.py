"""Whatever is in a set, looking for references never raises, and what it finds is in one order, each once, and written somewhere."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keywave.expand import expand
from keywave.intent.load import load
from keywave.objects.manifest import Manifest
from keywave.references.find import Found, find, later

VSO, ESO = "secrets.hashicorp.com/v1beta1", "external-secrets.io/v1"
GENERATOR = "generators.external-secrets.io/v1alpha1"
OBJECTS = """
- objectName: a
  secretPath: secret/data/a?version=2
  secretKey: k
- objectName: b
  secretPath: pki/issue/web
  method: PUT
  secretArgs: {common_name: a.example.com}
"""
AGENT = '{{- with secret "secret/data/a?version=3" }}{{ .Data.data.k }}{{ end }}{{ with secret "pki/issue/w" "ttl=1h" }}{{ end }}'
LOGIN = {"kubernetes": {"mountPath": "kubernetes", "role": "app", "serviceAccountRef": {"name": "app"}}}


def document(api: str, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}


def pod(annotations: dict[str, Any], volumes: list[Any]) -> dict[str, Any]:
    spec = {"serviceAccountName": "app", "containers": [{"name": "app", "image": "app:1"}], "volumes": volumes}
    template = {"metadata": {"annotations": annotations}, "spec": spec}
    return document("apps/v1", "Deployment", "app", spec={"template": template})


KINDS: tuple[dict[str, Any], ...] = (
    document(VSO, "VaultConnection", "v", spec={"address": "https://vault:8200", "skipTLSVerify": True}),
    document(
        VSO,
        "VaultAuthGlobal",
        "g",
        spec={
            "allowedNamespaces": ["*"],
            "defaultAuthMethod": "kubernetes",
            "vaultConnectionRef": "v",
            "kubernetes": {"mount": "k8s", "role": "app", "audiences": ["vault"], "headers": {"a": "b"}},
        },
    ),
    document(
        VSO,
        "VaultAuth",
        "a",
        spec={
            "vaultAuthGlobalRef": {"name": "g", "mergeStrategy": {"params": "union"}},
            "vaultConnectionRef": "v",
            "method": "kubernetes",
            "mount": "kubernetes",
            "allowedNamespaces": ["shop"],
            "kubernetes": {"role": "app", "serviceAccount": "app", "audiences": ["vault"]},
            "appRole": {"roleId": "r", "secretRef": "s"},
            "jwt": {"role": "app", "tokenExpirationSeconds": 600},
        },
    ),
    document(
        VSO,
        "VaultStaticSecret",
        "s",
        spec={
            "vaultAuthRef": "shop/a",
            "mount": "secret",
            "path": "a/b",
            "type": "kv-v2",
            "version": 2,
            "refreshAfter": "30s",
            "destination": {
                "name": "s",
                "transformation": {"templates": {"x": {"text": '{{ .Secrets.user }}{{ get .Secrets "p" }}'}}},
            },
        },
    ),
    document(
        VSO,
        "VaultDynamicSecret",
        "d",
        spec={
            "vaultAuthRef": "a",
            "mount": "database",
            "path": "creds/ro",
            "params": {"ttl": "1h"},
            "renewalPercent": 67,
            "allowStaticCreds": True,
            "requestHTTPMethod": "POST",
        },
    ),
    document(
        VSO,
        "VaultPKISecret",
        "p",
        spec={
            "mount": "pki",
            "role": "web",
            "commonName": "a.example.com",
            "altNames": ["b.example.com"],
            "ipSans": ["127.0.0.1"],
            "ttl": "24h",
            "expiryOffset": "8h",
            "userIDs": ["u"],
            "issuerRef": "main/issue",
        },
    ),
    document(
        "reconcile.keywave.dev/v1alpha1",
        "VaultCompositeSecret",
        "c",
        spec={
            "vaultAuthRef": "a",
            "sources": [
                {"name": "one", "kv": {"mount": "secret", "path": "a", "type": "kv-v2"}, "keys": {"A": "a"}},
                {"name": "two", "dynamic": {"mount": "database", "path": "creds/ro"}},
            ],
        },
    ),
    document(
        ESO,
        "SecretStore",
        "store",
        spec={
            "provider": {"vault": {"server": "https://vault:8200", "path": "secret", "version": "v2", "auth": LOGIN}}
        },
    ),
    document(
        ESO,
        "ClusterSecretStore",
        "store",
        spec={
            "provider": {"vault": {"server": "https://vault:8200", "auth": {"appRole": {"path": "a", "roleId": "r"}}}}
        },
    ),
    document(
        ESO,
        "ExternalSecret",
        "es",
        spec={
            "refreshInterval": "1h",
            "secretStoreRef": {"name": "store", "kind": "SecretStore"},
            "data": [{"secretKey": "K", "remoteRef": {"key": "secret/data/a", "property": "k", "version": "2"}}],
            "dataFrom": [
                {"extract": {"key": "a"}, "sourceRef": {"storeRef": {"name": "store", "kind": "ClusterSecretStore"}}},
                {"sourceRef": {"generatorRef": {"kind": "VaultDynamicSecret", "name": "gen"}}},
                {"find": {"name": {"regexp": ".*"}}},
            ],
        },
    ),
    document(
        GENERATOR,
        "VaultDynamicSecret",
        "gen",
        spec={
            "path": "/database/creds/ro",
            "method": "GET",
            "parameters": {"ttl": "1h"},
            "provider": {"server": "https://vault:8200", "auth": LOGIN},
        },
    ),
    document(
        "secrets-store.csi.x-k8s.io/v1",
        "SecretProviderClass",
        "csi",
        spec={
            "provider": "vault",
            "parameters": {
                "roleName": "app",
                "vaultAddress": "https://vault:8200",
                "audience": "v",
                "objects": OBJECTS,
            },
        },
    ),
    pod(
        {
            "vault.hashicorp.com/agent-inject": "true",
            "vault.hashicorp.com/role": "app",
            "vault.hashicorp.com/auth-path": "auth/kubernetes",
            "vault.hashicorp.com/agent-service-account-token-volume-name": "token",
            "vault.hashicorp.com/agent-inject-secret-a": "secret/data/a",
            "vault.hashicorp.com/agent-inject-template-b": AGENT,
        },
        [
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"audience": "vault"}}]}},
            {
                "name": "v",
                "csi": {
                    "driver": "secrets-store.csi.k8s.io",
                    "volumeAttributes": {"secretProviderClass": "csi", "vaultNamespace": "n"},
                },
            },
        ],
    ),
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "avp",
            "annotations": {
                "avp.kubernetes.io/path": "secret/data/a",
                "avp.kubernetes.io/kv-version": "2",
                "avp.kubernetes.io/secret-version": "1",
                "avp.kubernetes.io/remove-missing": "true",
            },
        },
        "data": {"A": "PHBhdGg6c2VjcmV0L2RhdGEvYiNrIzM+"},
        "stringData": {"B": "<key | base64encode> <path:secret/data/c#k>"},
    },
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "/",
            "//",
            "a//b",
            "a?version=x",
            "${X}",
            "{x}",
            "{{",
            "<a",
            "<path:#>",
            "*",
            "-1",
            "1h",
            "9" * 30,
            "\0",
            "data/",
        ]
    ),
    st.text(max_size=8),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**31),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
ODD = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)


def places(value: Any, keys: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys of everything in it, itself left out."""
    inside = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [place for key, inner in inside for place in ((*keys, key), *places(inner, (*keys, key)))]


def changed(body: dict[str, Any], keys: tuple[Any, ...], value: Any) -> None:
    at: Any = body
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value


@st.composite
def sets(draw: st.DrawFn) -> list[dict[str, Any]]:
    """All kinds together, a few of their values replaced by something else. What the API server would never hold (another kind, no name) is
    left to other tests: `apiVersion`, `kind` and `metadata` stay mappings and texts, as the reader of YAML makes sure of."""
    bodies = [copy.deepcopy(body) for body in draw(st.permutations(KINDS))]
    for _ in range(draw(st.integers(min_value=1, max_value=12))):
        body = draw(st.sampled_from(bodies))
        there = [keys for keys in places(body) if keys[0] not in ("apiVersion", "kind", "metadata")]
        if there:
            changed(body, draw(st.sampled_from(there)), draw(ODD))
    return bodies


def found(bodies: list[dict[str, Any]]) -> Found:
    loaded = load([Manifest(copy.deepcopy(body)) for body in bodies])
    return find(expand(loaded).manifests, loaded)


def said(result: Found) -> list[tuple[Any, ...]]:
    return [
        (r.family, r.kind, r.manifest.subject, r.place, r.keys, r.version, r.identity.key) for r in result.references
    ]


def test_the_set_has_references_of_each_family_before_anything_is_changed() -> None:
    families = [reference.family for reference in found(list(KINDS)).references]
    assert {name: families.count(name) for name in sorted(families)} == {
        "avp": 3,
        "csi": 2,
        "eso": 4,
        "injector": 3,
        "vso": 5,
    }


@given(sets())
@settings(max_examples=150, deadline=None)
def test_finding_never_fails_and_says_where_everything_is_written(bodies: list[dict[str, Any]]) -> None:
    result = found(bodies)
    for reference in (*result.references, *result.skipped):
        where, _keys = reference.spots["path"]
        assert isinstance(where, Manifest)
        assert isinstance(hash(reference.identity), int)
        assert all(isinstance(text, str) for text in (reference.mount, reference.path, *reference.keys))
    assert not any(later(reference) for reference in result.references)


@given(sets(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_documents_changes_nothing(bodies: list[dict[str, Any]], chance: Any) -> None:
    other = list(bodies)
    chance.shuffle(other)
    assert said(found(other)) == said(found(bodies))
