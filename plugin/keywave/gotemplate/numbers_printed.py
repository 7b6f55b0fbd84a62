"""fmt's verbs for integers and floating-point numbers, and hexadecimal texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keywave.gotemplate import quoting
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.values import Uint8, raw

if TYPE_CHECKING:
    from keywave.gotemplate.printing import Flags

INTEGER_VERBS = "vdboOxXcqU"
_BASES = {"v": "d", "O": "o"}


def integer(value: int, verb: str, flags: Flags) -> str:
    """An integer by its verb; "" for a verb that does not fit (and for a zero with precision 0)."""
    if verb not in INTEGER_VERBS:
        return ""
    if verb in "cqU":
        return _character(value, verb, flags)
    form = _BASES.get(verb, verb)
    if verb == "v" and flags.sharp_v and isinstance(value, Uint8):
        return flags.pad(f"0x{int(value):x}")
    precision = flags.precision
    if precision == 0 and value == 0:
        return " " * (flags.width or 0)
    if precision is None:
        precision = 0
        if flags.zero and not flags.minus and flags.width is not None:
            precision = flags.width - (value < 0 or flags.plus or flags.space)
    body = format(abs(value), form).rjust(precision, "0")
    if flags.sharp:
        if form == "b":
            body = "0b" + body
        elif form == "o" and not body.startswith("0"):
            body = "0" + body
        elif form in "xX":
            body = f"0{form}{body}"
    if verb == "O":
        body = "0o" + body
    body = ("-" if value < 0 else "+" if flags.plus else " " if flags.space else "") + body
    missing = " " * ((flags.width or 0) - len(body))
    return body + missing if flags.minus else missing + body


def _character(value: int, verb: str, flags: Flags) -> str:
    valid = 0 <= value <= 0x10FFFF and not 0xD800 <= value < 0xE000
    if verb == "U":
        body = f"U+{value & ((1 << 64) - 1):0{max(4, flags.precision or 0)}X}"
        if flags.sharp and valid and quoting.printable(chr(value)):
            body += f" '{chr(value)}'"
        missing = " " * ((flags.width or 0) - len(body))
        return body + missing if flags.minus else missing + body
    character = chr(value) if valid else "\ufffd"
    return flags.pad(character if verb == "c" else quoting.quoted(character, "'", ascii_only=flags.plus))


def real(value: float, verb: str, flags: Flags) -> str | None:
    """A float by its verb; None for a verb that does not fit."""
    if verb in "bxX" or (flags.sharp and verb in "veEfFgG"):
        raise Refused(f"%{verb} of a float64 in this form is not offered", "unsupported")
    if verb not in "veEfFgG":
        return None
    form = {"v": "g", "F": "f"}.get(verb, verb)
    precision = flags.precision
    if precision is None:
        precision = -1 if form in "gG" else 6
    body = quoting.floating(value, form, precision)
    if body[0] not in "+-":
        body = "+" + body
    if flags.space and body[0] == "+" and not flags.plus:
        body = " " + body[1:]
    if not math.isfinite(value):
        if math.isnan(value) and not flags.space and not flags.plus:
            body = body[1:]
        elif body[0] == "+" and not flags.plus:
            # Go shows the plus of an infinity only for %v's own sign and where asked.
            pass
        missing = " " * ((flags.width or 0) - len(body))
        return body + missing if flags.minus else missing + body
    if flags.plus or body[0] != "+":
        if flags.zero and not flags.minus and flags.width is not None and flags.width > len(body):
            return body[0] + "0" * (flags.width - len(body)) + body[1:]
        return flags.pad(body)
    return flags.pad(body[1:])


def hexadecimal(text: str, verb: str, flags: Flags) -> str:
    """%x and %X of a string."""
    data = raw(text)
    if flags.precision is not None:
        data = data[: flags.precision]
    if not data:
        return flags.pad("")
    pieces = [f"{byte:02{verb}}" for byte in data]
    prefix = f"0{verb}" if flags.sharp else ""
    body = " ".join(prefix + piece for piece in pieces) if flags.space else prefix + "".join(pieces)
    return flags.pad(body)
