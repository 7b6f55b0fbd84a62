"""Specs that tell definitions apart: slips made at every place of a right one, defaults, newer fields, composites that cannot work."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

KINDS_OF_BOTH = (
    *("VaultConnection", "VaultAuth", "VaultAuthGlobal", "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"),
    "SecretTransformation",
)

# Of each JSON type one value that mostly does not fit, and what a form, an enum or a limit refuses.
SLIPS: dict[type, tuple[Any, ...]] = {
    str: (7, True, None, "", "no such value!", "1h30m", "1d", ["x"], {"x": "y"}),
    bool: ("true", 1, None),
    int: ("600", 1.5, 3.0, -1, 91, 599, 2**31, 2**63 - 1, 2**63, None),
    list: ("x", None, [], [None], [{}], {"x": "y"}),
    dict: ("x", None, {}, ["x"], {"nosuchfield": "x"}, {"x": 1}),
}


def damaged(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spec with one slip: at each place another value, the field gone, a field more."""
    for path, value in _places(spec, ()):
        for slip in SLIPS[type(value)]:
            yield _changed(spec, path, slip)
        yield _changed(spec, path, ...)
        if isinstance(value, dict):
            yield _changed(spec, (*path, "nosuchfield"), "x")


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Where a value stands, and the value; of a list only the first entry."""
    if path:
        yield path, value
    entries = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from _places(inner, (*path, key))


def _changed(spec: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(spec)
    container: Any = made
    for key in path[:-1]:
        container = container[key]
    if value is ...:
        del container[path[-1]]
    else:
        container[path[-1]] = value
    return made


_KV = {"mount": "kv", "path": "a", "type": "kv-v2", "destination": {"name": "app"}}
_MADE = {"name": "app", "create": False, "overwrite": False}

DEFAULTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a connection": ("VaultConnection", {"address": "x"}, {"address": "x", "skipTLSVerify": False}),
    "a login": (
        "VaultAuth",
        {"kubernetes": {}, "jwt": {}, "appRole": {}},
        {"kubernetes": {"tokenExpirationSeconds": 600}, "jwt": {"tokenExpirationSeconds": 600}, "appRole": {}},
    ),
    "a global login": (
        "VaultAuthGlobal",
        {"kubernetes": {"role": "a"}, "jwt": {"tokenExpirationSeconds": 700}},
        {"kubernetes": {"role": "a", "tokenExpirationSeconds": 600}, "jwt": {"tokenExpirationSeconds": 700}},
    ),
    "a static secret": ("VaultStaticSecret", _KV, {**_KV, "hmacSecretData": True, "destination": _MADE}),
    "a static secret with nulls": (
        "VaultStaticSecret",
        {
            **_KV,
            "hmacSecretData": None,
            "version": None,
            "destination": {"name": "app", "create": None, "labels": None},
        },
        {**_KV, "hmacSecretData": True, "destination": _MADE},
    ),
    "a dynamic secret": (
        "VaultDynamicSecret",
        {"mount": "database", "path": "creds/a", "destination": {"name": "app"}},
        {"mount": "database", "path": "creds/a", "renewalPercent": 67, "destination": _MADE},
    ),
    "a certificate": (
        "VaultPKISecret",
        {"mount": "pki", "role": "a", "destination": {"name": "app", "create": True}},
        {"mount": "pki", "role": "a", "destination": {**_MADE, "create": True}},
    ),
    "a transformation": (
        "SecretTransformation",
        {"templates": {"a": {"text": ""}}},
        {"templates": {"a": {"text": ""}}},
    ),
}

# Kind, path, a spec with the field: what releases after 0.10.0 brought, which ours knows already.
NEWER: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("VaultConnection", "caCertPath", {"address": "x", "caCertPath": "/ca.pem"}),
    ("VaultAuth", "appRole.secretIDPath", {"appRole": {"roleId": "a", "secretIDPath": "/id"}}),
    ("VaultAuthGlobal", "appRole.secretIDPath", {"appRole": {"roleId": "a", "secretIDPath": "/id"}}),
    (
        *("VaultDynamicSecret", "syncConfig"),
        {"mount": "a", "path": "b", "destination": {"name": "c"}, "syncConfig": {"instantUpdates": True}},
    ),
)

_SOURCE = {"mount": "kv", "type": "kv-v2", "path": "a"}
_ISSUED = {"mount": "database", "path": "creds/a"}

COMPOSITES_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no sources": ({"sources": ...}, "spec.sources: Required value"),
    "an empty list of sources": ({"sources": []}, "spec.sources in body should have at least 1 items"),
    "no destination": ({"destination": ...}, "spec.destination: Required value"),
    "a source without a name": ({"sources": [{"kv": _SOURCE}]}, "spec.sources[0].name: Required value"),
    "a name that is no label": ({"sources": [{"name": "A b", "kv": _SOURCE}]}, "spec.sources[0].name: Invalid value"),
    "two sources of one name": (
        {"sources": [{"name": "a", "kv": _SOURCE}, {"name": "a", "dynamic": _ISSUED}]},
        "spec.sources[1]: Duplicate value",
    ),
    "a source of no kind": ({"sources": [{"name": "a"}]}, "give exactly one of them"),
    "a source of two kinds": (
        {"sources": [{"name": "a", "kv": _SOURCE, "dynamic": _ISSUED}]},
        "give exactly one of them",
    ),
    "a version of a kv-v1 engine": (
        {"sources": [{"name": "a", "kv": {**_SOURCE, "type": "kv-v1", "version": 3}}]},
        "only a kv-v2 engine has versions",
    ),
    "an empty path": ({"sources": [{"name": "a", "kv": {**_SOURCE, "path": ""}}]}, "path in body should be at least 1"),
    "a certificate": ({"sources": [{"name": "a", "pki": {}}]}, 'unknown field "spec.sources[0].pki"'),
    "no keys in keys": (
        {"sources": [{"name": "a", "kv": _SOURCE, "keys": {}}]},
        "keys in body should have at least 1 properties",
    ),
    "a key that no Secret can have": (
        {"sources": [{"name": "a", "kv": _SOURCE, "keys": {"a b": "x"}}]},
        "a key of a Secret has letters",
    ),
    "a unit that is too long": ({"refreshAfter": "1d"}, "spec.refreshAfter: Invalid value"),
    "a field that nobody knows": ({"syncConfig": {}}, 'unknown field "spec.syncConfig"'),
}

FAN_IN = """
apiVersion: keywave.dev/v1alpha1
kind: VaultProfile
metadata: {name: vault}
spec:
  address: https://vault.example.com:8200
  auth: {method: kubernetes, mount: kubernetes, role: app}
  operator: {kind: keywave}
---
apiVersion: keywave.dev/v1alpha1
kind: SecretIntent
metadata: {name: app, namespace: shop}
spec:
  serviceAccount: runner
  sources:
    all: {kv: shop/all, version: 7}
    db:
      dynamic: creds/rw
      mount: database
      method: PUT
      params: {ttl: 1h}
      renewalPercent: 50
      revoke: true
      keys: {DB_USER: username, DB_PASSWORD: password}
    old: {kv: shop/old, kvVersion: 1, keys: {OLD: old}}
  templates: {DSN: '{{ get .Secrets "DB_USER" }}'}
  labels: {team: shop}
  annotations: {example.com/note: x}
  type: Opaque
  refreshAfter: 5m
  restartTargets: [{kind: StatefulSet, name: app}]
"""
"""A fan-in with every field that can reach a composite."""
