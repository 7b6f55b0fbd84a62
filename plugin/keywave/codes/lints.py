"""Codes KW5: hand-written objects."""

from __future__ import annotations

CODES: dict[str, str] = {}
