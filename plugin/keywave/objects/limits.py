"""How much a stream may ask of us. Rule: what is beyond is refused with a finding, at once, before memory is spent on it."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds on one stream (`bytes`, `documents`, `nodes`) and on one document (`depth`, `scalar`).

    `nodes` counts keys, values, mappings and lists with every alias expanded: what the text would become if it were written out.
    `scalar` is the length of one text in characters.
    """

    bytes: int = 64 * 1024 * 1024
    documents: int = 50_000
    nodes: int = 5_000_000
    depth: int = 100
    scalar: int = 4 * 1024 * 1024


DEFAULT_LIMITS = Limits()
"""10,000 intents with their workloads are 20,000 documents of some 60 nodes; an API object holds at most 3 MiB."""
