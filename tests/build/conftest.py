"""Trees on disk, a real kustomize, and fake ones that misbehave."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from build_trees import FakeTool, WriteTree


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory that is a repository, with a folder for temporary files of its own."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return folder


@pytest.fixture
def write(place: Path) -> WriteTree:
    """Write files into the working directory; gives its path."""

    def into(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return place

    return into


@pytest.fixture
def real_kustomize(monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Path:
    """The product finds a real kustomize."""
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(kustomize))
    return kustomize


@pytest.fixture
def fake_tool(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTool]:
    """Makes a script the kustomize to use. `version` is answered; everything else runs the given shell lines."""
    folder = Path(tempfile.mkdtemp(prefix="kw-fake-"))

    def make(lines: str) -> Path:
        script = folder / "kustomize"
        script.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo v5.8.1; exit 0; fi\n{lines}\n')
        script.chmod(0o755)
        monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(script))
        return folder

    yield make
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nothing_left(place: Path, tmp_path: Path) -> Iterator[None]:
    """Fails the test when a temporary file or folder is left."""
    yield
    assert os.listdir(tmp_path / "temporary") == []
