"""Logs: a constant message with keys and values, a line each, as JSON or as text. Never a value of a secret, tokens are cut."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from keywave.redact import redact

LEVELS = ("debug", "info", "warning", "error")
_EQUAL_SECONDS = 10.0
_MOST = 2000


class Log:
    """Call it: log("warning", "message", key=value). The same line again within ten seconds is counted, not written."""

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

    def __call__(self, level: str, message: str, **fields: object) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = self._now()
        key = (level, message, *map(str, fields.values()))
        with self._lock:
            since, held = self._last.get(key, (float("-inf"), 0))
            if now - since < _EQUAL_SECONDS:
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
        told = {name: value if isinstance(value, (int, float, bool)) else str(value) for name, value in fields.items()}
        if self._json:
            return json.dumps({"time": moment, "level": level, "message": message, **told})
        return " ".join([moment, f"{level:7}", message, *(f"{name}={value}" for name, value in told.items())])
