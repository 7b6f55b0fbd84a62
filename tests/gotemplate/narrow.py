"""Random arguments for the functions that hold a language of their own: patterns, versions, URLs, formats, words, numbers, JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator

from rig.go_templates import Question

_PATTERN = (
    *(
        "a",
        "b",
        "ab",
        ".",
        "\\d",
        "\\w",
        "\\s",
        "\\b",
        "\\B",
        "^",
        "$",
        "[ab]",
        "[^a]",
        "[a-c]",
        "[[:alpha:]]",
        "\\pL",
        "\\.",
        "é",
        " ",
    ),
    *(
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?P<n>",
        "|",
        "|",
        "*",
        "+",
        "?",
        "*?",
        "+?",
        "??",
        "{2}",
        "{1,2}",
        "{0,}",
        "\\A",
        "\\z",
        "(?s:",
        "(?m)",
    ),
    *("\\Qa.\\E", "[\\d-]", "]", "{", "\\x41", "[^\\s]", "(?U)", "\\D", "\\1", "[b-a]", "-"),
)
_TEXT = ("a", "b", "ab", "abc", "1", "_", " ", ".", "é", "A", "\n", "-", "ba", "日", "")
_VERSION = ("1", "0", "2", "10", ".", ".", ".", "-", "alpha", "rc.1", "+b", "v", "x", "*", "0.0", "1.2.3", "1.2", "01")
_CONSTRAINT = (*_VERSION, ">", "<", ">=", "<=", "~", "^", "!=", "=", "~>", ",", " ", " || ", " - ", ", ")
_URL = (
    "http",
    "://",
    ":",
    "/",
    "//",
    "a",
    "b.c",
    "@",
    "u:p",
    "?",
    "#",
    "%20",
    "%zz",
    "q=1",
    "[::1]",
    ":80",
    " ",
    "é",
    "&",
    "*",
    "..",
    "+",
    "mailto:",
    "~",
)
_WORD = ("foo", "Bar", "HTTP", "2", "20", "x", "_", "-", " ", ".", "é", "Ž", "日", "__", "3rd", "!", "Ab", "", "ß", "ǅ")
_FORMAT = (
    "%",
    "d",
    "s",
    "v",
    "q",
    "x",
    "X",
    "t",
    "T",
    "+",
    "-",
    "#",
    "0",
    " ",
    "5",
    "12",
    ".",
    "3",
    "*",
    "[1]",
    "[2]",
    "[",
    "]",
    "f",
    "g",
    "e",
    "c",
    "U",
    "b",
    "o",
    "O",
    "z",
    "é",
)
_PRINTED = ('"aé"', '""', "5", "-42", "0", "2.5", "-1e21", "true", "nil", "(list 1 \"a\" 2.5)", '(dict "k" 1)', "(int64 7)", "255",
    "1000000.0", "97")  # fmt: skip
_NUMBER = ("0", "1", "-", "+", "_", "x", "0x", "b", "e", ".", "9", "7", "E", "i", "o", "inf", "nan", "p", " ", "f")
_JSON = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    "1",
    "-0",
    "1.5e3",
    "true",
    "null",
    " ",
    '"\\u00e9\\ud800"',
    "01",
    '"<&>"',
    "1e400",
    "NaN",
    "\t",
)

_OPERATOR = ("", ">", "<=", "~", "^", "!=")
_WANTED = ("1.2.3", "0.2", "1", "0.0.3", "x", "1.2.3-a", "1.x")
_CASES = (
    "snakecase",
    "kebabcase",
    "camelcase",
    "title",
    "untitle",
    "swapcase",
    "initials",
    "upper",
    "lower",
    "nospace",
)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\\/", "/")


def _made(chance: random.Random, pieces: tuple[str, ...], most: int) -> str:
    return _string("".join(chance.choices(pieces, k=chance.randint(0, most))))


def _pattern(chance: random.Random) -> str:
    pattern, text = _made(chance, _PATTERN, 6), _made(chance, _TEXT, 8)
    return chance.choice(
        (
            f"mustRegexMatch {pattern} {text}",
            f"regexMatch {pattern} {text}",
            f"regexFind {pattern} {text} | quote",
            f"regexFindAll {pattern} {text} {chance.choice(('-1', '0', '1', '2'))} | toJson",
            f"regexReplaceAll {pattern} {text} {_made(chance, ('$1', '${n}', '$0', 'x', '$', '$$', '${1}y', '$n'), 3)} | quote",
            f"regexReplaceAllLiteral {pattern} {text} {_made(chance, ('$1', 'x'), 2)} | quote",
            f"regexSplit {pattern} {text} {chance.choice(('-1', '0', '1', '3'))} | toJson",
        )
    )


def _printf(chance: random.Random) -> str:
    return f"printf {_made(chance, _FORMAT, 7)} {' '.join(chance.choices(_PRINTED, k=chance.randint(0, 3)))}"


_MADE: dict[str, Callable[[random.Random], str]] = {
    "pattern": _pattern,
    "version": lambda chance: f"semverCompare {_made(chance, _CONSTRAINT, 7)} {_made(chance, _VERSION, 5)}",
    "release": lambda chance: (
        f"semverCompare {_string(chance.choice(_OPERATOR) + chance.choice(_WANTED))} "
        f"{_string(chance.choice(('1.2.3', '0.2.1', '1.9.0', '0.0.3', '2.0.0-rc.1', '1.2.3-b', '1.2.3-a.1', 'v1.3')))}"
    ),
    "url": lambda chance: f"urlParse {_made(chance, _URL, 7)} | toJson",
    "joined url": lambda chance: f"urlJoin (urlParse {_made(chance, _URL, 7)})",
    "word": lambda chance: f"{chance.choice(_CASES)} {_made(chance, _WORD, 6)} | quote",
    "format": _printf,
    "number": lambda chance: (
        f"{chance.choice(('int', 'atoi', 'float64', 'toDecimal', 'int64', 'duration'))} {_made(chance, _NUMBER, 5)}"
    ),
    "literal": lambda chance: json.loads(_made(chance, _NUMBER, 5)) or "0",
    "json": lambda chance: f"mustFromJson {_made(chance, _JSON, 6)} | toJson",
    "path": lambda chance: (
        f"{chance.choice(('base', 'dir', 'clean', 'ext'))} {_made(chance, ('/', '/', 'a', 'b', '.', '..', '.c'), 7)} | quote"
    ),
    "wrap": lambda chance: (
        f"wrapWith {chance.randint(0, 8)} {_string('|')} {_made(chance, ('aa', ' ', 'b', 'ccccc', '  '), 8)} | quote"
    ),
    "plain wrap": lambda chance: (
        f"wrap {chance.randint(0, 8)} {_made(chance, ('aa', ' ', 'b', 'ccccc', '  '), 8)} | quote"
    ),
    "float": lambda chance: (
        f"{chance.choice(('divf', 'mulf', 'addf', 'subf'))} {chance.uniform(-1e3, 1e3)!r} {chance.choice((3, 0.7, 1e-9, 7e8))!r}"
    ),
    "round": lambda chance: (
        f"round {chance.uniform(-100, 100)!r} {chance.randint(-2, 6)} {chance.choice(('', '0.3', '0.9'))}"
    ),
}


def questions(seed: int, each: int) -> Iterator[Question]:
    chance = random.Random(seed)
    for make in _MADE.values():
        for _ in range(each):
            yield Question("{{ " + make(chance) + " }}")
