"""Every code has its page, every page its code, and the code that uses them uses no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keywave.cli import run
from keywave.codes import CODES

TOP = Path(__file__).resolve().parents[2]
PAGES = {page.stem: page.read_text() for page in (TOP / "docs/findings").glob("KW*.md")}
SECTIONS = ("## What was found", "## Why it matters", "## What to do")


def test_codes_and_pages_are_the_same() -> None:
    assert sorted(PAGES) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_page_has_its_title_and_the_three_sections(code: str) -> None:
    lines = PAGES[code].splitlines()

    assert lines[0] == f"# {code}: {CODES[code]}"
    assert tuple(line for line in lines if line in SECTIONS) == SECTIONS


def used_codes() -> set[str]:
    text = "".join(p.read_text() for p in (TOP / "plugin/keywave").rglob("*.py") if p.parent.name != "codes")
    return set(re.findall(r'"(KW\d{4})"', text))


def test_every_code_in_use_is_registered_and_every_registered_code_is_in_use() -> None:
    assert used_codes() == set(CODES)


def test_every_code_is_exercised_by_a_test() -> None:
    tests = "".join(p.read_text() for p in (TOP / "tests").rglob("test_*.py"))

    assert sorted(code for code in CODES if code not in tests) == []


def test_explain_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "KW0701"]) == 0
    assert capsys.readouterr().out.startswith("# KW0701: the render gives no object at all")
