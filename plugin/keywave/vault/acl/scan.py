r"""HCL 1 as a row of tokens. Comments are dropped, `\r\n` is `\n`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from keywave.vault.acl.nodes import PolicyError

_BLANK = re.compile(r"[ \t\n\r]+|#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_EXPONENT = r"[eE][+-]?(?:[0-9]+|.|\Z)"
# An exponent without digits takes the next character with it: a number that nobody can read.
_FLOAT = re.compile(rf"-?[0-9]+(?:{_EXPONENT}|\.[0-9]*(?:{_EXPONENT})?)|\.[0-9]+[eE]?", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_STRING_STOP = re.compile(r'["\\\n{}]|\$\{')
_ESCAPE = re.compile(r'[abfnrtv\\"]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}')
_SIGNS = "{}[],="
_FORBIDDEN = {"\0": "a null character", "\ue123": "the character U+E123, which HCL keeps for itself"}


class Token(NamedTuple):
    """`kind`: word, string, json string, null, heredoc, number, float, bool, end, or the sign itself."""

    kind: str
    text: str
    line: int


def tokens(text: str) -> Iterator[Token]:
    """All tokens, then `end` for ever. Raises PolicyError."""
    text = text.replace("\r\n", "\n")
    for character, what in _FORBIDDEN.items():
        if character in text:
            raise PolicyError(line_at(text, text.index(character)), f"{what} is not allowed")
    at, line = 0, 1
    while True:
        while blank := _BLANK.match(text, at):
            line += blank[0].count("\n")
            at = blank.end()
        if at == len(text):
            break
        kind, end = _token(text, at, line)
        yield Token(kind, text[at:end], line)
        line += text.count("\n", at, end)
        at = end
    while True:
        yield Token("end", "", line)


def line_at(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def is_letter(character: str) -> bool:
    return (character.isascii() and (character.isalpha() or character == "_")) or (
        not character.isascii() and unicodedata.category(character).startswith("L")
    )


def word_end(text: str, at: int, also: str) -> int:
    """The place after the letters, digits and `also` that begin at `at`."""
    while at < len(text) and (
        (text[at].isascii() and text[at].isalnum())
        or text[at] in also
        or (not text[at].isascii() and (is_letter(text[at]) or unicodedata.category(text[at]) == "Nd"))
    ):
        at += 1
    return at


def string_end(text: str, at: int, line: int, *, interpolates: bool) -> int:
    """The place after a quoted string that begins at `at`. In `${ }` quotes and line ends stand for themselves (HCL, not JSON)."""
    depth, at = 0, at + 1
    while stop := _STRING_STOP.search(text, at):
        sign, at = stop[0], stop.end()
        if sign == '"' and not depth:
            return at
        if sign == "\n" and not depth:
            break
        if sign == "\\":
            escape = _ESCAPE.match(text, at)
            if not escape:
                raise PolicyError(line_at(text, at), f"\\{text[at : at + 1]} is no escape that HCL knows")
            at = escape.end()
        elif interpolates:
            if sign == "${" or (sign == "{" and depth):
                depth += 1
            elif sign == "}" and depth:
                depth -= 1
    raise PolicyError(line, "a string that does not end in its line")


def _token(text: str, at: int, line: int) -> tuple[str, int]:
    character = text[at]
    if character in _SIGNS:
        return character, at + 1
    if character == '"':
        return "string", string_end(text, at, line, interpolates=True)
    if is_letter(character):
        end = word_end(text, at, "_-.")
        return ("bool" if text[at:end] in ("true", "false") else "word"), end
    for kind, pattern, check in _NUMBERS:
        if found := pattern.match(text, at):
            check(found[0], line)
            return kind, found.end()
    if text.startswith("<<", at):
        return "heredoc", _heredoc_end(text, at, line)
    if text.startswith("/*", at):
        raise PolicyError(line, "a comment that does not end")
    raise PolicyError(line, f"{character!r} cannot stand here")


def _number(text: str, line: int) -> None:
    digits = text.lstrip("-")
    if digits in ("0x", "0X"):
        raise PolicyError(line, f"{text} is not a number")
    # Go looks at the third digit and on; the value is refused later in any case.
    if digits.isdecimal() and digits.startswith("0") and set(digits[2:]) & {"8", "9"}:
        raise PolicyError(line, f"{text} is not an octal number")


def _any(_text: str, _line: int) -> None:
    return None


_NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str, int], None]], ...] = (
    ("float", _FLOAT, _any),
    ("number", _NUMBER, _number),
)


def _heredoc_end(text: str, at: int, line: int) -> int:
    """The place after the line with the closing mark."""
    begin = at + 2
    end = word_end(text, begin + 1 if text.startswith("-", begin) else begin, "_")
    if end == len(text):
        raise PolicyError(line, "a heredoc that does not end")
    if text[end] != "\n":
        raise PolicyError(line, "only letters and digits can stand in the mark of a heredoc")
    mark = text[begin:end]
    if mark in ("", "-"):
        raise PolicyError(line, "a heredoc without a mark")
    closing = re.compile(rf"[ \t\n\v\f\r]*{re.escape(mark.removeprefix('-'))}\r*\Z")
    # The closing line must be as long as the mark with its dash, so `<<-EOF` never ends at an `EOF` without indentation.
    least = len(mark.encode("utf-8", "surrogateescape"))
    at = end + 1
    while (newline := text.find("\n", at)) >= 0:
        found = text[at:newline]
        if closing.match(found) and len(found.encode("utf-8", "surrogateescape")) >= least:
            return newline + 1
        at = newline + 1
    raise PolicyError(line, "a heredoc that does not end (its mark alone in a line, and a line end after it)")
