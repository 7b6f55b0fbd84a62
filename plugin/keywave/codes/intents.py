"""Codes KW1: VaultProfile and SecretIntent."""

from __future__ import annotations

CODES: dict[str, str] = {}
