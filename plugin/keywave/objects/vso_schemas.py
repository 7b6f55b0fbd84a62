"""What `spec` of every secrets.hashicorp.com/v1beta1 kind may hold: our own description (see `vso_types` for the rule).

A test compares it with the real CRDs of operator 0.10.0; later fields carry `x-since` (or `x-until`), gated by `operator.version`.
Kinds of HCP and of the operator's own CSI driver are known and not described: they pass unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from keywave.findings import PathKey
from keywave.objects.manifest import Body
from keywave.objects.vso_types import (
    AUTH_METHODS,
    BOOL,
    DESTINATION,
    DURATION,
    MERGE_MODE,
    METHOD_FIELDS,
    RESTART_TARGETS,
    STRING,
    STRING_MAP,
    STRINGS,
    TEMPLATE,
    TTL_PATTERN,
    Schema,
    fields,
    list_of,
    map_of,
    one_of,
    since,
    switch,
)

API_VERSION = "secrets.hashicorp.com/v1beta1"

_CONNECTION = fields(
    # The CRD requires skipTLSVerify too, but fills in its default first: leaving it out is accepted.
    "address",
    address=STRING,
    headers=STRING_MAP,
    tlsServerName=STRING,
    caCertSecretRef=STRING,
    caCertPath=since("1.3.0", STRING),
    skipTLSVerify=switch(False),
    timeout=DURATION,
)

_AUTH = fields(
    vaultConnectionRef=STRING,
    vaultAuthGlobalRef=fields(
        name={"type": "string", "pattern": r"^([a-z0-9.-]{1,253})$"},
        namespace={"type": "string", "pattern": r"^([a-z0-9-]{1,63})$"},
        mergeStrategy=fields(headers=MERGE_MODE, params=MERGE_MODE),
        allowDefault=BOOL,
    ),
    namespace=STRING,
    allowedNamespaces=STRINGS,
    method=one_of(*AUTH_METHODS),
    mount=STRING,
    params=STRING_MAP,
    headers=STRING_MAP,
    storageEncryption=fields("mount", "keyName", mount=STRING, keyName=STRING),
    **{method: fields(**blocks) for method, blocks in METHOD_FIELDS.items()},
)

_GLOBAL_BLOCK: dict[str, Schema] = {"namespace": STRING, "mount": STRING, "params": STRING_MAP, "headers": STRING_MAP}

_AUTH_GLOBAL = fields(
    allowedNamespaces=STRINGS,
    vaultConnectionRef=STRING,
    defaultVaultNamespace=STRING,
    defaultAuthMethod=one_of(*AUTH_METHODS),
    defaultMount=STRING,
    params=STRING_MAP,
    headers=STRING_MAP,
    **{method: fields(**blocks, **_GLOBAL_BLOCK) for method, blocks in METHOD_FIELDS.items()},
)

_STATIC = fields(
    "destination",
    "mount",
    "path",
    "type",
    vaultAuthRef=STRING,
    namespace=STRING,
    mount=STRING,
    path=STRING,
    version={"type": "integer", "minimum": 0},
    type=one_of("kv-v1", "kv-v2"),
    refreshAfter=DURATION,
    hmacSecretData=switch(True),
    rolloutRestartTargets=RESTART_TARGETS,
    destination=DESTINATION,
    syncConfig=fields(instantUpdates=BOOL),
)

_DYNAMIC = fields(
    "destination",
    "mount",
    "path",
    vaultAuthRef=STRING,
    namespace=STRING,
    mount=STRING,
    path=STRING,
    requestHTTPMethod=one_of("GET", "POST", "PUT"),
    params=STRING_MAP,
    renewalPercent={"type": "integer", "default": 67, "minimum": 0, "maximum": 90},
    revoke=BOOL,
    allowStaticCreds=BOOL,
    rolloutRestartTargets=RESTART_TARGETS,
    destination=DESTINATION,
    refreshAfter=DURATION,
    syncConfig=since("1.5.0", fields(instantUpdates=BOOL)),
)

_PKI = fields(
    "destination",
    "mount",
    "role",
    vaultAuthRef=STRING,
    namespace=STRING,
    mount=STRING,
    role=STRING,
    revoke=BOOL,
    clear=BOOL,
    expiryOffset=DURATION,
    issuerRef=STRING,
    rolloutRestartTargets=RESTART_TARGETS,
    destination=DESTINATION,
    commonName=STRING,
    altNames=STRINGS,
    ipSans=STRINGS,
    uriSans=STRINGS,
    otherSans=STRINGS,
    userIDs=STRINGS,
    ttl={"type": "string", "pattern": TTL_PATTERN},
    format=STRING,
    privateKeyFormat=STRING,
    notAfter=STRING,
    excludeCNFromSans=BOOL,
)

_SHARED_TRANSFORMATION = fields(
    templates=map_of(TEMPLATE),
    sourceTemplates=list_of(fields("text", name=STRING, text=STRING)),
    includes=STRINGS,
    excludes=STRINGS,
)

SPEC_SCHEMAS: Mapping[str, Schema] = {
    "VaultConnection": _CONNECTION,
    "VaultAuth": _AUTH,
    "VaultAuthGlobal": _AUTH_GLOBAL,
    "VaultStaticSecret": _STATIC,
    "VaultDynamicSecret": _DYNAMIC,
    "VaultPKISecret": _PKI,
    "SecretTransformation": _SHARED_TRANSFORMATION,
}
"""Kind -> schema of its `spec`."""

SECRET_KINDS = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")
"""The kinds that write a Secret."""

UNCHECKED_KINDS = ("HCPAuth", "HCPVaultSecretsApp", "CSISecrets")
"""Kinds of the same group that are known and passed through."""


Version = tuple[int, int, int]


def fields_newer_than(kind: str, spec: Body, version: Version) -> list[tuple[tuple[PathKey, ...], str]]:
    """The fields in `spec` that the operator of that version does not have yet: (keys inside `spec`, first version with it)."""
    return [(keys, first) for keys, first in _dated(spec, kind, "x-since") if parse_version(first) > version]


def fields_gone_in(kind: str, spec: Body, version: Version) -> list[tuple[tuple[PathKey, ...], str]]:
    """The fields in `spec` that the operator of that version no longer has: (keys inside `spec`, first version without it)."""
    return [(keys, first) for keys, first in _dated(spec, kind, "x-until") if parse_version(first) <= version]


def parse_version(text: str) -> Version:
    """`1.3.0` -> (1, 3, 0)."""
    major, minor, patch = text.split(".")
    return int(major), int(minor), int(patch)


def _dated(spec: Body, kind: str, mark: str) -> Iterator[tuple[tuple[PathKey, ...], str]]:
    """The fields of `spec` whose schema bears the mark, with its version."""
    for keys, version in _marks(kind, mark):
        value: Any = spec
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            yield keys, version


@cache
def _marks(kind: str, mark: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The few dated fields of a kind; none of them stands in a list or a map."""
    schema = SPEC_SCHEMAS.get(kind)
    return tuple(_walk(schema, mark, ())) if schema else ()


def _walk(schema: Schema, mark: str, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if mark in schema:
        yield keys, schema[mark]
    for name, inner in schema.get("properties", {}).items():
        yield from _walk(inner, mark, (*keys, name))
