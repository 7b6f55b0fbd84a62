"""sprig's functions on lists, dicts and any value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keywave.gotemplate import casting, json_form
from keywave.gotemplate.calling import Function, declared
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.merging import merge, refuse_circle
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import (
    NilMap,
    Slice,
    StringMap,
    Struct,
    Uint8,
    Version,
    empty,
    equal,
    is_slice,
    kind_of,
    raw,
    type_of,
)

NIL_LIST = ()


def items_of(run: Run, value: Any) -> list[Any]:
    """The items of any slice, in a list of their own. Raises Refused."""
    if not is_slice(value):
        raise Refused(f"a list is needed, not a {kind_of(value)}")
    run.items(len(value))
    return [Uint8(item) for item in value] if isinstance(value, bytes) else list(value)


def _nil() -> Slice:
    return Slice(NIL_LIST, nil=True)


def _end(run: Run, value: Any, index: int) -> Any:
    items = items_of(run, value)
    return items[index] if items else None


def _without_end(run: Run, value: Any, part: slice) -> list[Any]:
    items = items_of(run, value)
    return items[part] if items else _nil()


def _chunk(run: Run, size: int, value: Any) -> Slice:
    items = items_of(run, value)
    if size > 0:
        return Slice([items[at : at + size] for at in range(0, len(items), size)], "[][]interface {}")
    # What sprig's formula gives for a size that makes no sense.
    pieces = (len(items) - 1) // size + 1 if size else -1
    if pieces < 0 or (pieces == 1 and not items):
        raise Refused("a chunk has at least one item")
    return Slice([items] * pieces, "[][]interface {}")


def _uniq(run: Run, value: Any) -> list[Any]:
    found: list[Any] = []
    for item in items_of(run, value):
        if not any(equal(item, known, run.spend) for known in found):
            found.append(item)
    return found


def _without(run: Run, value: Any, *omitted: Any) -> list[Any]:
    return [item for item in items_of(run, value) if not any(equal(item, one, run.spend) for one in omitted)]


def _has(run: Run, needle: Any, value: Any) -> bool:
    return value is not None and any(equal(needle, item, run.spend) for item in items_of(run, value))


def _slice(run: Run, value: Any, *indexes: Any) -> Any:
    items = items_of(run, value)
    if not items:
        return None
    start = casting.whole_number(indexes[0]) if indexes else 0
    end = casting.whole_number(indexes[1]) if len(indexes) > 1 else len(items)
    if not 0 <= start <= end:
        raise Refused("slice bounds out of range")
    if end > len(items):
        raise Refused("beyond the end of the list")
    if isinstance(value, bytes):
        return value[start:end]
    return (
        items[start:end]
        if type(value) is list or value.type == "[]interface {}"
        else Slice(items[start:end], value.type)
    )


def _concat(run: Run, *lists: Any) -> list[Any]:
    found = [item for one in lists for item in items_of(run, one)]
    run.items(len(found))
    return found or _nil()


def _dict(_: Run, *values: Any) -> dict[str, Any]:
    return {casting.text(values[at]): values[at + 1] if at + 1 < len(values) else "" for at in range(0, len(values), 2)}


def _set(run: Run, target: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    if isinstance(target, NilMap):
        raise Refused("assignment to entry in nil map")
    refuse_circle(run, value, target)
    run.spend()
    target[key] = value
    return target


def _unset(_: Run, target: dict[str, Any], key: str) -> dict[str, Any]:
    target.pop(key, None)
    return target


def _dig(_: Run, *path: Any) -> Any:
    if len(path) < 3:
        raise Refused("dig needs at least three arguments")
    *keys, default, found = path
    if any(type(key) is not str for key in keys):
        raise Refused("a key of dig is no string")
    for key in keys:
        if type(found) not in (dict, NilMap):
            raise Refused(f"dig goes through dicts, not a {type_of(found)}")
        if key not in found:
            return default
        found = found[key]
    return found


def _merged(run: Run, target: dict[str, Any], *sources: dict[str, Any], overwrite: bool) -> Any:
    if isinstance(target, NilMap):
        target = {}
    for source in sources:
        merge(run, target, source, overwrite=overwrite)
    return target


def _keys(run: Run, *dicts: dict[str, Any]) -> Slice:
    """Go's order is random here; ours is sorted within each dict."""
    run.items(sum(map(len, dicts)))
    return Slice([key for one in dicts for key in sorted(one, key=raw)], "[]string")


def _deep_copy(run: Run, value: Any) -> Any:
    if value is None:
        raise Refused("nil cannot be copied")
    return _copy(run, value)


def _copy(run: Run, value: Any) -> Any:
    if isinstance(value, (Version, Struct)):
        # Go copies a version's exported fields, of which it has none.
        raise Refused(f"a {type_of(value)} cannot be copied", "unsupported")
    if isinstance(value, dict):
        run.items(len(value))
        return (StringMap if isinstance(value, StringMap) else dict)((k, _copy(run, v)) for k, v in value.items())
    if isinstance(value, list):
        run.items(len(value))
        items = [_copy(run, item) for item in value]
        return Slice(items, value.type, nil=value.nil) if isinstance(value, Slice) else items
    return value


def _json(strict: bool, **form: Any) -> Callable[[Run, Any], str]:
    def written(run: Run, value: Any) -> str:
        try:
            text = json_form.encode(value, **form)
        except Refused:
            if strict:
                raise
            text = ""
        run.text(len(text))
        return text

    return written


def _from_json(strict: bool) -> Callable[[Run, str], Any]:
    def read(run: Run, text: str) -> Any:
        run.text(len(text))
        try:
            return json_form.decode(text)
        except Refused:
            if strict:
                raise
            return None

    return read


def _default(_: Run, otherwise: Any, *given: Any) -> Any:
    return otherwise if not given or empty(given[0]) else given[0]


def _coalesce(_: Run, *values: Any) -> Any:
    return next((value for value in values if not empty(value)), None)


def _append(run: Run, value: Any, item: Any) -> list[Any]:
    return [*items_of(run, value), item]


_BOTH: dict[str, Function] = {
    # Each with a twin `mustX`; in Go the plain one panics, which templates see as the same error.
    "append": declared("aa", _append),
    "push": declared("aa", _append),
    "prepend": declared("aa", lambda run, value, item: [item, *items_of(run, value)]),
    "first": declared("a", lambda run, value: _end(run, value, 0)),
    "last": declared("a", lambda run, value: _end(run, value, -1)),
    "rest": declared("a", lambda run, value: _without_end(run, value, slice(1, None))),
    "initial": declared("a", lambda run, value: _without_end(run, value, slice(0, -1))),
    "reverse": declared("a", lambda run, value: items_of(run, value)[::-1]),
    "uniq": declared("a", _uniq),
    "without": declared("aa*", _without),
    "has": declared("aa", _has),
    "slice": declared("aa*", _slice),
    "chunk": declared("ia", _chunk),
    "compact": declared("a", lambda run, value: [item for item in items_of(run, value) if not empty(item)]),
    "deepCopy": declared("a", _deep_copy),
    "merge": declared("mm*", lambda run, target, *more: _merged(run, target, *more, overwrite=False)),
    "mergeOverwrite": declared("mm*", lambda run, target, *more: _merged(run, target, *more, overwrite=True)),
}

FUNCTIONS: dict[str, Function] = {
    **_BOTH,
    **{f"must{name[0].upper()}{name[1:]}": function for name, function in _BOTH.items()},
    "list": declared("a*", lambda run, *values: list(values)),
    "tuple": declared("a*", lambda run, *values: list(values)),
    "concat": declared("a*", _concat),
    "dict": declared("a*", _dict),
    "get": declared("ms", lambda run, found, key: found.get(key, "")),
    "set": declared("msa", _set),
    "unset": declared("ms", _unset),
    "hasKey": declared("ms", lambda run, found, key: key in found),
    "pluck": declared("sm*", lambda run, key, *dicts: [one[key] for one in dicts if key in one]),
    "keys": declared("m*", _keys),
    "values": declared("m", lambda run, found: [found[key] for key in sorted(found, key=raw)]),
    "pick": declared("ms*", lambda run, found, *keys: {key: found[key] for key in keys if key in found}),
    "omit": declared("ms*", lambda run, found, *keys: {key: found[key] for key in found if key not in keys}),
    "dig": declared("a*", _dig),
    "default": declared("aa*", _default),
    "empty": declared("a", lambda run, value: empty(value)),
    "coalesce": declared("a*", _coalesce),
    "all": declared("a*", lambda run, *values: not any(map(empty, values))),
    "any": declared("a*", lambda run, *values: not all(map(empty, values))),
    "ternary": declared("aab", lambda run, yes, no, which: yes if which else no),
    "fromJson": declared("s", _from_json(False)),
    "mustFromJson": declared("s", _from_json(True)),
    "toJson": declared("a", _json(False)),
    "mustToJson": declared("a", _json(True)),
    "toPrettyJson": declared("a", _json(False, indent="  ")),
    "mustToPrettyJson": declared("a", _json(True, indent="  ")),
    "toRawJson": declared("a", _json(True, html=False)),
    "mustToRawJson": declared("a", _json(True, html=False)),
    "typeOf": declared("a", lambda run, value: type_of(value)),
    "typeIs": declared("sa", lambda run, name, value: name == type_of(value)),
    "typeIsLike": declared("sa", lambda run, name, value: type_of(value) in (name, f"*{name}")),
    "kindOf": declared("a", lambda run, value: kind_of(value)),
    "kindIs": declared("sa", lambda run, name, value: name == kind_of(value)),
    "deepEqual": declared("aa", lambda run, one, other: equal(one, other, run.spend)),
}
