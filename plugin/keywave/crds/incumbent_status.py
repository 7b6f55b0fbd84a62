"""The `status` that Vault Secrets Operator's own definitions have: on them the operator may write nothing else.

Facts of 0.10.0 (names, types, what is required), compared with the real definitions by a test. Later releases have more (conditions on
every kind from 1.0 on), so a definition that can be read in the cluster is the better source: `status_of`. An API server drops a field
that a definition lacks, without a word, and each write of it would look like a change: that is why they are left out beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.objects.manifest import mapping, sequence
from keywave.objects.structural import Schema
from keywave.objects.vso_types import BOOL, STRING, fields, list_of

_WHOLE: dict[str, Any] = {"type": "integer"}
_VERDICT = fields("error", "valid", error=STRING, valid=BOOL)

_CONDITION = fields(
    *("lastTransitionTime", "message", "reason", "status", "type"),
    lastTransitionTime=STRING,
    message=STRING,
    observedGeneration=_WHOLE,
    reason=STRING,
    status=STRING,
    type=STRING,
)

INCUMBENT_STATUS: Mapping[str, Schema] = {
    "VaultConnection": fields("valid", valid=BOOL),
    "VaultAuth": fields(conditions=list_of(_CONDITION), error=STRING, specHash=STRING, valid=BOOL),
    "VaultAuthGlobal": _VERDICT,
    "VaultStaticSecret": fields("lastGeneration", lastGeneration=_WHOLE, secretMAC=STRING),
    "VaultDynamicSecret": fields(
        *("lastGeneration", "lastRenewalTime", "secretLease"),
        lastGeneration=_WHOLE,
        lastRenewalTime=_WHOLE,
        lastRuntimePodUID=STRING,
        secretLease=fields(
            *("duration", "id", "renewable", "requestID"),
            duration=_WHOLE,
            id=STRING,
            renewable=BOOL,
            requestID=STRING,
        ),
        secretMAC=STRING,
        staticCredsMetaData=fields(
            *("lastVaultRotation", "rotationPeriod", "ttl"),
            lastVaultRotation=_WHOLE,
            rotationPeriod=_WHOLE,
            rotationSchedule=STRING,
            ttl=_WHOLE,
        ),
        vaultClientMeta=fields(cacheKey=STRING, id=STRING),
    ),
    "VaultPKISecret": fields(
        *("error", "lastGeneration", "lastRotation", "valid"),
        error=STRING,
        expiration=_WHOLE,
        lastGeneration=_WHOLE,
        lastRotation=_WHOLE,
        secretMAC=STRING,
        serialNumber=STRING,
        valid=BOOL,
    ),
    "SecretTransformation": _VERDICT,
}
"""Kind -> schema of `status` in 0.10.0; objects are closed, forms of texts and limits are left out."""

_ZERO: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": []}


def status_of(definition: Mapping[str, Any], version: str) -> Schema | None:
    """The same schema out of a CustomResourceDefinition's body (as the API server gives it); None where that version has no status."""
    for entry in sequence(mapping(definition.get("spec")).get("versions")):
        if mapping(entry).get("name") == version:
            whole = mapping(mapping(mapping(entry).get("schema")).get("openAPIV3Schema"))
            status = mapping(whole.get("properties")).get("status")
            return _plain(status) if isinstance(status, Mapping) else None
    return None


def fitted(status: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """What of our status those definitions can hold: unknown fields left out, required ones filled with the zero of their type.

    The incumbent itself writes these zeros, so they mean "not yet" to both.
    """
    made = _fit(status, schema)
    return made if isinstance(made, dict) else {}


def _fit(value: Any, schema: Schema) -> Any:
    if isinstance(value, list) and "items" in schema:
        return [_fit(entry, schema["items"]) for entry in value]
    if not isinstance(value, Mapping) or "properties" not in schema:
        return value
    known: Mapping[str, Schema] = schema["properties"]
    made = {name: _fit(inner, known[name]) for name, inner in value.items() if name in known and inner is not None}
    return {**{name: _zero(known[name]) for name in schema.get("required", ())}, **made}


def _zero(schema: Schema) -> Any:
    return fitted({}, schema) if schema["type"] == "object" else _ZERO[schema["type"]]


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Types, fields and what is required: the rest of a definition does not say which fields there are."""
    made: dict[str, Any] = {"type": schema.get("type", "object")}
    if "properties" in schema:
        made["properties"] = {name: _plain(inner) for name, inner in schema["properties"].items()}
        made["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _plain(schema["additionalProperties"])
    if "items" in schema:
        made["items"] = _plain(schema["items"])
    if "required" in schema:
        made["required"] = sorted(schema["required"])
    return made
