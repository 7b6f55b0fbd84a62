"""Our schemas against the real definitions of operator 0.10.0 in a real kube-apiserver: both must give one verdict.

The server is asked with dryRun=All and fieldValidation=Strict: its default would only warn of an unknown field and drop it.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywave.objects.vso_check import check_spec
from keywave.objects.vso_schemas import API_VERSION, SPEC_SCHEMAS
from rig.cluster import Cluster

NAMES = (f"x{number}" for number in itertools.count())


def manifest(kind: str, spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": next(NAMES), "namespace": "default"},
        "spec": spec,
    }


DESTINATION = {
    "name": "app",
    "create": True,
    "overwrite": True,
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "type": "Opaque",
    "transformation": {
        "excludeRaw": True,
        "includes": ["^a$"],
        "excludes": [".*"],
        "templates": {"DSN": {"name": "dsn", "text": '{{ get .Secrets "a" }}'}},
        "transformationRefs": [
            {
                "name": "shared",
                "namespace": "vault",
                "ignoreIncludes": True,
                "ignoreExcludes": False,
                "templateRefs": [{"name": "a", "keyOverride": "b"}],
            }
        ],
    },
}
TARGETS = [{"kind": kind, "name": "web"} for kind in ("Deployment", "StatefulSet", "DaemonSet", "argo.Rollout")]
METHODS: dict[str, dict[str, Any]] = {
    "kubernetes": {"role": "a", "serviceAccount": "b", "audiences": ["vault"], "tokenExpirationSeconds": 600},
    "jwt": {
        "role": "a",
        "serviceAccount": "b",
        "secretRef": "c",
        "audiences": ["vault"],
        "tokenExpirationSeconds": 900,
    },
    "appRole": {"roleId": "a", "secretRef": "b"},
    "aws": {
        "role": "a",
        "region": "b",
        "headerValue": "c",
        "sessionName": "d",
        "stsEndpoint": "e",
        "iamEndpoint": "f",
        "secretRef": "g",
        "irsaServiceAccount": "h",
    },
    "gcp": {"role": "a", "workloadIdentityServiceAccount": "b", "region": "c", "clusterName": "d", "projectID": "e"},
}
GLOBAL = {"namespace": "admin", "mount": "x", "params": {"a": "b"}, "headers": {"a": "b"}}

SAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "a connection, in full": (
        "VaultConnection",
        {
            "address": "https://vault:8200",
            "headers": {"X-Vault-Namespace": "admin"},
            "tlsServerName": "vault",
            "caCertSecretRef": "ca",
            "skipTLSVerify": False,
            "timeout": "1.5h",
        },
    ),
    "a connection, the least": ("VaultConnection", {"address": "https://vault:8200"}),
    "a login through the global object": (
        "VaultAuth",
        {
            "vaultAuthGlobalRef": {
                "name": "global",
                "namespace": "vault",
                "allowDefault": True,
                "mergeStrategy": {"headers": "union", "params": "replace"},
            },
            "storageEncryption": {"mount": "transit", "keyName": "vso"},
        },
    ),
    **{
        f"a login with {method}": (
            "VaultAuth",
            {
                "vaultConnectionRef": "vault/main",
                "namespace": "admin",
                "allowedNamespaces": ["*"],
                "method": method,
                "mount": "x",
                "params": {"a": "b"},
                "headers": {"a": "b"},
                method: block,
            },
        )
        for method, block in METHODS.items()
    },
    "a global login": (
        "VaultAuthGlobal",
        {
            "allowedNamespaces": ["a"],
            "vaultConnectionRef": "main",
            "defaultVaultNamespace": "admin",
            "defaultAuthMethod": "jwt",
            "defaultMount": "x",
            "params": {"a": "b"},
            "headers": {"a": "b"},
            **{method: {**block, **GLOBAL} for method, block in METHODS.items()},
        },
    ),
    "a static secret": (
        "VaultStaticSecret",
        {
            "vaultAuthRef": "vault/auth",
            "namespace": "admin",
            "mount": "kv",
            "path": "payments/config",
            "version": 0,
            "type": "kv-v2",
            "refreshAfter": "30s",
            "hmacSecretData": True,
            "rolloutRestartTargets": TARGETS,
            "destination": DESTINATION,
            "syncConfig": {"instantUpdates": True},
        },
    ),
    "a dynamic secret": (
        "VaultDynamicSecret",
        {
            "vaultAuthRef": "auth",
            "namespace": "admin",
            "mount": "database",
            "path": "creds/app",
            "requestHTTPMethod": "PUT",
            "params": {"a": "b"},
            "renewalPercent": 90,
            "revoke": True,
            "allowStaticCreds": True,
            "rolloutRestartTargets": TARGETS,
            "destination": DESTINATION,
            "refreshAfter": "1h",
        },
    ),
    "a certificate": (
        "VaultPKISecret",
        {
            "vaultAuthRef": "auth",
            "namespace": "admin",
            "mount": "pki",
            "role": "app",
            "revoke": True,
            "clear": False,
            "expiryOffset": "240h",
            "issuerRef": "root",
            "rolloutRestartTargets": TARGETS,
            "destination": {**DESTINATION, "type": "kubernetes.io/tls"},
            "commonName": "a",
            "altNames": ["b"],
            "ipSans": ["10.0.0.1"],
            "uriSans": ["spiffe://x"],
            "otherSans": ["c"],
            "userIDs": ["d"],
            "ttl": "30d",
            "format": "pem",
            "privateKeyFormat": "pkcs8",
            "notAfter": "2030-01-01T00:00:00Z",
            "excludeCNFromSans": True,
        },
    ),
    "a shared transformation": (
        "SecretTransformation",
        {
            "templates": {"a": {"text": "b"}},
            "sourceTemplates": [{"name": "a", "text": "b"}],
            "includes": ["^a$"],
            "excludes": [".*"],
        },
    ),
}


@pytest.mark.parametrize(("kind", "spec"), SAMPLES.values(), ids=SAMPLES)
def test_what_we_call_right_is_accepted(kind: str, spec: dict[str, Any], vso_cluster: Cluster) -> None:
    answer = vso_cluster.dry_run(manifest(kind, spec))

    assert check_spec(kind, spec) == []
    assert (answer.status, answer.message if answer.status != 201 else "") == (201, "")


@pytest.mark.parametrize(("kind", "spec"), SAMPLES.values(), ids=SAMPLES)
def test_one_wrong_field_is_refused(kind: str, spec: dict[str, Any], vso_cluster: Cluster) -> None:
    wrong = {**spec, "nosuchfield": "x"}
    answer = vso_cluster.dry_run(manifest(kind, wrong))

    assert [(p.keys, p.rule) for p in check_spec(kind, wrong)] == [(("nosuchfield",), "unknown")]
    assert answer.status == 400
    assert 'unknown field "spec.nosuchfield"' in answer.message


# Random specs

TEXTS = st.text(alphabet="abcXYZ019-_./ {}$", max_size=10)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10_000),
    st.just(1.5),
    TEXTS,
    st.sampled_from(["30d", "1h30m", "5m", "0.5h", "kv-v2", "!", "jwt"]),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: {"nosuchfield": 1}),
    st.builds(lambda: [{"name": "x"}]),
    st.builds(lambda: ["x"]),
)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that mostly fit: the verdict of both sides counts, not this."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return st.sampled_from(["30s", "5m", "1.5h"] if "(s|m|h" in schema["pattern"] else ["a", "abc-d"])
    plain: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "string": lambda: TEXTS,
        "boolean": st.booleans,
        "integer": lambda: st.integers(schema.get("minimum", 0), schema.get("maximum", 5000)),
        "array": lambda: st.lists(values(schema["items"]), max_size=2),
        "object": lambda: objects(schema),
    }
    return plain[schema["type"]]()


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(
            st.sampled_from(["a", "b.c/d", ".x"]), values(schema["additionalProperties"]), max_size=2
        )
    fields = {name: values(inner) for name, inner in schema["properties"].items() if "x-since" not in inner}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=fields)


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key or index) inside the value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        found.append((value, key))
        places(inner, found)
    return found


@st.composite
def specs(draw: st.DrawFn) -> tuple[str, Any]:
    """A kind and a spec for it, changed at up to three places: another value, a field more, a field less."""
    kind = draw(st.sampled_from(sorted(SPEC_SCHEMAS)))
    spec = copy.deepcopy(draw(values(dict(SPEC_SCHEMAS[kind]))))
    for _ in range(draw(st.integers(0, 3))):
        where = places(spec, [])
        if not where:
            spec["nosuchfield"] = draw(JUNK)
            continue
        container, key = draw(st.sampled_from(where))
        change = draw(st.sampled_from(["value", "more", "less"]))
        if change == "value":
            container[key] = draw(JUNK)
        elif change == "more" and isinstance(container, dict):
            container[draw(st.sampled_from(["nosuchfield", "name", "type", "path", "mount", "text"]))] = draw(JUNK)
        else:
            del container[key]
    return kind, spec


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=specs())
def test_random_specs_get_the_same_verdict(case: tuple[str, Any], vso_cluster: Cluster) -> None:
    kind, spec = case
    problems = check_spec(kind, spec)
    answer = vso_cluster.dry_run(manifest(kind, spec))

    assert (answer.status == 201, answer.message) == (problems == [], answer.message), problems
