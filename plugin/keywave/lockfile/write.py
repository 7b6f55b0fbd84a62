"""An inventory as a lock file: sorted, one line a fact (a policy: one line a line), so that a diff and a merge of it can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from keywave.lockfile.facts import CODECS
from keywave.lockfile.schema import FORMAT, TABLES
from keywave.vault.inventory import Fact, Inventory, State, hashed

_TAKEN = re.compile(r'^  "taken": .*\n', re.MULTILINE)


def write_lock(inventory: Inventory, *, taken: str, hash_key: bytes = b"") -> str:
    """The text of a lock, ending with a line break; equal inventories give equal texts.

    `taken` is RFC 3339. With `hash_key` the names of keys are written as HMACs by it; the key itself is never written.
    """
    held = {n.hash_key for fact in inventory.secrets.values() if fact.value for n in fact.value.keys.values()}
    key = max(held, default=b"") or hash_key
    document: dict[str, Any] = {
        "format": FORMAT,
        "taken": taken,
        "address": inventory.address,
        "vault": inventory.version,
        "keyNames": "hmac-sha256" if key else "plain",
        **({"keyCheck": hashed("", key)} if key else {}),
        "lacking": [list(entry) for entry in sorted(set(inventory.lacking))],
        "namespaces": _namespaces(inventory, hash_key),
    }
    return "".join(_show(document, 0)) + "\n"


def same_content(old: str, new: str) -> bool:
    """Whether two locks differ in nothing but the time they were taken."""
    return _TAKEN.sub("", old, count=1) == _TAKEN.sub("", new, count=1)


def _namespaces(inventory: Inventory, key: bytes) -> dict[str, Any]:
    spaces: dict[str, Any] = {}
    for table in TABLES:
        facts: Mapping[tuple[str, str], Fact[Any]] = getattr(inventory, table)
        for (namespace, path), fact in sorted(facts.items()):
            space = spaces.setdefault(namespace, {})
            if fact.state is State.PRESENT and fact.value is not None:
                space.setdefault(table, {})[path] = CODECS[table].put(fact.value, path, key)
            if fact.state is not State.PRESENT or fact.note:
                other = {"state": str(fact.state), **({"note": fact.note} if fact.note else {})}
                space.setdefault("others", {}).setdefault(table, {})[path] = other
    return {name: _ordered(spaces[name]) for name in sorted(spaces)}


def _ordered(space: Mapping[str, Any]) -> dict[str, Any]:
    return {name: space[name] for name in (*TABLES, "others") if name in space}


_BLOCKS = 4
"""Mappings down to this depth (namespaces, one namespace, its tables) and lists at any are written over several lines."""


def _show(value: Any, depth: int, table: str = "") -> list[str]:
    indent, closing = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value and (depth < _BLOCKS or (table == "others" and depth < _BLOCKS + 1)):
        parts = []
        for name, entry in value.items():
            known = name if depth == _BLOCKS - 2 else table
            parts.append(f"{indent}{_compact(name)}: {''.join(_show(entry, depth + 1, known))}")
        return ["{\n", ",\n".join(parts), f"\n{closing}}}"]
    if isinstance(value, list) and value and depth <= _BLOCKS:
        return ["[\n", ",\n".join(indent + _compact(entry) for entry in value), f"\n{closing}]"]
    return [_compact(value)]


def _compact(value: Any) -> str:
    # ASCII only: signs that look alike or turn the line round could hide in a review.
    return json.dumps(value, sort_keys=True, separators=(", ", ": "))
