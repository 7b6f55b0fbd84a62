"""The wire form of the intent API: one schema a kind, used by the loader and written to `schemas/` for editors.

Rule: the schemas are data; `schemas/*.json` are generated from them (`files`) and a test compares. Nothing else describes a field.
"""

from __future__ import annotations

from collections.abc import Mapping

from keywave.intent.model import API_VERSION
from keywave.intent.wire_intent import SECRET_INTENT_SPEC
from keywave.intent.wire_profile import VAULT_PROFILE_SPEC
from keywave.intent.wire_terms import NAME_HINT, SUBDOMAIN, JsonSchema, label, strings

BASE_URL = "https://keywave.dev/schemas/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMBINED = "keywave.dev_v1alpha1"


def _object(kind: str, description: str, spec: JsonSchema) -> JsonSchema:
    metadata: JsonSchema = {
        "type": "object",
        "description": "Metadata of the object. The name of a SecretIntent is the name of the Secret.",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": SUBDOMAIN, "x-hint": NAME_HINT},
            "namespace": label("Namespace."),
            "labels": strings("Labels; they go to the objects that are made."),
            "annotations": strings("Annotations; they go to the objects that are made."),
        },
    }
    return {
        "type": "object",
        "description": description,
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"type": "string", "const": API_VERSION},
            "kind": {"type": "string", "const": kind},
            "metadata": metadata,
            "spec": spec | {"type": "object"},
        },
        "additionalProperties": False,
    }


SCHEMAS: Mapping[str, JsonSchema] = {
    "VaultProfile": _object("VaultProfile", "keywave: where Vault is and how one logs in there.", VAULT_PROFILE_SPEC),
    "SecretIntent": _object(
        "SecretIntent", "keywave: one Kubernetes Secret and where it comes from.", SECRET_INTENT_SPEC
    ),
}
"""Kind -> schema of the whole object."""


def documents() -> dict[str, JsonSchema]:
    """The published schemas: file stem -> document. The combined one serves any file, keywave's objects or not."""
    published = {
        kind.lower(): {"$schema": DIALECT, "$id": f"{BASE_URL}{kind.lower()}.json", "title": kind, **schema}
        for kind, schema in SCHEMAS.items()
    }
    return {**published, COMBINED: _combined()}


def _combined() -> JsonSchema:
    ours = {"type": "string", "pattern": "^keywave\\.dev/"}
    branches: list[JsonSchema] = [
        {
            "if": {"properties": {"apiVersion": ours, "kind": {"const": kind}}, "required": ["apiVersion", "kind"]},
            "then": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in SCHEMAS
    ]
    known: JsonSchema = {
        "if": {"properties": {"apiVersion": ours}, "required": ["apiVersion"]},
        "then": {"properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": list(SCHEMAS)}}},
    }
    return {
        "$schema": DIALECT,
        "$id": f"{BASE_URL}{COMBINED}.json",
        "title": API_VERSION,
        "description": "Checks keywave's kinds and leaves all others alone.",
        "type": ["object", "null"],
        "allOf": [known, *branches],
        "$defs": dict(SCHEMAS),
    }


def files() -> dict[str, str]:
    """File name -> text, as `schemas/` holds it: two spaces, one line break at the end."""
    import json  # only `keywave schema` and the drift test need it

    return {f"{stem}.json": json.dumps(document, indent=2) + "\n" for stem, document in documents().items()}
