"""Paths of rules: which paths they cover, and which of several that cover a path decides.

Source: https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching. `+` is one whole segment, `*` at the end any rest
(of a segment too); both anywhere else are plain characters. Paths are without a leading slash; lengths and places count in UTF-8 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal as OneOf
from typing import NamedTuple


class Pattern(NamedTuple):
    """`text` has neither leading slash nor, unless it is `exact`, the `*` at the end. Equal patterns are one to Vault.

    `exact`: no wildcard. `prefix`: `*` at the end, no `+`. `segments`: with `+`; `rest` where `*` stands at the end."""

    kind: OneOf["exact", "prefix", "segments"]
    text: str
    rest: bool = False


Priority = tuple[int, bool, int, int, str]


@lru_cache(maxsize=4096)
def pattern_of(path: str) -> Pattern:
    path = path.removeprefix("/")
    rest = path.endswith("*")
    # A segment that only begins with + counts here too, though it covers nothing but itself.
    if path == "+" or path.startswith("+/") or "/+" in path:
        return Pattern("segments", path[:-1] if rest else path, rest)
    return Pattern("prefix", path[:-1], True) if rest else Pattern("exact", path)


def covers(pattern: str, path: str) -> bool:
    """Whether a rule with this path (as written, without templates) speaks of a request's path."""
    return matches(pattern_of(pattern), path.lstrip("/"))


def matches(pattern: Pattern, path: str) -> bool:
    if pattern.kind == "exact":
        return path == pattern.text
    if pattern.kind == "prefix":
        return path.startswith(pattern.text)
    return match_segments(pattern.text.split("/"), path.split("/"), pattern.rest)


def match_segments(asked: Sequence[str], given: Sequence[str], rest: bool) -> bool:
    """Of a pattern with `+`: its segments against those of a path."""
    if len(given) < len(asked) or (len(given) > len(asked) and not rest):
        return False
    last = len(asked) - 1
    for place, want in enumerate(asked):
        have = given[place]
        if want != "+" and want != have and not (rest and place == last and have.startswith(want)):
            return False
    return True


def priority(pattern: Pattern) -> Priority:
    """The highest decides: the later first wildcard, then no `*` at the end, fewer `+`, the longer, the later in the alphabet."""
    first = pattern.text.index("+") if pattern.kind == "segments" else len(pattern.text)
    segments = pattern.text.split("/").count("+") if pattern.kind == "segments" else 0
    return (_bytes(pattern.text[:first]), not pattern.rest, -segments, _bytes(pattern.text), pattern.text)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
