"""docs/reconciler.md knows every reason that a condition can have."""

from __future__ import annotations

import re
from pathlib import Path

from keywave.controller import reasons

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reconciler.md").read_text()


def test_every_reason_has_its_line_and_no_line_is_left_over() -> None:
    known = {value for name, value in vars(reasons).items() if name.isupper()}

    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == known
