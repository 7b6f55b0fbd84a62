"""Classes of characters in regular expressions: a test of one character each."""

from __future__ import annotations

from collections.abc import Callable

Test = Callable[[str], bool]

PERL: dict[str, Test] = {
    "d": lambda c: "0" <= c <= "9",
    "s": lambda c: c in "\t\n\f\r ",
    "w": lambda c: c < "\x80" and (c.isalnum() or c == "_"),
}
POSIX: dict[str, Test] = {
    "alnum": lambda c: c < "\x80" and c.isalnum(),
    "alpha": lambda c: c < "\x80" and c.isalpha(),
    "ascii": lambda c: c < "\x80",
    "blank": lambda c: c in "\t ",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": PERL["d"],
    "graph": lambda c: "!" <= c <= "~",
    "lower": lambda c: "a" <= c <= "z",
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in "\t\n\v\f\r ",
    "upper": lambda c: "A" <= c <= "Z",
    "word": PERL["w"],
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}
ESCAPES = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


def folded(character: str) -> set[str]:
    found = {character, character.lower(), character.upper()}
    found |= {"s", "S", "\u017f"} if found & {"s", "\u017f"} else set()
    return found | ({"k", "K", "\u212a"} if found & {"k", "\u212a"} else set())


def literal(character: str, fold: bool) -> Test:
    if not fold:
        return lambda c: c == character
    same = folded(character)
    return lambda c: c in same


def without(test: Test) -> Test:
    return lambda c: not test(c)
