"""Values to numbers and texts as sprig takes them (spf13/cast): what cannot be read is 0."""

from __future__ import annotations

import math
from typing import Any

from keywave.gotemplate import literals, printing
from keywave.gotemplate.values import Number, Version, text_of

_LEAST = -(1 << 63)


def whole_number(value: Any) -> int:
    """int64 of a value; 0 for what is none."""
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return from_float(value)
    if isinstance(value, str):
        number = literals.integer(_without_zero_decimals(value))
        return number if number is not None and _LEAST <= number < -_LEAST else 0
    return 0


def from_float(value: float) -> int:
    """Go's int64(value) on amd64: what does not fit is the least int64."""
    if math.isnan(value) or not _LEAST <= value < -_LEAST:
        return _LEAST
    return int(value)


def _without_zero_decimals(text: str) -> str:
    head, dot, tail = text.rpartition(".")
    return head if dot and tail and not tail.strip("0") else text


def real_number(value: Any) -> float:
    """float64 of a value; 0 for what is none."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        return literals.real(value) or 0.0
    return 0.0


def text(value: Any) -> str:
    """sprig's strval."""
    if type(value) is str:
        return value
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, bytes):
        return text_of(value)
    if isinstance(value, Version):
        return value.text()
    return printing.show(value)
