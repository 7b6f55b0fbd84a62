"""The README does what it says: its commands run as they stand, and what it points at is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rig.machine import program

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text()
PAGES = [
    *TOP.glob("*.md"),
    *TOP.glob("docs/*.md"),
    *TOP.glob("design/*.md"),
    *TOP.glob("integrations/*/README.md"),
    *TOP.glob("overlays-examples/*/README.md"),
]
HELM = f"#!/bin/sh\nexec cat {TOP}/overlays-examples/02-helm-stdin/chart-output.yaml\n"


def commands(text: str) -> list[str]:
    """The lines of the `sh` blocks, comments off."""
    blocks = [part.split("\n```")[0] for part in text.split("```sh\n")[1:]]
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment with this keywave, the pinned kustomize, and a helm that prints the example's chart."""
    folder = tmp_path / "bin"
    folder.mkdir()
    texts = {
        "keywave": f'#!/bin/sh\nexec {sys.executable} -m keywave "$@"\n',
        "kustomize": f'#!/bin/sh\nexec {program("kustomize")} "$@"\n',
        "helm": HELM,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def in_shell(line: str, folder: Path, env: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code, and the findings."""
    done = subprocess.run(
        ["sh", "-ec", line], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return done.returncode, re.findall(r"^  (?:error|warning) .*", done.stderr, re.MULTILINE)


def test_the_commands_run_as_they_stand_and_say_nothing_bad(tmp_path: Path, shell: dict[str, str]) -> None:
    home = tmp_path / "work"
    home.mkdir()
    lines = commands(README)
    said = {line: in_shell(line, home, shell) for line in lines}

    assert len(lines) == 8
    assert said == dict.fromkeys(lines, (0, []))
    assert sorted(path.name for path in home.iterdir()) == ["dist", "my-app", "schemas"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_what_a_page_points_at_is_there(page: Path) -> None:
    text = page.read_text()
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = re.findall(r"`((?:docs|design|integrations|overlays-examples|tools|tests|plugin)/[\w./-]*)`", text)
    missing = [each for each in linked if not (page.parent / each).exists()]
    missing += [each for each in named if not re.search("NAME|NN", each) and not (TOP / each).exists()]

    assert missing == []


def indented_commands(text: str) -> list[str]:
    """The indented lines that call keywave, continued lines joined."""
    joined = text.replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.startswith("    ") and "keywave render" in line]


@pytest.mark.parametrize("page", sorted(TOP.glob("overlays-examples/*/README.md")), ids=lambda page: page.parent.name)
def test_the_commands_of_an_example_run_as_they_stand(page: Path, tmp_path: Path, shell: dict[str, str]) -> None:
    home = tmp_path / "work"
    shutil.copytree(page.parent, home / "overlays-examples" / page.parent.name)
    lines = indented_commands(page.read_text())
    said = {line: in_shell(line, home, shell) for line in lines}

    assert lines
    assert said == dict.fromkeys(lines, (0, []))
