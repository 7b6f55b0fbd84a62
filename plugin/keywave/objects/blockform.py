"""The form that nearly all manifests have, read line by line: several times faster than through a parser's events.

Rule: only what is beyond doubt is read here: printable ASCII, block mappings and lists, plain or simply quoted scalars, flat flow
collections of words. At the first line of any other form the answer is UNKNOWN, and `objects.construct` reads the document; so do
errors, repeated keys and everything near a limit. A property test holds both readers against each other.
"""

from __future__ import annotations

import re
from typing import Any, Final

from keywave.objects.limits import Limits
from keywave.objects.scalars import HINTS, WORDS, ScalarError, plain_value

UNKNOWN: Final[Any] = object()

_WORD = r"[A-Za-z0-9_/$][A-Za-z0-9_./$-]*"
_KEY = r"[A-Za-z_/][A-Za-z0-9_./-]*"
_VALUE = (
    r"(?P<plain>(?:[A-Za-z0-9_/$(.+~]|-(?=[A-Za-z0-9-]))(?:[ !\"$-9;-~]|:(?=[!-~]))*(?<! ))"
    r"|\"(?P<double>[ !#-\[\]-~]*)\"|'(?P<single>[ -&(-~]*)'"
    rf"|\{{(?P<map>(?:{_KEY}: {_WORD}(?:, {_KEY}: {_WORD})*)?)\}}|\[(?P<list>(?:{_WORD}(?:, {_WORD})*)?)\]"
)
_LINE = re.compile(
    rf"( *)(- +)?(?:({_KEY}):(?: +(?:{_VALUE}))?|{_VALUE.replace('(?P<', '(?P<item_')})?(?: +#[ -~]*)? *"
)
_COMMENT = re.compile(r" *#[ -~]*")
_LONGEST_LINE = 600
"""Readers look 1,024 characters ahead for a key's colon; nobody writes keys near that."""

_OPEN: Final[Any] = object()
"""In place of the value of a key that has none on its line."""

_Line = tuple[int, int, "str | None", Any]
_BLANK: _Line = (-2, 0, None, None)
_lines: dict[str, _Line | None] = {}
_LINES_SIZE = 20_000
"""The lines of one manifest are mostly those of the next, so each is taken apart once."""


def read(text: str, limits: Limits) -> Any:
    """The mapping that the document is, or UNKNOWN."""
    if len(text) > min(limits.scalar, limits.nodes // 3):
        return UNKNOWN
    max_depth = limits.depth - 3
    root: Any = None
    top: Any = None
    column = -1
    in_list = False
    stack: list[tuple[Any, int, bool]] = []
    open_key: str | None = None  # the key of `top` that waits for a value below it
    for line in text.split("\n"):
        try:
            taken = _lines[line]
        except KeyError:
            taken = _remember(line)
        if taken is None:
            return UNKNOWN
        at, dash, key, value = taken
        if at != column or open_key is not None or (dash > 0) is not in_list:  # not simply the next entry
            if at < 0:
                continue
            if open_key is not None and (at > column or (dash and at == column)):
                if len(stack) > max_depth:
                    return UNKNOWN
                stack.append((top, column, in_list))
                below: Any = [] if dash else {}
                top[open_key] = below
                top, column, in_list, open_key = below, at, dash > 0, None
            else:
                open_key = None
                while column > at or (column == at and in_list and not dash):
                    if not stack:
                        return UNKNOWN
                    top, column, in_list = stack.pop()
                if column != at or (dash > 0) is not in_list:
                    if root is not None or dash:
                        return UNKNOWN
                    root = top = {}
                    column = at
        if value.__class__ is dict or value.__class__ is list:
            value = value.copy()
        if dash:
            if key is None:
                top.append(value)
                continue
            item: dict[str, Any] = {}
            top.append(item)
            stack.append((top, column, True))
            top, column, in_list = item, at + dash, False
        if key in top:
            return UNKNOWN
        if value is _OPEN:
            open_key = key
            value = None
        top[key] = value
    return UNKNOWN if root is None else root


def _remember(line: str) -> _Line | None:
    taken = _take_apart(line)
    if len(line) < 120:
        if len(_lines) >= _LINES_SIZE:
            _lines.clear()
        _lines[line] = taken
    return taken


def _take_apart(line: str) -> _Line | None:
    """Column, width of the dash with its blanks (0 for none), key, value; None for any other form."""
    if not line.strip(" ") or _COMMENT.fullmatch(line):
        return _BLANK
    match = _LINE.fullmatch(line)
    if match is None or len(line) > _LONGEST_LINE:
        return None
    spaces, dash, key = match.group(1, 2, 3)
    if key in WORDS or (dash is None and key is None):
        return None
    try:
        value = _value(match, "item_" if key is None else "")
    except ScalarError:
        return None
    return None if value is UNKNOWN or (key is None and value is _OPEN) else (len(spaces), len(dash or ""), key, value)


def _value(match: re.Match[str], prefix: str) -> Any:
    """The value on a line; _OPEN where there is none."""
    if match.lastgroup is None:
        return _OPEN
    group = match.lastgroup.removeprefix(prefix)
    shown: str = match[prefix + group]
    if group == "plain":
        return shown if shown[0] not in HINTS else plain_value(shown)
    if group == "list":
        return [_word(word) for word in shown.split(", ")] if shown else []
    if group == "map":
        return _flat_mapping(shown)
    return shown


def _flat_mapping(shown: str) -> Any:
    made: dict[str, Any] = {}
    for entry in shown.split(", ") if shown else ():
        key, _, word = entry.partition(": ")
        if key in made or key in WORDS:
            return UNKNOWN
        made[key] = _word(word)
    return made


def _word(word: str) -> Any:
    return word if word[0] not in HINTS else plain_value(word)
