"""Codes KW6: what must never be in Git or in a policy."""

from __future__ import annotations

CODES: dict[str, str] = {}
