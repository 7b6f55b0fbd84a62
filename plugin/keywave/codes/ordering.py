"""Codes KW4: waves, layers, dependencies."""

from __future__ import annotations

CODES: dict[str, str] = {}
