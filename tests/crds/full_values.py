"""A value with every field that a schema has: the most that an operator may ever write into a status."""

from __future__ import annotations

from typing import Any


def full(schema: Any) -> Any:
    """Every field, one entry in each list and map; formats and enums are kept to."""
    kind = schema["type"]
    if kind == "object":
        if "properties" in schema:
            return {name: full(inner) for name, inner in schema["properties"].items()}
        return {"a": full(schema["additionalProperties"])}
    if kind == "array":
        return [full(schema["items"])]
    if kind == "string":
        return "2026-01-31T00:00:00Z" if schema.get("format") == "date-time" else schema.get("enum", ["x"])[0]
    return {"integer": 7, "boolean": True}[kind]
