"""A table of fields and its words into an OpenAPI v3 structural schema, as a CustomResourceDefinition holds it.

What the API server sees differently than `objects.structural`: closed objects need no word for it (unknown fields are pruned, or refused
when asked strictly), and `x-since` and `x-until` become a sentence of the description.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keywave.objects.structural import Schema

Words = Mapping[str, str]
"""Path of a field -> its description. `destination.transformation.templates.text`: entries of lists and maps add nothing to a path."""

Replaced = Mapping[str, Mapping[str, Any]]
"""Path of a field -> keywords that take the place of the table's."""

_KEPT = (
    *("type", "format", "default", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "minProperties", "maxProperties"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations"),
)


def described(schema: Schema, words: Words, *, path: str = "", replaced: Replaced | None = None) -> dict[str, Any]:
    """The structural schema of `schema`, a description on each field. Raises KeyError for a field without words: a bug of ours."""
    made = _shape(schema, words, path, replaced or {})
    return {"description": _sentence(schema, words[path]), **made}


def paths(schema: Schema, path: str = "") -> Iterator[str]:
    """The paths of all fields, the schema's own first; entries of lists and maps that are objects lead on, without a path of their own."""
    yield path
    yield from _below(schema, path)


def under(prefix: str, words: Words) -> dict[str, str]:
    """The same words one level further down; the path "" becomes the prefix itself."""
    return {f"{prefix}.{path}" if path else prefix: text for path, text in words.items()}


def _shape(schema: Schema, words: Words, path: str, replaced: Replaced) -> dict[str, Any]:
    schema = {**schema, **replaced.get(path, {})}
    made: dict[str, Any] = {keyword: schema[keyword] for keyword in _KEPT if keyword in schema}
    if "required" in schema:
        made["required"] = list(schema["required"])
    if "properties" in schema:
        made["properties"] = {
            name: described(inner, words, path=_join(path, name), replaced=replaced)
            for name, inner in schema["properties"].items()
        }
    elif schema.get("additionalProperties"):
        made["additionalProperties"] = _shape(schema["additionalProperties"], words, path, replaced)
    if "items" in schema:
        made["items"] = _shape(schema["items"], words, path, replaced)
    return made


def _sentence(schema: Schema, text: str) -> str:
    if "x-since" in schema and "x-until" in schema:
        return (
            f"{text} Vault Secrets Operator knows it from {schema['x-since']} on and no longer in {schema['x-until']}."
        )
    if "x-since" in schema:
        return f"{text} Vault Secrets Operator knows it from {schema['x-since']} on."
    return text


def _below(schema: Schema, path: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield from paths(inner, _join(path, name))
    for entry in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(entry, Mapping):
            yield from _below(entry, path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
