"""Globs as Vault has them in the bindings of its auth roles."""

from __future__ import annotations


def glob(pattern: str, text: str) -> bool:
    """Vault's globs: `*` stands for any text, everything else for itself."""
    head, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(head):
        return False
    at = len(head)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at
