"""Go's literals: numbers, characters and quoted strings, as strconv reads them."""

from __future__ import annotations

import re

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.nodes import Numeral
from keywave.gotemplate.values import text_of

_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34}
_DIGITS = {"x": 2, "u": 4, "U": 8}
_INTEGER = re.compile(r"([+-]?)(0[xX]|0[oO]|0[bB]|0(?=_?[0-9_])|)([0-9a-fA-F_]+)")
_BASES = {"0x": 16, "0o": 8, "0b": 2, "0": 8, "": 10}
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = re.compile(r"[+-]?(?:inf|infinity)|nan", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_MOST_DIGITS = 40


def integer(text: str, base: int = 0) -> int | None:
    """strconv.ParseInt without the check of its size; base 0: by prefix, underscores allowed between digits."""
    if base:
        digits = text[1:] if text[:1] in ("+", "-") else text
        valid = digits.isascii() and digits.isalnum() and all(int(digit, 36) < base for digit in digits)
        if not valid:
            return None
        # Far more digits than fit: how many more does not matter.
        if len(digits.lstrip("0")) > _MOST_DIGITS:
            return (-1 if text[0] == "-" else 1) << 100
        return int((text[0] if text[0] == "-" else "") + (digits.lstrip("0") or "0"), base)
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    sign, prefix, digits = match.groups()
    if digits.endswith("_") or "__" in digits or (digits.startswith("_") and not prefix):
        return None
    digits = digits.replace("_", "").lstrip("0") or "0"
    radix = _BASES[prefix.lower()]
    if any(int(digit, 36) >= radix for digit in digits):
        return None
    value = 1 << 100 if len(digits) > _MOST_DIGITS and radix > 2 else int(digits[:200], radix)
    return -value if sign == "-" else value


def real(text: str) -> float | None:
    """strconv.ParseFloat; None where it gives an error (out of range too)."""
    if "_" in text:
        # Only with a base prefix, which such a number needs.
        if not re.match(r"[+-]?0[xX]", text) or re.search(r"__|_$|_[.pP]|[.pP]_", text):
            return None
        text = text.replace("_", "")
    if _SPECIAL.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return None
    if not _DECIMAL.fullmatch(text):
        return None
    value = float(text)
    return None if value in (float("inf"), float("-inf")) else value


def number(text: str, at: int) -> Numeral:
    """A number of a template. Raises Refused for a malformed or an imaginary one."""
    if text.endswith("i"):
        raise Refused("imaginary numbers are not offered", "unsupported")
    value = integer(text)
    if value is not None and -(1 << 63) <= value < 1 << 64:
        looks_real = any(mark in text for mark in ".eEpP") and not re.match(r"0[xX].", text)
        return Numeral(at, value, float(value), looks_real)
    floating = real(text)
    if floating is None:
        raise Refused("illegal number syntax", "parse")
    if not any(mark in text for mark in ".eEpP"):
        raise Refused("integer overflow", "parse")
    fits = floating == int(floating) and -(1 << 63) <= floating < 1 << 63
    hexadecimal = re.match(r"0[xX].", text) and "p" not in text and "P" not in text
    return Numeral(at, int(floating) if fits else None, floating, not hexadecimal)


def character(text: str, at: int) -> Numeral:
    """A character constant with its quotes: an integer. Raises Refused."""
    body = text[1:-1]
    if body.startswith("\\"):
        code, rest, _ = _escape(body, "'")
    elif body and body[0] != "'":
        code, rest = ord(body[0]), body[1:]
    else:
        raise Refused("malformed character constant", "parse")
    if rest:
        raise Refused("malformed character constant", "parse")
    return Numeral(at, code, float(code), False)


def _escape(text: str, quote: str) -> tuple[int, str, bool]:
    """(code, the rest, whether it is a byte rather than a character) of the escape that `text` begins with."""
    kind, rest = text[1:2], text[2:]
    if kind in _SIMPLE and (kind not in "'\"" or kind == quote):
        return _SIMPLE[kind], rest, False
    if kind in _DIGITS:
        digits = rest[: _DIGITS[kind]]
        if re.fullmatch(r"[0-9a-fA-F]+", digits) and len(digits) == _DIGITS[kind]:
            code = int(digits, 16)
            if kind == "x" or (code <= 0x10FFFF and not 0xD800 <= code < 0xE000):
                return code, rest[len(digits) :], kind == "x"
    octal = re.match(r"[0-7]{3}", kind + rest[:2])
    if octal and int(octal[0], 8) < 256:
        return int(octal[0], 8), rest[2:], True
    raise Refused("invalid syntax", "parse")


def unquoted(text: str) -> str:
    """The value of a string literal, quoted or raw. Raises Refused."""
    body = text[1:-1]
    if text[0] == "`":
        return body.replace("\r", "")
    pieces: list[bytes] = []
    while body:
        if body[0] != "\\":
            plain = body.split("\\", 1)[0]
            pieces.append(plain.encode("utf-8", "surrogateescape"))
            body = body[len(plain) :]
            continue
        code, body, is_byte = _escape(body, '"')
        pieces.append(bytes([code]) if is_byte else chr(code).encode())
    return text_of(b"".join(pieces))
