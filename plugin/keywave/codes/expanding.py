"""Codes KW3: expansion to the target's kinds."""

from __future__ import annotations

CODES: dict[str, str] = {}
