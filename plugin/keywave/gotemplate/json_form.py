"""JSON as Go's encoding/json writes and reads it."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.quoting import digits_of
from keywave.gotemplate.values import INVALID, Number, Struct, Version, is_nil, raw

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ALWAYS = {
    8: "\\b",
    9: "\\t",
    10: "\\n",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    92: "\\\\",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
_ALWAYS |= {code: f"\\u{code:04x}" for code in range(32) if code not in _ALWAYS}
_SAFE = _ALWAYS | {60: "\\u003c", 62: "\\u003e", 38: "\\u0026"}
_HALF = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*")
"""Texts in which nothing is escaped: most, and this is the quickest way to know."""


def encode(value: Any, *, html: bool = True, indent: str = "", _margin: str = "\n") -> str:
    """`html`: < > & escaped. `indent`: MarshalIndent's. Raises Refused for what JSON cannot say."""
    if value is None or value is INVALID or (is_nil(value) and isinstance(value, (list, dict))):
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Number):
        if value and not _NUMBER.fullmatch(value):
            raise Refused("invalid number literal")
        return str(value) or "0"
    if isinstance(value, str):
        return _string(value, html)
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, Version):
        return _string(value.text(), html)
    inner = _margin + indent if indent else ""
    closing = _margin if indent else ""
    if isinstance(value, list):
        items = [encode(item, html=html, indent=indent, _margin=inner) for item in value]
        return "[" + (inner + f",{inner}".join(items) + closing if items else "") + "]"
    if isinstance(value, dict):
        keys = list(value) if isinstance(value, Struct) else sorted(value, key=raw)
        colon = ": " if indent else ":"
        named = [_string(k.lower() if isinstance(value, Struct) else k, html) for k in keys]
        inside = [encode(value[key], html=html, indent=indent, _margin=inner) for key in keys]
        pairs = [name + colon + item for name, item in zip(named, inside, strict=True)]
        return "{" + (inner + f",{inner}".join(pairs) + closing if pairs else "") + "}"
    raise Refused("unsupported type")


def _string(text: str, html: bool) -> str:
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + _HALF.sub("\\\\ufffd", text.translate(_SAFE if html else _ALWAYS)) + '"'


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise Refused("unsupported value")
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    digits, point = digits_of(abs(value))
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if point < 1 else '+'}{abs(point - 1)}"
    if digits == "0":
        return sign + "0"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return sign + (digits.ljust(point, "0")[:point] + ("." + digits[point:] if len(digits) > point else ""))


def _constant(name: str) -> Any:
    raise ValueError


def decode(text: str) -> Any:
    """Into interface{}: every number a float64. Raises Refused."""
    read: Any = None
    try:
        read = json.loads(_HALF.sub("\ufffd", text), parse_int=_real, parse_float=_real, parse_constant=_constant)
    except RecursionError:
        problem = "nested too deep"
    except ValueError:
        problem = "not JSON"
    else:
        return _mended(read)
    raise Refused(problem)


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError
    return value


def _mended(value: Any) -> Any:
    """Halves of surrogate pairs that \\u escapes left become U+FFFD."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value
