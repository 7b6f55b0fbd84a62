"""When two values are the same to Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def same(left: Any, right: Any) -> bool:
    """Equality as JSON has it: 1 is 1.0, but neither is true; the order of keys says nothing."""
    if left is right:
        return True
    if isinstance(left, Mapping):
        return (
            isinstance(right, Mapping)
            and len(left) == len(right)
            and all(key in right and same(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, (list, tuple)):
        return isinstance(right, (list, tuple)) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if left == right:
        return True
    return isinstance(left, float) != isinstance(right, float) and _same_as_floats(left, right)


def _same_as_floats(left: Any, right: Any) -> bool:
    """A float beyond 2^53 comes back as the integer of its shortest digits (`objects.scalars`)."""
    try:
        return float(left) == float(right)
    except (TypeError, ValueError, OverflowError):
        return False
