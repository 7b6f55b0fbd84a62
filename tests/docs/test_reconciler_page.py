"""docs/reconciler.md knows every reason that a condition can have, every metric, and names only what there is."""

from __future__ import annotations

import re
from pathlib import Path

from keywave.controller import reasons
from keywave.controller.watching.metrics import METRICS

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "reconciler.md").read_text()


def test_every_reason_has_its_line_and_no_line_is_left_over() -> None:
    known = {value for name, value in vars(reasons).items() if name.isupper()}

    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE)) == known


def test_every_metric_has_its_line_as_it_is() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    told = {name: (type, labels, text) for name, type, labels, text in rows}

    assert {name: row[:2] for name, row in told.items()} == {
        name: (metric.type, ", ".join(metric.labels)) for name, metric in METRICS.items()
    }
    assert [name for name, row in told.items() if not row[2].startswith(METRICS[name].help)] == []


def test_every_path_and_target_that_it_names_is_there() -> None:
    paths = set(re.findall(r"\b((?:deploy|schemas)/[\w./-]*\w)", PAGE))
    targets = set(re.findall(r"`make ([\w-]+)`", PAGE))

    assert [path for path in paths if not (TOP / path).exists()] == []
    assert [name for name in targets if f"\n{name}:" not in (TOP / "Makefile").read_text()] == []


def test_every_overlay_is_told_of() -> None:
    overlays = {f"deploy/overlays/{folder.name}" for folder in (TOP / "deploy/overlays").iterdir()}

    assert set(re.findall(r"^\| `(deploy/overlays/[\w-]+)` \|", PAGE, re.MULTILINE)) == overlays
