"""A tree cannot go around the catalogue's guardrails by writing the operator's objects itself."""

from __future__ import annotations

import pytest

from keywave.intent.load import load
from keywave.objects.yamlio import read_stream
from keywave.validate import validate

CATALOGUE = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: shared}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, role: "{namespace}-app", audiences: [vault]}
  allow: {paths: ["kv/data/{namespace}/*", "database/creds/{namespace}-ro"], roles: ["{namespace}-*"]}
"""
SECRET = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: %s
metadata: {name: s, namespace: shop}
spec: {%s, destination: {name: s, create: true}}
"""
AUTH = """
apiVersion: secrets.hashicorp.com/v1beta1
kind: VaultAuth
metadata: {name: default, namespace: shop}
spec: {method: kubernetes, mount: kubernetes, kubernetes: {role: %s, serviceAccount: app, audiences: [vault]}}
"""
CASES = {
    "a path below the own namespace": (SECRET % ("VaultStaticSecret", "mount: kv, type: kv-v2, path: shop/app"), []),
    "a path of another team": (
        SECRET % ("VaultStaticSecret", "mount: kv, type: kv-v2, path: bank/app"),
        ["$.spec.path"],
    ),
    "an allowed dynamic role": (SECRET % ("VaultDynamicSecret", "mount: database, path: creds/shop-ro"), []),
    "a dynamic role of another team": (
        SECRET % ("VaultDynamicSecret", "mount: database, path: creds/bank-ro"),
        ["$.spec.path"],
    ),
    "a certificate where none is allowed": (SECRET % ("VaultPKISecret", "mount: pki, role: web"), ["$.spec.role"]),
    "an allowed login": (AUTH % "shop-web", []),
    "a login of another team": (AUTH % "bank-web", ["$.spec.kubernetes.role"]),
    "another Vault namespace": (
        SECRET % ("VaultStaticSecret", "namespace: other, mount: kv, type: kv-v2, path: shop/app"),
        ["$.spec.namespace"],
    ),
    "a login in another Vault namespace": (
        (AUTH % "shop-web").replace("spec: {", "spec: {namespace: other, "),
        ["$.spec.namespace"],
    ),
    "the same for all logins": (
        (AUTH % "bank-web").replace("kind: VaultAuth", "kind: VaultAuthGlobal"),
        ["$.spec.kubernetes.role"],
    ),
}


@pytest.mark.parametrize("sentence", CASES)
def test_guardrails_hold_for_hand_written_objects(sentence: str) -> None:
    text, expected = CASES[sentence]
    catalogue = read_stream(CATALOGUE.encode(), "catalogue.yaml").manifests
    manifests = read_stream(text.encode(), "tree.yaml").manifests
    loaded = load(manifests, catalogue=catalogue)
    found = validate(manifests, loaded, target="argocd")

    assert [f.where.path for f in found if f.code == "KW1050"] == expected


def test_without_a_catalogue_nothing_is_guarded() -> None:
    manifests = read_stream(CASES["a path of another team"][0].encode(), "tree.yaml").manifests
    found = validate(manifests, load(manifests), target="argocd")

    assert [f for f in found if f.code == "KW1050"] == []
