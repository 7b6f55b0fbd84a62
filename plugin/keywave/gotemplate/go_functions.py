"""The functions that text/template itself has."""

from __future__ import annotations

import urllib.parse
from typing import Any

from keywave.gotemplate.calling import Function, declared, integer_index
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.printing import Flags, formatted, sprint, sprintf, sprintln
from keywave.gotemplate.quoting import printable
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import (
    INVALID,
    StringMap,
    Struct,
    Uint8,
    is_nil,
    is_slice,
    kind_of,
    raw,
    truth,
    type_of,
)


def _basic(value: Any) -> str:
    """The kind that decides how two values compare: "" for those that do not."""
    kind = kind_of(value)
    return {"int64": "int", "float64": "float"}.get(kind, kind if kind in ("bool", "int", "uint8", "string") else "")


def _eq(_: Run, first: Any, *others: Any) -> bool:
    if not others:
        raise Refused("missing argument for comparison")
    return any(_equal_or_stop(first, other) for other in others)


def _equal_or_stop(one: Any, other: Any) -> bool:
    mine, theirs = _basic(one), _basic(other)
    if mine != theirs:
        if {mine, theirs} == {"int", "uint8"}:
            return int(one) == int(other)
        if kind_of(one) != "invalid" and kind_of(other) != "invalid":
            raise Refused(f"incompatible types for comparison: {type_of(one)} and {type_of(other)}")
        return False
    if mine:
        return bool(one == other) if mine != "string" else str(one) == str(other)
    if kind_of(one) != kind_of(other) and "invalid" not in (kind_of(one), kind_of(other)):
        raise Refused(f"non-comparable types {type_of(one)} and {type_of(other)}")
    if is_nil(one) or is_nil(other):
        return is_nil(one) == is_nil(other)
    if isinstance(other, (list, bytes)) or (isinstance(other, dict) and not isinstance(other, Struct)):
        raise Refused(f"non-comparable type {type_of(other)}")
    return one is other


def _less(one: Any, other: Any) -> bool:
    mine, theirs = _basic(one), _basic(other)
    if not mine or not theirs:
        raise Refused("invalid type for comparison")
    if mine != theirs and {mine, theirs} != {"int", "uint8"}:
        raise Refused(f"incompatible types for comparison: {type_of(one)} and {type_of(other)}")
    if mine == "bool":
        raise Refused("invalid type for comparison")
    return raw(one) < raw(other) if mine == "string" else bool(one < other)


def _index(_: Run, item: Any, *indexes: Any) -> Any:
    if item is None or item is INVALID:
        raise Refused("index of untyped nil")
    for index in indexes:
        if item is None or item is INVALID:
            raise Refused("index of nil pointer")
        if isinstance(item, dict) and not isinstance(item, Struct):
            if type(index) is not str:
                raise Refused(f"value has type {type_of(index)}; should be string")
            item = item.get(index, "" if isinstance(item, StringMap) else None)
        elif isinstance(item, str) or is_slice(item):
            content = raw(item) if isinstance(item, str) else item
            at = integer_index(index, len(content))
            if at == len(content):
                raise Refused("index out of range")
            item = Uint8(content[at]) if isinstance(content, bytes) else content[at]
        else:
            raise Refused(f"can't index item of type {type_of(item)}")
    return item


def _len(_: Run, item: Any) -> int:
    if item is INVALID or item is None:
        raise Refused("len of nil")
    if isinstance(item, str):
        return len(raw(item))
    if isinstance(item, (list, bytes, dict)) and not isinstance(item, Struct):
        return len(item)
    raise Refused(f"len of type {type_of(item)}")


def _text(values: tuple[Any, ...]) -> str:
    """The text that html, js and urlquery work on."""
    return sprint(
        [formatted(v, "v", Flags()) if isinstance(v, Struct) else "<no value>" if v is None else v for v in values]
    )


_HTML = {0: "\ufffd", 34: "&#34;", 39: "&#39;", 38: "&amp;", 60: "&lt;", 62: "&gt;"}
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _js(_: Run, *values: Any) -> str:
    out: list[str] = []
    for character in _text(values):
        code = ord(character)
        if character in _JS:
            out.append(_JS[character])
        elif code < 32 or (code >= 128 and not printable(character)):
            out.append(f"\\u{0xFFFD if 0xD800 <= code < 0xE000 else code:04X}")
        else:
            out.append("\ufffd" if 0xD800 <= code < 0xE000 else character)
    return "".join(out)


def _made(run: Run, text: str) -> str:
    run.text(len(text))
    return text


def _refuse_call(_: Run, *args: Any) -> Any:
    raise Refused("call of a value that is no function")


def _printf(run: Run, form: str, *args: Any) -> str:
    return _made(run, sprintf(form, args, run.text))


def _both(one: Any, other: Any) -> bool:
    return _less(one, other) or _equal_or_stop(one, other)


FUNCTIONS: dict[str, Function] = {
    "and": declared("vv*", lambda run, *args: None),
    "or": declared("vv*", lambda run, *args: None),
    "not": declared("v", lambda run, value: not truth(value)),
    "call": declared("vv*", _refuse_call),
    "eq": declared("vv*", _eq),
    "ne": declared("vv", lambda run, one, other: not _equal_or_stop(one, other)),
    "lt": declared("vv", lambda run, one, other: _less(one, other)),
    "le": declared("vv", lambda run, one, other: _both(one, other)),
    "gt": declared("vv", lambda run, one, other: not _both(one, other)),
    "ge": declared("vv", lambda run, one, other: not _less(one, other)),
    "html": declared("a*", lambda run, *args: _made(run, _text(args).translate(_HTML))),
    "js": declared("a*", _js),
    "urlquery": declared("a*", lambda run, *args: _made(run, urllib.parse.quote_plus(raw(_text(args)), safe=""))),
    "index": declared("vv*", _index),
    "len": declared("v", _len),
    "print": declared("a*", lambda run, *args: _made(run, sprint(args))),
    "println": declared("a*", lambda run, *args: _made(run, sprintln(args))),
    "printf": declared("sa*", _printf),
}
