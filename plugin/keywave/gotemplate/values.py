"""Go's types on plain Python values.

string: str (bytes that are no UTF-8 stand in it as `surrogateescape`), int: int, float64: float, bool, nil: None, []interface{}: list,
map[string]interface{}: dict, []byte: bytes. The other types that templates meet are subclasses of these, below. Templates reach nothing
else: no attribute of a Python object is ever looked up by a name out of a template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


class Number(str):
    """json.Number: a number as it was written. `json.loads(text, parse_int=Number, parse_float=Number)` is how Vault's Go client reads."""

    __slots__ = ()


class Int64(int):
    """int64: what sprig's arithmetic gives. Not an int: `until (add 1 2)` is refused by Go."""

    __slots__ = ()


class Uint8(int):
    """uint8: a byte of a string."""

    __slots__ = ()


class Slice(list[Any]):
    """A slice that is not []interface{}, or is nil. `type` is Go's name of it."""

    def __init__(self, items: Iterable[Any] = (), type: str = "[]interface {}", *, nil: bool = False) -> None:
        super().__init__(items)
        self.type = type
        self.nil = nil


class StringMap(dict[str, Any]):
    """map[string]string: what `split` gives."""


class NilMap(dict[str, Any]):
    """A map[string]interface{} that is nil: reads as empty, cannot be written to."""


class Struct(dict[str, Any]):
    """A pointer to the struct that a template gets as its data: fields by name, nothing else. Cannot be indexed or ranged over."""


class Version(tuple[int, int, int, str, str, str]):
    """*semver.Version: major, minor, patch, pre-release, metadata, as it was written."""

    __slots__ = ()

    def text(self) -> str:
        return ".".join(map(str, self[:3])) + (f"-{self[3]}" if self[3] else "") + (f"+{self[4]}" if self[4] else "")


class Invalid:
    """No value at all (Go's zero reflect.Value): a missing key, or what is inside of nil."""

    __slots__ = ()


INVALID = Invalid()

INT_BITS = 63


def secret_input(
    secrets: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None = None,
    annotations: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
) -> Struct:
    """The data of a Secret's template: `.Secrets`, `.Metadata`, `.Annotations`, `.Labels`; None is Go's nil map."""
    given = {"Secrets": secrets, "Metadata": metadata, "Annotations": annotations, "Labels": labels}
    return Struct({name: NilMap() if value is None else dict(value) for name, value in given.items()})


def own(value: Any) -> Any:
    """A copy of `value` that a template may change, of nothing but the types above. Raises TypeError for any other type."""
    kind = type(value)
    if kind in (str, int, float, bool, type(None), bytes, Number, Int64, Uint8):
        return value
    if kind in (list, tuple):
        return [own(item) for item in value]
    if kind in (dict, StringMap, Struct, NilMap):
        if any(type(key) is not str for key in value):
            raise TypeError("a template's data has a key that is no text")
        return kind((key, own(item)) for key, item in value.items())
    raise TypeError(f"a template's data cannot hold a {kind.__name__}")


_TYPES: dict[type, str] = {
    str: "string",
    Number: "json.Number",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Uint8: "uint8",
    float: "float64",
    bytes: "[]uint8",
    list: "[]interface {}",
    dict: "map[string]interface {}",
    NilMap: "map[string]interface {}",
    StringMap: "map[string]string",
    Version: "*semver.Version",
    Struct: "*main.input",
}
_KINDS: dict[type, str] = {
    str: "string",
    Number: "string",
    bool: "bool",
    int: "int",
    Int64: "int64",
    Uint8: "uint8",
    float: "float64",
    bytes: "slice",
    list: "slice",
    Slice: "slice",
    dict: "map",
    NilMap: "map",
    StringMap: "map",
    Version: "ptr",
    Struct: "ptr",
}


def type_of(value: Any) -> str:
    """Go's %T."""
    if isinstance(value, Slice):
        return value.type
    return _TYPES.get(type(value), "<nil>")


def kind_of(value: Any) -> str:
    """The name of Go's reflect.Kind."""
    return _KINDS.get(type(value), "invalid")


def is_slice(value: Any) -> bool:
    return isinstance(value, (list, bytes))


def is_nil(value: Any) -> bool:
    """Nil of its type, or no value."""
    return value is None or value is INVALID or isinstance(value, NilMap) or (isinstance(value, Slice) and value.nil)


def truth(value: Any) -> bool:
    """What `if` makes of a value."""
    if value is None or value is INVALID:
        return False
    if isinstance(value, (Struct, Version)):
        return True
    return bool(value)


def empty(value: Any) -> bool:
    """sprig's `empty`: the zero value of its type."""
    return not truth(value)


def equal(one: Any, other: Any, tick: Callable[[], None] = lambda: None) -> bool:
    """reflect.DeepEqual: types count, nil and empty slices differ. `tick` is called for each value looked at."""
    tick()
    if type_of(one) != type_of(other) or is_nil(one) != is_nil(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(
            equal(mine, theirs, tick) for mine, theirs in zip(one, other, strict=True)
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(value, other[key], tick) for key, value in one.items())
    return bool(one == other)


def raw(text: str) -> bytes:
    """The bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def text_of(data: bytes) -> str:
    """A Go string of these bytes."""
    return data.decode("utf-8", "surrogateescape")


def whole(text: str) -> str:
    """`text` with characters that were put together out of halves made whole."""
    return text if text.isascii() else text_of(raw(text))


def wrap64(number: int) -> int:
    """Two's complement, as Go's int64 overflows."""
    return ((number + (1 << INT_BITS)) & ((1 << 64) - 1)) - (1 << INT_BITS)
