"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from keywave.build import Built

WriteTree = Callable[[Mapping[str, str]], Path]
FakeTool = Callable[[str], Path]


def told(built: Built) -> list[tuple[str, str, str]]:
    """Each finding as (code, `file:line`, message)."""
    return [
        (f.code, f"{f.where.file}:{f.where.line}" if f.where.line else f.where.file, f.message) for f in built.findings
    ]


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
