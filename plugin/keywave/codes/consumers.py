"""Codes KW2: workloads and what they refer to."""

from __future__ import annotations

CODES: dict[str, str] = {}
