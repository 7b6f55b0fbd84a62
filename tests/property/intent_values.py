"""Generated documents of the intent API: such as fit a schema, and such as were damaged in one place."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from keywave.objects.structural import ecma_pattern

Path = tuple[str | int, ...]

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
anything = st.recursive(
    scalars | st.sampled_from(["kv", "secret", "30s", "a/b", "${X}", "v1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


_made: dict[int, tuple[dict[str, Any], st.SearchStrategy[Any]]] = {}


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a schema of our subset."""
    # Made once a schema: building the strategies costs more than drawing from them.
    known = _made.get(id(schema))
    if known is None:
        known = _made[id(schema)] = (schema, _fitting(schema))
    return known[1]


def _fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema.get("type", "string")
    wanted = [types] if isinstance(types, str) else types
    return st.one_of([_of_type(t, schema) for t in wanted])


def _of_type(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if name == "null":
        return st.none()
    if name == "boolean":
        return st.booleans()
    if name == "integer":
        return st.integers(schema.get("minimum", -1000), schema.get("maximum", 10_000))
    if name == "array":
        return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if name == "string":
        return _texts(schema)
    return _mappings(schema)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" not in schema:
        return st.text(min_size=least, max_size=most if most is not None else 12)
    fits = st.from_regex(ecma_pattern(schema["pattern"]), fullmatch=False)
    return fits.filter(lambda text: least <= len(text) and (most is None or len(text) <= most))


@st.composite
def _mappings(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema.get("properties", {})
    required = schema.get("required", [])
    optional = sorted(set(properties) - set(required))
    chosen = draw(st.lists(st.sampled_from(optional), max_size=4, unique=True)) if optional else []
    value = {name: draw(fitting(properties[name])) for name in [*required, *chosen]}
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        names = fitting(schema["propertyNames"]) if "propertyNames" in schema else st.text(max_size=8)
        value |= draw(st.dictionaries(names, fitting(extra), max_size=2))
    return value


def places(value: Any, path: Path = ()) -> list[Path]:
    """Every place in a document, the document itself included."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += places(each, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[Any]) -> Any:
    """A value with one to three places replaced, removed, renamed or added to."""
    value = copy.deepcopy(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        value = _damage(draw, value)
    return value


def _damage(draw: st.DrawFn, value: Any) -> Any:
    path = draw(st.sampled_from(places(value)))
    if not path:
        return draw(anything) if draw(st.integers(0, 9)) == 0 else value
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    how = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
    if how == "replace" or isinstance(parent, list):
        parent[path[-1]] = draw(anything)
    elif how == "remove":
        del parent[path[-1]]
    elif how == "rename":
        parent[str(path[-1]) + draw(st.sampled_from(["s", "x", "_"]))] = parent.pop(path[-1])
    else:
        parent[draw(st.text(max_size=6))] = draw(anything)
    return value
