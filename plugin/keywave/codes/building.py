"""Codes KW02: kustomize and its inputs."""

from __future__ import annotations

CODES: dict[str, str] = {}
