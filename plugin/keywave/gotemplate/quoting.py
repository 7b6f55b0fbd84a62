"""Go's quoted strings (strconv.Quote) and floating-point texts (strconv.FormatFloat)."""

from __future__ import annotations

import math
import unicodedata

_PLAIN_UP_TO = 6
"""Without a precision, an exponent is written from this power of ten on."""

_SHORT = {7: "\\a", 8: "\\b", 12: "\\f", 10: "\\n", 13: "\\r", 9: "\\t", 11: "\\v", 92: "\\\\"}


def printable(character: str) -> bool:
    """unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the space."""
    return character == " " or unicodedata.category(character)[0] in "LMNPS"


def quoted(text: str, quote: str = '"', *, ascii_only: bool = False) -> str:
    """Between quotes, with Go's escapes; bytes that are no UTF-8 as \\x.."""
    out = [quote]
    for character in text:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code in _SHORT:
            out.append(_SHORT[code])
        elif character == quote:
            out.append("\\" + quote)
        elif printable(character) and (code < 128 or not ascii_only):
            out.append(character)
        elif code < 32 or code == 127:
            out.append(f"\\x{code:02x}")
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return "".join(out) + quote


def raw_quotable(text: str) -> bool:
    """Whether `text` can stand between backquotes."""
    return all(c == "\t" or (ord(c) >= 32 and c not in "`\x7f\ufeff" and not 0xD800 <= ord(c) < 0xE000) for c in text)


def digits_of(value: float) -> tuple[str, int]:
    """The shortest digits that mean `value` (>= 0), and where their decimal point stands: 0.00123 is ("123", -2)."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    before, _, after = mantissa.partition(".")
    digits = (before + after).lstrip("0")
    point = len(before) + int(exponent or 0) - (len(before + after) - len(digits))
    digits = digits.rstrip("0")
    return (digits, point) if digits else ("0", 1)


def floating(value: float, form: str, precision: int = -1) -> str:
    """strconv.FormatFloat without a leading plus: `form` of e E f g G; precision -1 is the shortest."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    value = abs(value)
    upper, form = form.isupper(), form.lower()
    if precision >= 0:
        body = _rounded(value, form, precision)
    else:
        digits, point = digits_of(value)
        plain = form == "f" or (form == "g" and -4 <= point - 1 < _PLAIN_UP_TO)
        body = _plain(digits, point) if plain else _scientific(digits, point - 1)
    return sign + (body.upper() if upper else body)


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits if digits != "0" else "0"
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _scientific(digits: str, exponent: int) -> str:
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _rounded(value: float, form: str, precision: int) -> str:
    if form == "e":
        return f"{value:.{precision}e}"
    if form == "f":
        return f"{value:.{precision}f}"
    precision = precision or 1
    mantissa, _, exponent = f"{value:.{precision - 1}e}".partition("e")
    digits = mantissa.replace(".", "").rstrip("0") or "0"
    shift = int(exponent)
    # Go: where the digits that are there reach as far as the point, they count instead of the precision.
    bound = precision
    if bound > len(digits) and len(digits) >= shift + 1:
        bound = len(digits)
    if shift < -4 or shift >= bound:
        return _scientific(digits, shift)
    return _plain(digits, shift + 1)
