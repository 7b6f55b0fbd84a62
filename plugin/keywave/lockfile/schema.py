"""The wire form of a lock: one schema, used by the reader and published as `schemas/vault-lock.json`.

Facts that are not simply there (absent, denied, unclear, or with a note) stand apart in `others`, so that each table holds one shape.
"""

from __future__ import annotations

from typing import Any

FORMAT = "keywave.dev/vault-lock/v1"
FILE = "vault-lock.json"
STATES = ("present", "absent", "denied", "uncovered", "unclear")
TABLES = ("mounts", "auths", "names", "secrets", "roles", "policies", "entities")
Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_NUMBER = "^[0-9]{1,18}$"


def _record(properties: Schema, required: tuple[str, ...] = (), description: str = "") -> Schema:
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        **({"description": description} if description else {}),
        **made,
        **({"required": list(required)} if required else {}),
    }


def _table(entry: Schema, description: str, names: str = "") -> Schema:
    made: Schema = {"type": "object", "description": description, "additionalProperties": entry}
    return {**made, "propertyNames": {"pattern": names}} if names else made


def _by_version(entry: Schema, description: str) -> Schema:
    return _table(entry, description, _NUMBER)


_MOUNT = _record(
    {"path": _TEXT, "type": _TEXT, "kvVersion": _WHOLE, "defaultTtl": _WHOLE, "maxTtl": _WHOLE, "accessor": _TEXT},
    ("type",),
)
_SECRET = _record(
    {
        "current": _WHOLE,
        "complete": _FLAG,
        "versions": _by_version({"type": "string", "enum": ["live", "deleted", "destroyed"]}, "State of each version."),
        "keys": _by_version(_TEXTS, "Names of the keys of a version; never values."),
        "deletesAt": _by_version(_TEXT, "When a version will be deleted."),
    }
)
_SETTING: Schema = {"type": ["integer", "boolean", "string", "array"], "items": _TEXT}
_ENTITY = _record(
    {
        "id": _TEXT,
        "name": _TEXT,
        "policies": _TEXTS,
        "groupPolicies": _TEXTS,
        "metadata": _table(_TEXT, "Metadata of the entity."),
        "complete": _FLAG,
    },
    ("id",),
)
_OTHER = _record({"state": {"type": "string", "enum": list(STATES)}, "note": _TEXT}, ("state",))
_NAMESPACE = _record(
    {
        "mounts": _table(_MOUNT, "Secrets engines."),
        "auths": _table(_MOUNT, "Auth methods, without auth/."),
        "names": _table(_TEXTS, "What a folder holds; a folder ends with a slash. What is not listed in it is absent."),
        "secrets": _table(_SECRET, "KV secrets: <mount>/<path>."),
        "roles": _table(_table(_SETTING, "Settings of the role that matter to the checks."), "Roles by API path."),
        "policies": _table(_TEXTS, "Full text of ACL policies, line by line."),
        "entities": _table(_ENTITY, "Identities: <auth mount>/<alias>."),
        "others": _record(
            {name: _table(_OTHER, "What is not simply there, or has a note.") for name in TABLES},
            description="Facts that are absent, denied, unclear, or have a note.",
        ),
    }
)

LOCK: Schema = _record(
    {
        "format": {"type": "string", "const": FORMAT},
        "taken": {"type": "string", "description": "When the content was found, RFC 3339."},
        "address": {"type": "string", "description": "Address of the Vault."},
        "vault": {"type": "string", "description": "Version of the Vault."},
        "keyNames": {
            "type": "string",
            "enum": ["plain", "hmac-sha256"],
            "description": "How names of keys are written.",
        },
        "keyCheck": {"type": "string", "description": "The hash of the empty name: tells a wrong hash key."},
        "lacking": {
            "type": "array",
            "description": "What the one who took it was not allowed: namespace, path, capability.",
            "items": {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3},
        },
        "namespaces": _table(_NAMESPACE, 'Facts by Vault namespace; "" is the root.'),
    },
    ("format", "namespaces"),
    "keywave: what a Vault holds, without any value.",
)


def files() -> dict[str, str]:
    """File name -> text, as `schemas/` holds it."""
    import json  # only the schema command and the drift test need it

    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://keywave.dev/schemas/{FILE}",
        "title": "vault-lock",
    }
    return {FILE: json.dumps({**head, **LOCK}, indent=2) + "\n"}
