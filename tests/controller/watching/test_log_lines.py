"""What is logged: one JSON object a line, with the same four fields, and nothing that a value could be in."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from keywave.controller.watching.logs import Log, take_over


class Told:
    """A log and what came out of it."""

    def __init__(self, **options: Any) -> None:
        self.out, self.clock = io.StringIO(), 1_700_000_000.0
        self.log = Log(out=self.out, now=lambda: self.clock, **options)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def hooked() -> Iterator[Told]:
    """A log that has taken over from Python, until the test ends."""
    hooks = (threading.excepthook, sys.excepthook, sys.unraisablehook, logging.root.handlers[:], logging.root.level)
    told = Told()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        take_over(told.log)
        yield told
        logging.captureWarnings(False)
    threading.excepthook, sys.excepthook, sys.unraisablehook = hooks[:3]
    logging.basicConfig(handlers=hooks[3], level=hooks[4], force=True)


def test_every_line_is_one_json_object_with_the_same_four_fields() -> None:
    told = Told(level="debug")
    told.log("info", "took a shard", shard=3)
    told.log("warning", "two\nlines and a \u2028", object="VaultAuth team/app", message="not this", time=1, ok=True)

    moment = "2023-11-14T22:13:20.000Z"
    assert told.lines == [
        {"time": moment, "level": "info", "message": "took a shard", "object": "", "shard": 3},
        {
            "time": moment,
            "level": "warning",
            "message": "two\nlines and a \u2028",
            "object": "VaultAuth team/app",
            "ok": True,
        },
    ]


def test_a_field_cannot_end_a_line_of_text_or_forge_another_field() -> None:
    told = Told(form="text")
    told.log("info", "m", object='a\nb level="x"', plain="x")

    assert told.out.getvalue() == '2023-11-14T22:13:20.000Z info    m object="a\\nb level=\\"x\\"" plain=x\n'


def test_the_same_line_is_counted_and_written_again_after_ten_seconds() -> None:
    told = Told()
    for _ in range(5):
        told.log("warning", "m", object="a")
    told.clock += 11
    told.log("warning", "m", object="a")

    assert [line.get("repeated") for line in told.lines] == [None, 4]


def test_a_clock_that_was_put_back_does_not_hold_lines_back() -> None:
    told = Told()
    told.log("warning", "m")
    told.clock -= 3600
    told.log("warning", "m")

    assert len(told.lines) == 2


def test_an_error_that_ends_a_thread_is_a_line_without_its_text(hooked: Told, canary: str) -> None:
    def fail() -> None:
        raise ValueError(canary)

    thread = threading.Thread(target=fail, name="watch-secrets")
    thread.start()
    thread.join()

    (line,) = hooked.lines
    assert re.fullmatch(r".*test_log_lines\.py:\d+ < .*threading\.py:\d+ < .*threading\.py:\d+", line.pop("where"))
    line.pop("time")
    assert line == {
        "level": "error",
        "message": "a bug in keywave; please report it",
        "object": "",
        "type": "ValueError",
        "thread": "watch-secrets",
    }


def test_what_a_library_would_print_is_a_line_without_its_text(hooked: Told) -> None:
    value = "not-to-be-told"  # pytest itself shows what is logged
    logging.getLogger("urllib3.connectionpool").warning("retrying %s", value)
    logging.getLogger("urllib3.connectionpool").info("not this")
    warnings.warn(value, RuntimeWarning, stacklevel=1)

    assert [(line["message"], line["library"]) for line in hooked.lines] == [
        ("a library warns", "urllib3.connectionpool"),
        ("a library warns", "py.warnings"),
    ]
    assert value not in hooked.out.getvalue()


def test_an_exception_of_the_main_thread_is_a_line_too(hooked: Told, canary: str) -> None:
    try:
        raise RuntimeError(canary)
    except RuntimeError as bug:
        sys.excepthook(RuntimeError, bug, bug.__traceback__)

    assert [(line["type"], line["thread"]) for line in hooked.lines] == [("RuntimeError", "main")]


def test_a_token_is_cut_wherever_it_stands() -> None:
    told = Told()
    told.log("info", "m", told="hvs.CAESIJobviouslyFakeToken0000", object="x")

    assert [line["told"] for line in told.lines] == ["hvs.****"]
