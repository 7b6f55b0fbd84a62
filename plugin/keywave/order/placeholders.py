"""Where an object holds `${...}`: in a template's text (the operator's own language) or elsewhere (meant for Flux).

Pure; a walk over one document that only looks at texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from keywave.findings import PathKey
from keywave.objects.later import later
from keywave.objects.manifest import Body

VARIABLE = later(r"(?<!\$)\$\{[A-Za-z_][A-Za-z0-9_]*[^}]*\}")
_TEMPLATES = frozenset({"templates", "sourceTemplates"})


class Mark(NamedTuple):
    """One text with `${`: its keys, the first placeholder in it, and whether it is template text."""

    keys: tuple[PathKey, ...]
    text: str
    template: bool


def placeholders(body: Body) -> Iterator[Mark]:
    """All texts of a document that hold `${`, in document order. `$${` outside templates is an escape and does not count."""
    return _walk(body, (), False) if _any(body) else iter(())


def _any(body: Body) -> bool:
    """Almost no document holds any: a walk without keys is enough for them."""
    stack: list[object] = [body]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if "${" in value:
                return True
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return False


def _walk(value: object, keys: tuple[PathKey, ...], template: bool) -> Iterator[Mark]:
    if isinstance(value, str):
        if "${" in value:
            found = VARIABLE.search(value)
            if found or (template and "$${" not in value):
                yield Mark(keys, found[0] if found else "${", template)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*keys, key), template or key in _TEMPLATES)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, (*keys, index), template)
