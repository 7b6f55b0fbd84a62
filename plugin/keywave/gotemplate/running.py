"""One rendering: what it may use up, and what it takes from outside."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.regex_program import Program
from keywave.gotemplate.values import NilMap, Slice, StringMap, Struct


class Limits(NamedTuple):
    """`steps`: nodes and calls evaluated, and items made. `output`: bytes written, and of any one text made. `depth`: templates inside
    one another. `range_size`: items of one range or list. `seconds`: of `clock`."""

    steps: int = 200_000
    output: int = 1_048_576
    depth: int = 50
    range_size: int = 100_000
    seconds: float = 5.0


class Chance(Protocol):
    """random.Random, or what has these two."""

    def randrange(self, start: int, stop: int) -> int: ...
    def shuffle(self, x: list[str]) -> None: ...


class Outside(NamedTuple):
    """What a template cannot say itself. `clock`: monotonic seconds. `bcrypt`: password -> hash with a salt of its own (at most 72 bytes
    come in), None: templates that want it are refused."""

    clock: Callable[[], float] = time.monotonic
    chance: Chance = random.SystemRandom()
    bcrypt: Callable[[bytes], str] | None = None


DEFAULT_LIMITS = Limits()
DEFAULT_OUTSIDE = Outside()


NESTED: frozenset[type] = frozenset({list, Slice, dict, StringMap, NilMap, Struct})


class Run:
    """The budget of one rendering. Each method raises Refused of the kind `limit`."""

    def __init__(self, limits: Limits, outside: Outside) -> None:
        self.limits, self.outside = limits, outside
        self.steps = limits.steps
        self.patterns: dict[str, Program] = {}
        self.until = outside.clock() + limits.seconds

    def spend(self, steps: int = 1) -> None:
        before = self.steps
        self.steps -= steps
        if self.steps < 0:
            raise Refused(f"more than {self.limits.steps} steps", "limit")
        if (before >> 8 != self.steps >> 8 or steps > 1) and self.outside.clock() > self.until:
            raise Refused(f"more than {self.limits.seconds:g} seconds", "limit")

    def text(self, length: int) -> None:
        """A text of so many bytes is about to be made."""
        if length > self.limits.output:
            raise Refused(f"a text of more than {self.limits.output} bytes", "limit")
        self.spend(1 + length // 256)

    def weigh(self, value: Any) -> None:
        """`value` is about to be written as text: what it holds counts as often as it stands in it, so that no small tree of lists that
        hold one another many times over becomes an endless text."""
        pending, length = [value], 0
        while pending:
            one = pending.pop()
            self.spend()
            if type(one) in NESTED:
                pending += [*one.values(), *one] if isinstance(one, dict) else one
            length += len(one) if isinstance(one, (str, bytes)) else 1
            if length > self.limits.output:
                raise Refused(f"a text of more than {self.limits.output} bytes", "limit")

    def items(self, count: int) -> None:
        """So many items are about to be made or gone through."""
        if count > self.limits.range_size:
            raise Refused(f"more than {self.limits.range_size} items", "limit")
        self.spend(1 + count // 8)
