"""A dict of modules by name that imports each when it is asked for: of five auth methods a tree has one, of three targets a run has one.

The names stand in the dict in full, to be found by search; that each module has what its Protocol wants is checked by mypy in an
assignment beside the dict, and by the contract tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar, cast

Module = TypeVar("Module")


class LateModules(Mapping[str, Module]):
    """Name -> module, from name -> the module's dotted name."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes

    def __getitem__(self, name: str) -> Module:
        return cast("Module", import_module(self._homes[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)
