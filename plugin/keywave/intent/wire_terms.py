"""The terms that the schemas of the intent API are made of: scalars with their form, maps and lists.

Rules: every field may be null, because an overlay removes what its base set by `null`; no field is "this or that shape", because a
kustomize patch cannot change the kind of a node; nothing is required below `spec`, because patches are checked by editors too
(what must be there in the end is said by `convert_profile` and `convert_source`).
"""

from __future__ import annotations

from typing import Any

JsonSchema = dict[str, Any]

LABEL = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
REFERENCE = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"
SECRET_KEY = r"^[-._a-zA-Z0-9]+$"
ENV_NAME = r"^[-._a-zA-Z][-._a-zA-Z0-9]*$"
DURATION = r"^([0-9]+(\.[0-9]+)?(s|m|h))$"
TTL = r"^([0-9]+(\.[0-9]+)?(s|m|h|d))$"
GO_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
QUALIFIED = r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$"

LABEL_VALUE_HINT = "at most 63 letters, digits, '-', '_' and '.', starting and ending with a letter or digit"
NAME_HINT = "small letters, digits, '-' and '.', starting and ending with a letter or digit"
LABEL_HINT = "at most 63 small letters, digits and '-', starting and ending with a letter or digit"
KEY_HINT = "letters, digits, '-', '_' and '.', at most 253"
DURATION_HINT = "one number with s, m or h, such as 30s, 5m or 720h"


def text(description: str, *, pattern: str = "", hint: str = "", least: int = 1, most: int | None = None) -> JsonSchema:
    """A string, not empty unless said."""
    schema: JsonSchema = {"type": ["string", "null"], "description": description}
    if least:
        schema["minLength"] = least
    if most is not None:
        schema["maxLength"] = most
    if pattern:
        schema["pattern"] = pattern
    if hint:
        schema["x-hint"] = hint
    return schema


def name(description: str) -> JsonSchema:
    """The name of an object: a DNS-1123 subdomain."""
    return text(description, pattern=SUBDOMAIN, hint=NAME_HINT, most=253)


def label(description: str) -> JsonSchema:
    """The name of a namespace, a container, a source: a DNS-1123 label."""
    return text(description, pattern=LABEL, hint=LABEL_HINT, most=63)


def reference(description: str) -> JsonSchema:
    """`name` or `namespace/name`."""
    return text(description, pattern=REFERENCE, hint="name, or namespace/name", most=317)


def duration(description: str) -> JsonSchema:
    """A duration as Vault Secrets Operator takes it."""
    return text(description, pattern=DURATION, hint=DURATION_HINT)


def go_duration(description: str) -> JsonSchema:
    """A duration as Go and Flux take it."""
    return text(description, pattern=GO_DURATION, hint="a Go duration such as 30s, 5m or 1h30m")


def choice(description: str, *values: str) -> JsonSchema:
    """One of a few words."""
    return {"type": ["string", "null"], "description": description, "enum": [*values, None]}


def flag(description: str) -> JsonSchema:
    """true or false."""
    return {"type": ["boolean", "null"], "description": description}


def number(description: str, *, least: int | None = None, most: int | None = None, hint: str = "") -> JsonSchema:
    """A whole number."""
    schema: JsonSchema = {"type": ["integer", "null"], "description": description}
    if least is not None:
        schema["minimum"] = least
    if most is not None:
        schema["maximum"] = most
    if hint:
        schema["x-hint"] = hint
    return schema


def texts(description: str, *, pattern: str = "", hint: str = "") -> JsonSchema:
    """A list of strings."""
    item: JsonSchema = {"type": "string", "minLength": 1}
    if pattern:
        item |= {"pattern": pattern, "x-hint": hint}
    return {"type": ["array", "null"], "description": description, "items": item}


def strings(description: str, *, names: str = "", hint: str = "", empty_values: bool = True) -> JsonSchema:
    """A map from text to text; `names` is the pattern of its keys, `hint` says what they look like."""
    value: JsonSchema = {"type": ["string", "null"]}
    if not empty_values:
        value["minLength"] = 1
    schema: JsonSchema = {"type": ["object", "null"], "description": description, "additionalProperties": value}
    if names:
        schema["propertyNames"] = {"pattern": names, "minLength": 1, "maxLength": 253, "x-hint": hint}
    return schema


def label_map(description: str) -> JsonSchema:
    """Labels, as the API server takes them."""
    schema = strings(description, names=QUALIFIED, hint="a label's name, such as app.kubernetes.io/name")
    schema["additionalProperties"] |= {"pattern": LABEL_VALUE, "x-hint": LABEL_VALUE_HINT}
    return schema


def secret_keys(description: str, *, empty_values: bool = False) -> JsonSchema:
    """A map whose keys are keys of the Secret."""
    return strings(description, names=SECRET_KEY, hint=KEY_HINT, empty_values=empty_values)


def record(description: str, properties: JsonSchema, *, required: tuple[str, ...] = ()) -> JsonSchema:
    """A mapping with known fields only; a field that is required cannot be null."""
    fields = {name: _present(field) if name in required else field for name, field in properties.items()}
    schema: JsonSchema = {"type": ["object", "null"], "description": description, "properties": fields}
    if required:
        schema["required"] = list(required)
    return schema | {"additionalProperties": False}


def _present(field: JsonSchema) -> JsonSchema:
    schema = field | {"type": [t for t in field["type"] if t != "null"]}
    return schema | {"enum": [each for each in field["enum"] if each is not None]} if "enum" in field else schema


def records(description: str, properties: JsonSchema, *, required: tuple[str, ...] = ()) -> JsonSchema:
    """A list of mappings with known fields only."""
    item = record("One entry.", properties, required=required) | {"type": "object"}
    return {"type": ["array", "null"], "description": description, "items": item}


def named(description: str, properties: JsonSchema, *, names: str, hint: str) -> JsonSchema:
    """A map from a name to a mapping with known fields."""
    return {
        "type": ["object", "null"],
        "description": description,
        "propertyNames": {"pattern": names, "x-hint": hint},
        "additionalProperties": record("One entry.", properties),
    }


def raw(description: str) -> JsonSchema:
    """Any fields: they are checked against the target's own schema when they are merged."""
    return {"type": ["object", "null"], "description": description}
