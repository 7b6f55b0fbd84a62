"""VaultCompositeSecret, our own kind: several Vault paths in one Secret. Table and words of its `spec`, as `expand.composite` renders it.

One identity reads all sources: `vaultAuthRef` and `namespace` stand once. A certificate is no source: it cannot share a Secret (KW1029).
"""

from __future__ import annotations

from typing import Any

from keywave.crds.openapi import Words, under
from keywave.crds.words_secrets import COMMON, HMAC, ISSUED, KV, REFRESH_AFTER
from keywave.objects.vso_schemas import SPEC_SCHEMAS
from keywave.objects.vso_types import (
    DESTINATION,
    DURATION,
    RESTART_TARGETS,
    STRING,
    Schema,
    fields,
    list_of,
    map_of,
    switch,
)

_SOURCE_NAME: Schema = {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}
_LINE: Schema = {"type": "string", "minLength": 1}
# The API server wants bounds on what it must judge by an expression.
_MOST_SOURCES = 100
_MOST_KEYS = 1000


def _own(kind: str, *names: str) -> dict[str, Schema]:
    properties: dict[str, Schema] = SPEC_SCHEMAS[kind]["properties"]
    return {name: properties[name] for name in names}


def _rule(expression: str, message: str) -> dict[str, Any]:
    return {"rule": expression, "message": message}


_KV: Schema = {
    **fields(
        *("mount", "path", "type"),
        **_own("VaultStaticSecret", "type", "version"),
        mount=_LINE,
        path=_LINE,
    ),
    "x-kubernetes-validations": [
        _rule(
            "self.type == 'kv-v2' || !has(self.version) || self.version == 0",
            "only a kv-v2 engine has versions: leave version out",
        )
    ],
}
_ISSUED = fields(
    *("mount", "path"),
    **_own("VaultDynamicSecret", "requestHTTPMethod", "params", "renewalPercent", "revoke", "allowStaticCreds"),
    mount=_LINE,
    path=_LINE,
    refreshAfter=DURATION,
)
_KEYS: Schema = {
    **map_of(_LINE),
    "minProperties": 1,
    "maxProperties": _MOST_KEYS,
    "x-kubernetes-validations": [
        _rule(
            "self.all(key, size(key) <= 253 && key.matches('^[-._a-zA-Z0-9]+$'))",
            "a key of a Secret has letters, digits, '-', '_' and '.', at most 253 of them",
        )
    ],
}
_SOURCE: Schema = {
    **fields(
        "name",
        name=_SOURCE_NAME,
        kv=_KV,
        dynamic=_ISSUED,
        keys=_KEYS,
    ),
    "x-kubernetes-validations": [
        _rule("has(self.kv) != has(self.dynamic)", "a source is one of kv and dynamic: give exactly one of them")
    ],
}

SPEC: Schema = fields(
    *("sources", "destination"),
    vaultAuthRef=STRING,
    namespace=STRING,
    refreshAfter=DURATION,
    hmacSecretData=switch(True),
    sources={
        **list_of(_SOURCE),
        "minItems": 1,
        "maxItems": _MOST_SOURCES,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    },
    destination=DESTINATION,
    rolloutRestartTargets=RESTART_TARGETS,
)

WORDS: Words = {
    "": "Several Vault paths and the one Kubernetes Secret that their keys go to. It is written when all of them could be read.",
    **COMMON,
    "namespace": "Vault namespace of all sources (Vault Enterprise). That of the login when empty.",
    "refreshAfter": REFRESH_AFTER + " For sources without a lease. A minute when left out.",
    "hmacSecretData": HMAC,
    "sources": "What is read. Each has a name of its own; a key may come from one of them only.",
    "sources.name": "Name of the source, for status and messages.",
    "sources.kv": "A secret of a KV engine.",
    **under("sources.kv", KV),
    "sources.dynamic": "Credentials that Vault issues, each time anew or with the rotation of a static role.",
    **under("sources.dynamic", ISSUED),
    "sources.keys": (
        "Key of the Secret -> key in Vault. All keys when left out. A key that Vault does not have fails the refresh, and the last "
        "good Secret stays."
    ),
}
