"""The types that several secrets.hashicorp.com/v1beta1 kinds share, as JSON Schema (a plain dict each).

Rule: our own description, made from facts about the fields (name, type, required, limits, default), never from the incumbent's text.
Objects are closed (`additionalProperties: False`), because an unknown field is what people get wrong; `x-since` names the first
release of the operator that has a field, for those newer than 0.10.0, and `x-until` the first that no longer has it.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(s|m|h))$"
TTL_PATTERN = r"^([0-9]+(\.[0-9]+)?(s|m|h|d))$"

STRING: Schema = {"type": "string"}
BOOL: Schema = {"type": "boolean"}
STRINGS: Schema = {"type": "array", "items": STRING}
STRING_MAP: Schema = {"type": "object", "additionalProperties": STRING}
DURATION: Schema = {"type": "string", "pattern": DURATION_PATTERN}


def fields(*required: str, **properties: Schema) -> Schema:
    """A closed object with these fields, some of them required."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": sorted(required)} if required else schema


def list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def map_of(value: Schema) -> Schema:
    return {"type": "object", "additionalProperties": value}


def one_of(*values: str, default: str | None = None) -> Schema:
    """A string with a closed list of values."""
    schema: Schema = {"type": "string", "enum": list(values)}
    return schema if default is None else {**schema, "default": default}


def switch(default: bool) -> Schema:
    return {"type": "boolean", "default": default}


def since(version: str, schema: Schema) -> Schema:
    """The same field, marked as new in that release of the operator."""
    return {**schema, "x-since": version}


def until(version: str, schema: Schema) -> Schema:
    """The same field, marked as removed in that release of the operator."""
    return {**schema, "x-until": version}


TEMPLATE = fields("text", name=STRING, text=STRING)

TRANSFORMATION = fields(
    templates=map_of(TEMPLATE),
    transformationRefs=list_of(
        fields(
            "name",
            namespace=STRING,
            name=STRING,
            templateRefs=list_of(fields("name", name=STRING, keyOverride=STRING)),
            ignoreIncludes=BOOL,
            ignoreExcludes=BOOL,
        )
    ),
    includes=STRINGS,
    excludes=STRINGS,
    excludeRaw=BOOL,
)

DESTINATION = fields(
    "name",
    name=STRING,
    create=switch(False),
    overwrite=switch(False),
    labels=STRING_MAP,
    annotations=STRING_MAP,
    type=STRING,
    transformation=TRANSFORMATION,
)

RESTART_KINDS = ("Deployment", "DaemonSet", "StatefulSet", "argo.Rollout")
RESTART_TARGETS = list_of(fields("kind", "name", kind=one_of(*RESTART_KINDS), name=STRING))

AUTH_METHODS = ("kubernetes", "jwt", "appRole", "aws", "gcp")
TOKEN_SECONDS: Schema = {"type": "integer", "default": 600, "minimum": 600}
MERGE_MODE = one_of("union", "replace", "none")

METHOD_FIELDS: dict[str, dict[str, Schema]] = {
    "kubernetes": {
        "role": STRING,
        "serviceAccount": STRING,
        "audiences": STRINGS,
        "tokenExpirationSeconds": TOKEN_SECONDS,
    },
    "appRole": {"roleId": STRING, "secretRef": STRING, "secretIDPath": until("1.5.0", since("1.3.0", STRING))},
    "jwt": {
        "role": STRING,
        "secretRef": STRING,
        "serviceAccount": STRING,
        "audiences": STRINGS,
        "tokenExpirationSeconds": TOKEN_SECONDS,
    },
    "aws": {
        "role": STRING,
        "region": STRING,
        "headerValue": STRING,
        "sessionName": STRING,
        "stsEndpoint": STRING,
        "iamEndpoint": STRING,
        "secretRef": STRING,
        "irsaServiceAccount": STRING,
    },
    "gcp": {
        "role": STRING,
        "workloadIdentityServiceAccount": STRING,
        "region": STRING,
        "clusterName": STRING,
        "projectID": STRING,
    },
}
"""Fields of each login method's block; which of them a login needs at run time stands in `REQUIRED_AT_LOGIN`."""

REQUIRED_AT_LOGIN: dict[str, tuple[tuple[str, ...], ...]] = {
    "kubernetes": (("role",), ("serviceAccount",)),
    "jwt": (("role",), ("serviceAccount", "secretRef")),
    "appRole": (("roleId",), ("secretRef", "secretIDPath")),
    "aws": (("role",),),
    "gcp": (("role",), ("workloadIdentityServiceAccount",)),
}
"""Method -> groups of fields, of each of which one must be set. The operator finds this out only when it runs: the CRD does not say it."""
