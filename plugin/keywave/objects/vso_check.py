"""The verdict of a real API server on `spec` of the operator's kinds, without a server.

Rule: as `structural.check`, but a field that is null is a field that is not there: the server drops it before it looks (seen with the
real CRDs; people leave `labels:` empty, and templates do). A null in a list stays one, and an unknown field is unknown even when null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.objects.structural import Problem, check
from keywave.objects.vso_schemas import SPEC_SCHEMAS


def check_spec(kind: str, spec: Any) -> list[Problem]:
    """All problems of a spec, keys counted from `spec`'s inside; [] for kinds that are not described."""
    schema = SPEC_SCHEMAS.get(kind)
    if schema is None:
        return []
    problems = check(spec, schema)
    if not any(problem.rule == "type" and value_at(spec, problem.keys) is None for problem in problems):
        return problems
    unknown = [problem for problem in problems if problem.rule == "unknown"]
    others = [problem for problem in check(without_nulls(spec), schema) if problem.rule != "unknown"]
    return [*others, *unknown]


def without_nulls(value: Any) -> Any:
    """The value without fields that are null."""
    if isinstance(value, Mapping):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def value_at(value: Any, keys: tuple[str | int, ...]) -> Any:
    """What stands at these keys, or None."""
    for key in keys:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value
