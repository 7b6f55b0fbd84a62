"""Paths with a query, as the CSI provider and the agent take them: `kv/data/app?version=2`."""

from __future__ import annotations

from keywave.references.setting import api_path, number


def with_query(written: str) -> tuple[str, int | None]:
    """(API path, version or None)."""
    path, _, query = written.partition("?")
    pairs = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    return api_path(path), number(pairs.get("version")) or None
