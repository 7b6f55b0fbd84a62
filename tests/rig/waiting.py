"""Wait for the state of the world, by asking again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    what: str, ask: Callable[[], T], *, timeout: float = 30.0, every: float = 0.1, last: Callable[[], str] | None = None
) -> T:
    """The first truthy answer of `ask`.

    Raises AssertionError after `timeout` seconds; its text says what was waited for, the last answer, and what `last` tells.
    """
    end = time.monotonic() + timeout
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() >= end:
            told = f"\n{last()}" if last else ""
            raise AssertionError(f"waited {timeout:g} s for {what}; the last answer was {answer!r}{told}")
        time.sleep(every)


def stays(what: str, ask: Callable[[], object], *, seconds: float, every: float = 0.25) -> None:
    """Hold that `ask` is truthy for so long: a wave that must not start, a rollout that must not come.

    Raises AssertionError on the first answer that is not.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if not answer:
            raise AssertionError(f"{what} did not stay so: {answer!r}")
        time.sleep(every)
