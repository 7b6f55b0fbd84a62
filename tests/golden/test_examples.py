"""Every example renders to exactly what its `expected/` folder holds, for every target. `make golden` rewrites them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from examples import Render, renders
from keywave.cli import run
from rig.machine import ENVIRON

CASES = [pytest.param(r, target, id=f"{r.title}-{target}") for r in renders() for target in r.targets]


def rendered(render: Render, target: str, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Render into `out` through the command line; returns relative path -> text."""
    monkeypatch.chdir(render.folder)
    for name, value in render.env.items():
        monkeypatch.setenv(name, value)
    with (render.folder / render.stdin if render.stdin else Path(os.devnull)).open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert run([*render.arguments(target), "--out", str(out)]) == 0
    files = [p for p in sorted(out.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return {str(p.relative_to(out)): p.read_text() for p in files}


@pytest.mark.parametrize(("render", "target"), CASES)
def test_example_renders_to_what_is_expected(
    render: Render, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned_kustomize: str
) -> None:
    actual = rendered(render, target, tmp_path / "out", monkeypatch)
    folder = render.expected / target
    if ENVIRON.get("KEYWAVE_UPDATE_GOLDEN"):
        rewrite(folder, actual)
    expected = {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}

    assert actual == expected


def test_rendering_twice_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned_kustomize: str
) -> None:
    render = next(r for r in renders() if r.example.startswith("12-"))
    first = rendered(render, "flux", tmp_path / "first", monkeypatch)
    second = rendered(render, "flux", tmp_path / "second", monkeypatch)

    assert first == second


def test_every_example_says_what_it_shows() -> None:
    examples = {r.folder for r in renders()}

    assert [e.name for e in sorted(examples) if not (e / "README.md").is_file()] == []
    assert len(examples) >= 10


def rewrite(folder: Path, texts: dict[str, str]) -> None:
    """Replace the expected files of one render."""
    for old in sorted(folder.rglob("*"), reverse=True):
        old.unlink() if old.is_file() else old.rmdir()
    for name, text in texts.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
