"""What a scalar means to Kubernetes: go-yaml v2's resolver (`resolve.go`), then JSON as client-go decodes it.

Rule: reproduce, do not improve. YAML 1.1 words are booleans (`yes`, `on`, `y`), `0644` is octal, `08` is 8, `1:30` and dates are
text, and `1e3` is the integer 1000, because the number passes through JSON, where `1000` has no point.
Why not PyYAML's resolver: it differs in each of these.
"""

from __future__ import annotations

import re
import struct
from typing import Any

from keywave.objects.later import later

HINTS = frozenset("+-0123456789yYnNtTfFoO~.")
"""A plain scalar that starts with none of these, and is not empty, is text."""

STR_TAG = "tag:yaml.org,2002:str"
BOOL_TAG = "tag:yaml.org,2002:bool"
INT_TAG = "tag:yaml.org,2002:int"
FLOAT_TAG = "tag:yaml.org,2002:float"
NULL_TAG = "tag:yaml.org,2002:null"
TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"
BINARY_TAG = "tag:yaml.org,2002:binary"
MERGE_TAG = "tag:yaml.org,2002:merge"

_INF = float("inf")
WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), _INF),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -_INF),
}
_INTEGER = later(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
_BINARY_WITH_SIGN = later(r"0b([-+][01]+)")
_FLOAT = later(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FLOAT = later(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_TIMESTAMP = later(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+](?:[01][0-9]|2[0-4]):[0-5][0-9])"
    r"| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?"
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MIN, _MAX, _UNSIGNED_MAX = -(2**63), 2**63 - 1, 2**64 - 1


class ScalarError(Exception):
    """A scalar that Kubernetes refuses. The message never holds the scalar's text."""


_cache: dict[str, Any] = {}
_CACHE_SIZE = 20_000


def plain_value(text: str) -> Any:
    """Value of an unquoted scalar, as JSON has it: str, int, float, bool or None.

    Raises:
        ScalarError: not-a-number and the infinities, which JSON does not have.
    """
    try:
        return _cache[text]
    except KeyError:
        pass
    value = _json_value(resolve(text))
    if len(_cache) >= _CACHE_SIZE:
        _cache.clear()
    if len(text) < 40:
        _cache[text] = value
    return value


def tagged_value(tag: str, text: str) -> Any:
    """Value of a scalar with an explicit tag; unknown tags mean text."""
    return _json_value(resolve_tagged(tag, text))


def key_text(value: Any) -> str:
    """A mapping's key as the text that sigs.k8s.io/yaml makes of it. `value` comes from `resolve` or `resolve_tagged`.

    Raises:
        ScalarError: null, and integers that only fit without a sign.
    """
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int) and value <= _MAX:
        return str(value)
    if isinstance(value, float):
        return _float32_text(value)
    raise ScalarError(
        "a key must be text; null cannot be a key" if value is None else "this number is too large for a key"
    )


def resolve(text: str) -> Any:
    """Value of an unquoted scalar as go-yaml sees it: floats stay floats, infinities are values."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first == ".":
        return _float(text.replace("_", ""), text) if _POINT_FLOAT.fullmatch(text) else text
    if first not in "+-0123456789":
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    if _FLOAT.fullmatch(digits):
        return _float(digits, text)
    signed = _BINARY_WITH_SIGN.fullmatch(digits)
    if signed and _MIN <= int(signed[1], 2) <= _MAX:
        return int(signed[1], 2)
    return text


def resolve_tagged(tag: str, text: str) -> Any:
    """The same for a scalar with a tag."""
    if tag == BINARY_TAG:
        return _binary(text)
    if tag == STR_TAG or tag not in (BOOL_TAG, INT_TAG, FLOAT_TAG, NULL_TAG, TIMESTAMP_TAG):
        return text
    if tag == TIMESTAMP_TAG:
        if _is_timestamp(text):
            return text
    else:
        value = resolve(text)
        if tag == FLOAT_TAG and isinstance(value, int) and not isinstance(value, bool) and value <= _MAX:
            return float(value)
        if _tag_of(value) == tag:
            return value
    raise ScalarError(f"the value does not fit its tag !!{tag.rpartition(':')[2]}")


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return False
    from datetime import datetime  # hardly anyone writes !!timestamp

    try:
        year, month, day, *time = [int(part) for part in match.groups() if part is not None]
        hour, minute, second = time or (0, 0, 0)
        datetime(year, month, day, hour, minute, second)
    except ValueError:
        return False
    return True


def _tag_of(value: Any) -> str:
    if value is None:
        return NULL_TAG
    if isinstance(value, bool):
        return BOOL_TAG
    return INT_TAG if isinstance(value, int) else FLOAT_TAG if isinstance(value, float) else STR_TAG


def _integer(digits: str) -> int | None:
    match = _INTEGER.fullmatch(digits)
    if match is None:
        return None
    sign, hexadecimal, octal, binary, decimal = match.groups()
    if decimal is not None and len(decimal) > 20:
        return None
    if hexadecimal is not None:
        value = int(hexadecimal, 16)
    elif octal is not None:
        value = int(octal, 8)
    else:
        value = int(binary, 2) if binary is not None else int(decimal)
    if sign == "-":
        value = -value
    in_range = _MIN <= value <= (_UNSIGNED_MAX if not sign else _MAX)
    return value if in_range else None


def _float(digits: str, text: str) -> Any:
    value = float(digits)
    return text if value in (_INF, -_INF) else value


def _json_value(value: Any) -> Any:
    if isinstance(value, float):
        if value != value or value in (_INF, -_INF):
            raise ScalarError("JSON, and with it Kubernetes, has no such number as .inf or .nan")
        if value.is_integer() and abs(value) < 1e19:
            whole = _shortest_integer(value)
            return whole if _MIN <= whole <= _MAX else value
    return value


def _shortest_integer(value: float) -> int:
    """The integer that Go writes for a float: its shortest digits, filled up with zeros."""
    if abs(value) < 2**53:
        return int(value)
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction.rstrip("0")
    zeros: int = 10 ** (int(exponent or 0) - len(digits) + len(whole))
    return int(digits) * zeros


def _binary(text: str) -> str:
    from binascii import a2b_base64  # hardly anyone writes !!binary

    joined = text.replace("\n", "").replace("\r", "")
    if not _BASE64.fullmatch(joined):
        raise ScalarError("!!binary value holds invalid base64 data")
    decoded = a2b_base64(joined).decode("utf-8", "surrogateescape")
    return re.sub("[\udc80-\udcff]", "�", decoded)


def _float32_text(value: float) -> str:
    """Go's FormatFloat(value, 'g', -1, 32): the shortest text that is the same 32-bit float."""
    if value != value:
        return ".nan"
    try:
        (single,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        single = _INF if value > 0 else -_INF
    if single in (_INF, -_INF):
        return ".inf" if single > 0 else "-.inf"
    for precision in range(9):
        shown = f"{single:.{precision}e}"
        if struct.pack("f", float(shown)) == struct.pack("f", single):
            break
    mantissa, _, exponent = shown.partition("e")
    power, digits = int(exponent), mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    if power < -4 or power >= 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{single:.{max(len(digits) - 1 - power, 0)}f}"
