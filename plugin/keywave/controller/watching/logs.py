"""Logs: a constant message with keys and values, a line each, as JSON or as text. Never a value of a secret, tokens are cut."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

from keywave.redact import redact

LEVELS = ("debug", "info", "warning", "error")
_EQUAL_SECONDS = 10.0
_MOST = 2000
_OWN = frozenset({"time", "level", "message"})


class Log:
    """Call it: log("warning", "message", key=value). The same line again within ten seconds is counted, not written.

    Every JSON line has time, level, message and object ("" where it is about none)."""

    def __init__(
        self,
        *,
        form: str = "json",
        level: str = "info",
        out: TextIO | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._json, self._least = form == "json", LEVELS.index(level)
        self._out, self._now = out if out is not None else sys.stderr, now
        self._lock = threading.Lock()
        self._last: dict[tuple[object, ...], tuple[float, int]] = {}

    def __call__(self, level: str, message: str, /, **fields: object) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = self._now()
        key = (level, message, *map(str, fields.values()))
        with self._lock:
            since, held = self._last.get(key, (float("-inf"), 0))
            if 0 <= now - since < _EQUAL_SECONDS:
                self._last[key] = (since, held + 1)
                return
            if len(self._last) > _MOST:
                self._last.clear()
            self._last[key] = (now, 0)
            more = {"repeated": held} if held else {}
            line = self._line(now, level, message, {**fields, **more})
            try:
                self._out.write(f"{redact(line)}\n")
                self._out.flush()
            except (OSError, ValueError):
                pass  # nobody reads any more; the work goes on

    def _line(self, now: float, level: str, message: str, fields: dict[str, object]) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03}Z"
        told = {name: value if isinstance(value, (int, bool)) else str(value) for name, value in fields.items()}
        if self._json:
            own = {"time": moment, "level": level, "message": message, "object": ""}
            return json.dumps({**own, **{name: value for name, value in told.items() if name not in _OWN}})
        return " ".join([moment, f"{level:7}", message, *(f"{name}={_plain(value)}" for name, value in told.items())])


def _plain(value: object) -> str:
    """In quotes where it would end a line or look like another field."""
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' "=') else json.dumps(text)


def where_of(bug: BaseException) -> str:
    """File and line of the last three frames, inmost first. No text of the exception: it may quote a value."""
    frames = traceback.extract_tb(bug.__traceback__)[-3:]
    return " < ".join(f"{frame.filename.rpartition('keywave/')[2]}:{frame.lineno}" for frame in reversed(frames))


def take_over(log: Callable[..., None]) -> None:
    """From now on what Python or a library would print is a line of this log: a traceback without its texts, a library's name without
    its message. Both may quote what Vault said."""

    def in_thread(args: Any) -> None:
        if args.exc_type is not SystemExit and args.exc_value is not None:
            name = args.thread.name if args.thread is not None else ""
            tell_bug(log, args.exc_value, thread=name)

    def in_main(type: type[BaseException], bug: BaseException, trace: object) -> None:
        tell_bug(log, bug, thread="main")

    threading.excepthook = in_thread
    sys.excepthook = in_main
    sys.unraisablehook = lambda args: tell_bug(log, args.exc_value, thread="") if args.exc_value is not None else None
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[_Library(log)], level=logging.WARNING, force=True)


def tell_bug(log: Callable[..., None], bug: BaseException, *, thread: str) -> None:
    """Its type and its place."""
    where = where_of(bug)
    log("error", "a bug in keywave; please report it", type=type(bug).__name__, where=where, thread=thread)


class _Library(logging.Handler):
    """Says which library had something to say, and where in it."""

    def __init__(self, log: Callable[..., None]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        self._log(level, "a library warns", library=record.name, where=f"{record.filename}:{record.lineno}")
