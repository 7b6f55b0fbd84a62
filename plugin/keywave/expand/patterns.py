"""The delivery patterns: one module each, in one explicit dict. A contract test runs over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from keywave.expand import secret
from keywave.expand.made import Made
from keywave.expand.tree import Tree
from keywave.intent.model import Intent


class Pattern(Protocol):
    """What the module of a delivery pattern has."""

    SUMMARY: str
    """One line: what happens, and the trade-off that people must know."""

    def expand(self, intents: Sequence[Intent], tree: Tree) -> Made:
        """The objects of these intents, which all have this pattern and are sorted by namespace and name."""
        ...


PATTERNS: Mapping[str, Pattern] = {"secret": secret}
"""`deliver:` -> its module."""
