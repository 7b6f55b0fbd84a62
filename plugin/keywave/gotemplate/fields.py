"""What `.name` of a value is."""

from __future__ import annotations

from typing import Any

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.values import INVALID, Number, Struct, Version, type_of


def field(value: Any, name: str, extra: bool) -> Any:
    """A key of a dict, and of nothing else. `extra`: arguments follow. Raises Refused."""
    if value is INVALID:
        return INVALID
    if value is None:
        raise Refused(f"nil pointer evaluating interface {{}}.{name}")
    if isinstance(value, Version):
        raise Refused("methods and fields of a version are not offered", "unsupported")
    if isinstance(value, Number) and name in ("String", "Float64", "Int64"):
        raise Refused("methods of a number are not offered", "unsupported")
    if isinstance(value, dict) and (not isinstance(value, Struct) or name in value):
        if extra:
            raise Refused(f"{name} is not a method but has arguments")
        return value.get(name, "" if type_of(value) == "map[string]string" and name in value else INVALID)
    raise Refused(f"can't evaluate field {name} in type {type_of(value)}")
