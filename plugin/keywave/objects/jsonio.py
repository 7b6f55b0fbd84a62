"""JSON documents, read as JSON: it is faster, and some JSON is no YAML (surrogate pairs, keys beyond 1,024 characters).

Rule: whatever is unusual is left to the YAML reader, which knows the line: a key that stands twice, numbers that JSON does not have,
anything near a limit. Kubernetes does the same (YAMLOrJSONDecoder: first JSON, then YAML).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from keywave.objects.later import later
from keywave.objects.limits import Limits
from keywave.objects.scalars import plain_value

_BLANKS = later(r"[ \t\r\n]*")
_SURROGATE = later(r"\\u[dD][89a-fA-F]")


class JsonDocument(NamedTuple):
    """One JSON value of a text, and where it begins and ends there."""

    value: Any
    start: int
    end: int


def read_one(text: str, limits: Limits) -> dict[str, Any] | None:
    """The JSON object that the text is, or None when it is not exactly one."""
    found = read_many(text, limits)
    return found[0].value if found is not None and len(found) == 1 else None


def read_many(text: str, limits: Limits) -> list[JsonDocument] | None:
    """All JSON objects of a text that holds one after the other and nothing else; None when it is anything else."""
    if not text.lstrip(" \t\r\n").startswith("{") or not _well_within(text, limits):
        return None
    from json import JSONDecoder  # only for input that looks like JSON

    decoder = JSONDecoder(
        object_pairs_hook=_mapping, parse_int=plain_value, parse_float=plain_value, parse_constant=_refuse
    )
    found, position = [], _skip(text, 0)
    try:
        while position < len(text):
            if text[position] != "{":
                return None
            value, end = decoder.raw_decode(text, position)
            found.append(JsonDocument(value, position, end))
            position = _skip(text, end)
    except (ValueError, RecursionError):
        return None
    return None if _SURROGATE.search(text) and _has_lone_surrogate(found) else found


def _skip(text: str, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _well_within(text: str, limits: Limits) -> bool:
    if len(text) > limits.scalar:
        return False
    opened = text.count("{") + text.count("[")
    if opened > limits.depth and _deepest(text) > limits.depth:
        return False
    return opened + text.count(",") + text.count(":") < limits.nodes


def _deepest(text: str) -> int:
    """Upper bound of the nesting: brackets in texts count too."""
    depth = deepest = 0
    for match in re.finditer(r"[\[{\]}]", text):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _has_lone_surrogate(found: list[JsonDocument]) -> bool:
    from json import dumps

    try:
        dumps([document.value for document in found], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
