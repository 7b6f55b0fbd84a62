"""Codes KW01: YAML, files, limits."""

from __future__ import annotations

CODES: dict[str, str] = {}
