"""kustomize for the renders."""

from __future__ import annotations

import pytest

from rig.machine import program


@pytest.fixture
def pinned_kustomize(monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the pinned kustomize, which the command is told to use."""
    path = str(program("kustomize"))
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", path)
    return path
