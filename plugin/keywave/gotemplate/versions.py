"""Semantic versions and constraints on them, as Masterminds/semver v3.3.0 understands them."""

from __future__ import annotations

import re
from typing import NamedTuple

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.values import Version

_MOST = (1 << 64) - 1
_MOST_DIGITS = 21
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
# Leading zeros are taken in the numbers, not in a pre-release.
_VERSION = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
_OPERATORS = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^|"
_PARTIAL = (
    r"v?([0-9|xX*]+)(\.[0-9|xX*]+)?(\.[0-9|xX*]+)?(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
    r"(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
)
_SPACE = r"[\t\n\f\r ]"
_ONE = re.compile(rf"{_SPACE}*({_OPERATORS}){_SPACE}*({_PARTIAL}){_SPACE}*")
_FIND = re.compile(rf"({_OPERATORS}){_SPACE}*({_PARTIAL})")
_NEXT = re.compile(rf"({_SPACE}*,?{_SPACE}*)(?:{_OPERATORS}){_SPACE}*(?:{_PARTIAL})")
_RANGE = re.compile(rf"{_SPACE}*({_PARTIAL}){_SPACE}+-{_SPACE}+({_PARTIAL}){_SPACE}*")


class Constraint(NamedTuple):
    """`loose`: some part was left out or a wildcard; `any_minor`, `any_patch`: which."""

    operator: str
    wanted: Version
    loose: bool
    any_minor: bool
    any_patch: bool


def version(text: str) -> Version:
    """Raises Refused."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise Refused("not a semantic version")
    digits = [(part or "").lstrip("0") or "0" for part in match.groups()[:3]]
    numbers = [int(part[:_MOST_DIGITS]) for part in digits]
    if max(numbers) > _MOST:
        raise Refused("a version's number is too large")
    return Version((*numbers, match[4] or "", match[5] or "", text))


def _order(one: Version, other: Version) -> int:
    if one[:3] != other[:3]:
        return -1 if one[:3] < other[:3] else 1
    return _order_prerelease(one[3], other[3])


def _order_prerelease(one: str, other: str) -> int:
    if one == other:
        return 0
    if not one or not other:
        return 1 if not one else -1
    left, right = one.split("."), other.split(".")
    for mine, theirs in zip(left, right, strict=False):
        if mine == theirs:
            continue
        if mine.isdigit() and theirs.isdigit():
            return -1 if int(mine) < int(theirs) else 1
        if mine.isdigit() or theirs.isdigit():
            return -1 if mine.isdigit() else 1
        return -1 if mine < theirs else 1
    return -1 if len(left) < len(right) else 1 if len(left) > len(right) else 0


def constraints(text: str) -> tuple[tuple[Constraint, ...], ...]:
    """Any of the outer, all of an inner. Raises Refused."""
    if len(text) > 256:
        raise Refused("a constraint of more than 256 characters", "limit")
    rewritten = text
    for match in _RANGE.finditer(text):
        rewritten = rewritten.replace(match[0], f">= {match[1]}, <= {match[11]} ", 1)
    return tuple(tuple(map(_constraint, _pieces(part))) for part in rewritten.split("||"))


def _pieces(text: str) -> list[str]:
    """The single constraints of a list, which spaces or commas part; refuses what is none."""
    at = 0
    while not at or text[at:].strip("\t\n\f\r "):
        found = _NEXT.match(text, at)
        if found is None or ("," in found[1] if not at else not found[1]):
            raise Refused("improper constraint")
        at = found.end()
    return [match[0] for match in _FIND.finditer(text)]


def _constraint(text: str) -> Constraint:
    match = _ONE.fullmatch(text)
    if match is None:
        raise Refused("improper constraint")
    major, minor, patch, tail = match[3], (match[4] or "")[1:], (match[5] or "")[1:], match[6] or ""
    wild = ("", "x", "X", "*")
    if major in wild:
        return Constraint(match[1], version(f"0.0.0{tail}"), True, False, False)
    if minor in wild:
        return Constraint(match[1], version(f"{major}.0.0{tail}"), True, True, False)
    if patch in wild:
        return Constraint(match[1], version(f"{major}.{minor}.0{tail}"), True, False, True)
    return Constraint(match[1], version(match[2]), False, False, False)


def satisfies(found: Version, wanted: tuple[tuple[Constraint, ...], ...]) -> bool:
    return any(all(_check(found, one) for one in part) for part in wanted)


def _check(v: Version, c: Constraint) -> bool:
    if c.operator == "!=":
        return _differs(v, c)
    if v[3] and not c.wanted[3]:
        # A pre-release only satisfies a constraint that names one.
        return False
    order = _order(v, c.wanted)
    match c.operator:
        case ">":
            return _greater(v, c, order)
        case "<":
            return order < 0
        case ">=" | "=>":
            return order >= 0
        case "<=" | "=<":
            return _at_most(v, c, order)
        case "~" | "~>":
            return _tilde(v, c, order)
        case "^":
            return _caret(v, c, order)
    return _tilde(v, c, order) if c.loose else order == 0


def _differs(v: Version, c: Constraint) -> bool:
    if c.loose:
        if v[3] and not c.wanted[3]:
            return False
        if c.wanted[0] != v[0]:
            return True
        if c.wanted[1] != v[1] and not c.any_minor:
            return True
        if c.any_minor:
            return False
        if c.wanted[2] != v[2] and not c.any_patch:
            return True
        if c.any_patch:
            return bool(v[3] or c.wanted[3]) and _order_prerelease(v[3], c.wanted[3]) != 0
    return _order(v, c.wanted) != 0


def _greater(v: Version, c: Constraint, order: int) -> bool:
    if not c.loose or v[0] != c.wanted[0]:
        return order > 0 if not c.loose else v[0] > c.wanted[0]
    if c.any_minor:
        return False
    return v[1] > c.wanted[1] if c.any_patch else order > 0


def _at_most(v: Version, c: Constraint, order: int) -> bool:
    if not c.loose:
        return order <= 0
    return not (v[0] > c.wanted[0] or (v[0] == c.wanted[0] and v[1] > c.wanted[1] and not c.any_minor))


def _tilde(v: Version, c: Constraint, order: int) -> bool:
    if order < 0:
        return False
    if c.wanted[:3] == (0, 0, 0) and not c.any_minor and not c.any_patch:
        return True
    return v[0] == c.wanted[0] and (v[1] == c.wanted[1] or c.any_minor)


def _caret(v: Version, c: Constraint, order: int) -> bool:
    if order < 0:
        return False
    if c.wanted[0] > 0 or c.any_minor:
        return v[0] == c.wanted[0]
    if v[0] > 0:
        return False
    if c.wanted[1] > 0 or c.any_patch:
        return v[1] == c.wanted[1]
    return v[1] == 0 and v[2] == c.wanted[2]
