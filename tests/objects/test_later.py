"""What is made at first use: patterns and modules."""

from __future__ import annotations

import re
import sys

import pytest

from keywave.objects.late_modules import LateModules
from keywave.objects.later import later


def test_a_pattern_does_what_the_compiled_one_does() -> None:
    pattern = later(r"a(b+)", re.IGNORECASE)
    match = pattern.search("xABBx")

    assert match is not None
    assert (match[1], pattern.sub("-", "abxab"), pattern.fullmatch("abx")) == ("BB", "-x-", None)
    assert later(rb"^k$", re.MULTILINE).findall(b"k\nk") == [b"k", b"k"]


def test_a_pattern_is_compiled_at_its_first_use() -> None:
    broken = later("(")

    with pytest.raises(re.error):
        broken.search("x")


def test_modules_are_imported_when_asked_for() -> None:
    sys.modules.pop("this_is_no_module", None)
    modules: LateModules[object] = LateModules({"json": "json", "absent": "this_is_no_module"})

    assert (list(modules), len(modules), "json" in modules) == (["json", "absent"], 2, True)
    assert modules["json"] is sys.modules["json"]
    with pytest.raises(ModuleNotFoundError):
        modules["absent"]
    with pytest.raises(KeyError):
        modules["other"]
