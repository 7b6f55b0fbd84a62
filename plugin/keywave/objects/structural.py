"""Checks a decoded document against a JSON Schema subset held as plain dicts, and tells every problem at once.

Why not `jsonschema`: it costs 130 ms of import and has no "did you mean". A schema is turned once into nested functions,
so that a thousand documents cost some tens of milliseconds. A property test holds its verdict equal to `jsonschema`'s.

Known keywords: type (one or a list), properties, required, additionalProperties (false or a schema), propertyNames, minProperties,
maxProperties, items, minItems, maxItems, enum, const, pattern, minLength, maxLength, minimum, maximum. Of the `x-` keywords `x-hint`
gives the hint of a value that does not fit; the others are ignored, and so are annotations (`description`, `default`, ...).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from keywave.findings import PathKey, did_you_mean
from keywave.objects.later import later

Schema = Mapping[str, Any]
Keys = tuple[PathKey, ...]


class Problem(NamedTuple):
    """One thing that does not fit.

    `keys` lead to the value (or to the object that misses a field). `rule` is one of unknown, required, type, enum, const, pattern,
    range, length, size, name. `hint` says what to do, or is "".
    """

    keys: Keys
    message: str
    hint: str
    rule: str


Checker = Callable[[Any, Keys, list[Problem]], None]

_NAME_OF: Mapping[type, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    float: "number",
    dict: "object",
    list: "array",
    type(None): "null",
}
_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "title", "description", "default", "examples", "format", "deprecated")
)
_TYPES: dict[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_TOKEN = later(r"^(hv[sbr]\.|s\.[A-Za-z0-9]{20})")
_LONGEST_SHOWN = 80
_compiled: dict[int, tuple[Schema, Checker]] = {}
_MOST_COMPILED = 1024


def check(value: Any, schema: Schema, keys: Keys = ()) -> list[Problem]:
    """All problems of `value`, in the document's order; `keys` is where `value` stands.

    Raises ValueError where a value meets a schema with a keyword outside the subset: that is a bug, not bad input.
    """
    problems: list[Problem] = []
    _checker(schema)(value, keys, problems)
    return problems


def show(value: Any) -> str:
    """A literal for a message: quoted, cut at 80 characters, and never a Vault token."""
    if isinstance(value, str):
        if _TOKEN.match(value):
            return "a Vault token"
        return f'"{value}"' if len(value) <= _LONGEST_SHOWN else f'"{value[:_LONGEST_SHOWN]}..."'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def type_name(value: Any) -> str:
    """The JSON type of a decoded value: string, integer, number, boolean, object, array or null."""
    known = _NAME_OF.get(type(value))
    if known:
        return known
    if isinstance(value, (str, int, float)):
        return "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"
    return "object" if isinstance(value, Mapping) else "array"


@lru_cache(maxsize=512)
def ecma_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern as JSON Schema means it: a closing `$` is the very end, not the place before a last line break."""
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1] + r"\Z"
    return re.compile(pattern)


def _checker(schema: Schema) -> Checker:
    # Keyed by identity: schemas are module constants. The entry holds the schema, so that its id is not used again.
    known = _compiled.get(id(schema))
    if known is None:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        known = _compiled[id(schema)] = (schema, _compile(schema))
    return known[1]


def _compile(schema: Schema) -> Checker:
    _refuse_unknown(schema)
    types = schema.get("type")
    wanted = frozenset([types] if isinstance(types, str) else types or ())
    hint = str(schema.get("x-hint", ""))
    steps: dict[str, Checker] = {}
    if schema.keys() & {"pattern", "minLength", "maxLength"}:
        steps["string"] = _text(schema, hint)
    if schema.keys() & {"minimum", "maximum"}:
        steps["integer"] = steps["number"] = _number(schema, hint)
    if schema.keys() & {
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
    }:
        steps["object"] = _object(schema, hint)
    if schema.keys() & {"items", "minItems", "maxItems"}:
        steps["array"] = _array(schema, hint)
    choice = _choice(schema, hint)
    pattern: str | None = schema.get("pattern")

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        found = _NAME_OF.get(type(value)) or type_name(value)
        if wanted and found not in wanted and not _whole(value, found, wanted):
            fits = pattern is None or ecma_pattern(pattern).search(str(value)) is not None
            out.append(_wrong_type(found, wanted, keys, hint, quotes_help=fits))
            return
        if choice is not None:
            choice(value, keys, out)
        step = steps.get(found)
        if step is not None:
            step(value, keys, out)

    return run


def _refuse_unknown(schema: Schema) -> None:
    known = {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "items",
    }
    known |= {"minItems", "maxItems", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum"}
    odd = sorted(k for k in schema if k not in known and k not in _ANNOTATIONS and not k.startswith("x-"))
    if odd:
        raise ValueError(f"schema keyword outside the subset: {', '.join(odd)}")


def _whole(value: Any, found: str, wanted: frozenset[str]) -> bool:
    """JSON knows one kind of number: 3.0 is an integer, and every integer is a number."""
    if found == "integer":
        return "number" in wanted
    return found == "number" and "integer" in wanted and value.is_integer()


def _wrong_type(found: str, wanted: frozenset[str], keys: Keys, hint: str, *, quotes_help: bool) -> Problem:
    names = sorted((w for w in wanted if w != "null"), key=list(_TYPES).index) or ["null"]
    message = f"must be {' or '.join(_TYPES[n] for n in names)}, not {_TYPES[found]}"
    if "string" in wanted and found in ("integer", "number", "boolean"):
        hint = "put the value in quotes" if quotes_help or not hint else hint
    elif found == "string" and wanted & {"integer", "number", "boolean"}:
        hint = "write the value without quotes"
    elif "array" in wanted:
        hint = "write a list: [...], or one line with - for each entry"
    elif "string" in wanted:
        hint = "write the text itself"
    elif "object" in wanted:
        hint = "write a mapping: {name: value}, or one line name: value for each entry"
    return Problem(keys, message, hint, "type")


def _choice(schema: Schema, hint: str) -> Checker | None:
    if "const" in schema:
        allowed, rule = [schema["const"]], "const"
    elif "enum" in schema:
        allowed, rule = list(schema["enum"]), "enum"
    else:
        return None
    if any(isinstance(a, (Mapping, list)) for a in allowed):
        raise ValueError("enum and const take scalars only")
    pairs = {(isinstance(a, bool), a) for a in allowed}
    shown = ", ".join(show(a) for a in allowed if a is not None)

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        if isinstance(value, (Mapping, list)) or (isinstance(value, bool), value) not in pairs:
            near = did_you_mean(value, [a for a in allowed if isinstance(a, str)]) if isinstance(value, str) else ""
            said = f"must be {shown}" if rule == "const" else f"must be one of {shown}"
            got = f", not {show(value)}" if not isinstance(value, (Mapping, list)) else ""
            out.append(Problem(keys, said + got, near or hint, rule))

    return run


def _text(schema: Schema, hint: str) -> Checker:
    pattern: str | None = schema.get("pattern")
    least, most = schema.get("minLength", 0), schema.get("maxLength")

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        size = len(value)
        if size < least:
            message = "must not be empty" if size == 0 else f"must have at least {least} characters"
            out.append(Problem(keys, message, hint, "length"))
        elif most is not None and size > most:
            out.append(Problem(keys, f"is {size} characters long; at most {most} are allowed", hint, "length"))
        elif pattern is not None and ecma_pattern(pattern).search(value) is None:
            out.append(
                Problem(keys, f"{show(value)} does not have the right form", hint or f"must match {pattern}", "pattern")
            )

    return run


def _number(schema: Schema, hint: str) -> Checker:
    least, most = schema.get("minimum"), schema.get("maximum")

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        if least is not None and value < least:
            out.append(Problem(keys, f"must be at least {least}, is {value}", hint, "range"))
        elif most is not None and value > most:
            out.append(Problem(keys, f"must be at most {most}, is {value}", hint, "range"))

    return run


def _array(schema: Schema, hint: str) -> Checker:
    item = _checker(schema["items"]) if "items" in schema else None
    least, most = schema.get("minItems", 0), schema.get("maxItems")

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        _count(len(value), least, most, keys, hint, out)
        if item is not None:
            for index, each in enumerate(value):
                item(each, (*keys, index), out)

    return run


def _object(schema: Schema, hint: str) -> Checker:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    steps: dict[str, Checker] = {}  # made at first use: a document has few of the fields that it may have
    required: list[str] = list(schema.get("required", ()))
    least, most = schema.get("minProperties", 0), schema.get("maxProperties")
    names = _checker(schema["propertyNames"]) if "propertyNames" in schema else None
    extra = schema.get("additionalProperties", True)
    others = _checker(extra) if isinstance(extra, Mapping) else None

    def run(value: Any, keys: Keys, out: list[Problem]) -> None:
        for name in required:
            if name not in value:
                out.append(Problem(keys, f'required field "{name}" is missing', hint, "required"))
        _count(len(value), least, most, keys, hint, out)
        odd: list[Problem] = []
        for name, each in value.items():
            if names is not None:
                names(name, keys, odd)
                if odd:
                    out.extend(Problem((*keys, name), f"the name {p.message}", p.hint, "name") for p in odd)
                    odd.clear()
            step = steps.get(name)
            if step is None:
                known = properties.get(name)
                step = others if known is None else steps.setdefault(name, _checker(known))
            if step is not None:
                step(each, (*keys, name), out)
            elif extra is False:
                out.append(_unknown(name, properties, value, (*keys, name)))

    return run


def _count(size: int, least: int, most: int | None, keys: Keys, hint: str, out: list[Problem]) -> None:
    if size < least:
        message = "must not be empty" if size == 0 else f"must have at least {least} entries, has {size}"
        out.append(Problem(keys, message, hint, "size"))
    elif most is not None and size > most:
        out.append(Problem(keys, f"must have at most {most} entries, has {size}", hint, "size"))


def _unknown(name: str, properties: Mapping[str, Schema], value: Mapping[str, Any], keys: Keys) -> Problem:
    hint = did_you_mean(name, [p for p in properties if p not in value] or properties)
    if not hint and properties:
        shown = sorted(properties)
        hint = f"known fields: {', '.join(shown)}" if len(shown) <= 12 else ""
    return Problem(keys, f'unknown field "{name}"', hint, "unknown")
