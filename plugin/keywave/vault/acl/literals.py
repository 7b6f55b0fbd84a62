"""What keys and plain values mean: escapes, heredocs, numbers, durations. As in Go, since that is what reads them in Vault."""

from __future__ import annotations

import math
import re

from keywave.vault.acl.nodes import Literal, PolicyError

_BARE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_WIDTHS = {"x": 2, "u": 4, "U": 8}
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[+-]?[0-9]+\Z")
_DURATION = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+\Z")
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
SECOND = 10**9
DAY = 86400 * SECOND


def text_of(literal: Literal) -> str:
    """The text that a string, heredoc or word stands for. Raises PolicyError for escapes that mean nothing.

    Bytes that are not UTF-8 (`\\xff`) are kept by `surrogateescape`."""
    match literal.kind:
        case "string":
            return _unquote(literal, interpolates=True)
        case "json string":
            return _unquote(literal, interpolates=False)
        case "heredoc":
            return _heredoc(literal)
        case "null":
            return ""
        case _:
            return literal.text


def integer_of(text: str, line: int) -> int:
    """64 bit; `0x1f` and `017` as in C. Raises PolicyError."""
    if not _INTEGER.match(text):
        raise PolicyError(line, f"{text} is not a whole number")
    digits = text.lstrip("+-")
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") and digits != "0" else 10
    value = int(digits, base) * (-1 if text.startswith("-") else 1)
    if not -(2**63) <= value < 2**63:
        raise PolicyError(line, f"{text} is too large a number")
    return value


def float_of(literal: Literal) -> float:
    try:
        value = float(literal.text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise PolicyError(literal.line, f"{literal.text} is not a number")
    return value


def nanoseconds_of(value: object, line: int) -> int:
    """A duration: a number of seconds, or text such as `300`, `5m`, `1h30m`, `2d`. Raises PolicyError."""
    result: int | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        result = int(value) * SECOND
    elif value == "":
        result = 0
    elif isinstance(value, str):
        result = _duration(value)
    if result is None:
        raise PolicyError(line, f"{value!r} is not a duration such as 300, 5m or 1h30m")
    if not -(2**63) <= result < 2**63:
        raise PolicyError(line, f"{value!r} is too long a duration")
    return result


def _duration(text: str) -> int | None:
    if _DECIMAL.match(text):
        return int(text) * SECOND
    if text.endswith("d"):
        return int(text[:-1]) * DAY if _DECIMAL.match(text[:-1]) else None
    if not _DURATION.match(text):
        return None
    total = 0
    for whole, fraction, unit in _PART.findall(text):
        scale = _UNITS[unit]
        total += int(whole or "0") * scale + int(int(fraction or "0") * scale // 10 ** len(fraction))
    return -total if text.startswith("-") else total


def _unquote(literal: Literal, *, interpolates: bool) -> str:
    source, out, at = literal.text[1:-1], bytearray(), 0
    while at < len(source):
        if interpolates and source.startswith("${", at):
            # What stands in ${ } is taken as it is, backslashes too.
            end = _closing(source, at + 2)
            if "\ufffd" in source[at:end]:
                raise PolicyError(literal.line, "a character that cannot be read in ${ }")
            out += source[at:end].encode("utf-8", "surrogateescape")
            at = end
        elif source[at] == "\\":
            at = _escape(literal, source, at + 1, out, strict=not interpolates)
        else:
            out += source[at].encode("utf-8", "surrogateescape")
            at += 1
    return out.decode("utf-8", "surrogateescape")


def _closing(source: str, at: int) -> int:
    depth = 1
    while depth and at < len(source):
        depth += {"{": 1, "}": -1}.get(source[at], 0)
        at += 1
    return at


def _escape(literal: Literal, source: str, at: int, out: bytearray, *, strict: bool) -> int:
    """Append what the escape at `at` (after its backslash) stands for; the place after it. The scanner has checked its form."""
    sign = source[at]
    if sign in _BARE:
        out.append(_BARE[sign])
        return at + 1
    if sign in _WIDTHS:
        end = at + 1 + _WIDTHS[sign]
        code = int(source[at + 1 : end], 16)
        if sign == "x":
            out.append(code)
            return end
    else:
        end = at + 3
        code = int(source[at:end], 8)
        if code <= 255:
            out.append(code)
            return end
        code = 0x110000
    surrogate = 0xD800 <= code <= 0xDFFF
    if code > 0x10FFFF or (strict and surrogate):
        raise PolicyError(literal.line, f"\\{source[at:end]} is no character")
    out += ("\ufffd" if surrogate else chr(code)).encode()
    return end


def _heredoc(literal: Literal) -> str:
    r"""`<<EOF` keeps everything; `<<-EOF` takes away the indentation of the closing mark, if every line has it."""
    source = literal.text.encode("utf-8", "surrogateescape")
    mark, _, rest = source.partition(b"\n")
    if not source.startswith(b"<<-"):
        return _decoded(literal, rest, len(mark) - 1)
    lines = _decoded(literal, rest, len(mark) - 2).split("\n")
    indent = lines[-1]
    if all(line.startswith(indent) for line in lines):
        return "\n".join([*(line.removeprefix(indent) for line in lines[:-1]), ""])
    return _decoded(literal, rest, len(mark) - 1).rstrip(" \t")


def _decoded(literal: Literal, rest: bytes, cut: int) -> str:
    if cut > len(rest):
        raise PolicyError(literal.line, "a heredoc that cannot be read")
    return rest[: len(rest) - cut].decode("utf-8", "surrogateescape")
