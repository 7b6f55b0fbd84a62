"""From a document to a spec that can be converted: checked by its schema, without nulls and without what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keywave.findings import PathKey
from keywave.intent.notes import OPAQUE, Notes
from keywave.intent.wire import SCHEMAS
from keywave.objects.manifest import Manifest, mapping
from keywave.objects.structural import Problem, check

RAW_FIELDS = frozenset(("vso", "csi", "eso", "injector", "network"))
_FORM_RULES = frozenset(("pattern", "enum", "length"))
Spec = Mapping[str, Any]


def spec_of(manifest: Manifest, notes: Notes) -> tuple[Spec, bool]:
    """The spec and whether the object is sound. Problems are noted; what does not fit is left out of the spec.

    Nulls are dropped: an overlay removes a field by null, and kustomize keeps the null where the base lacks the field.
    """
    body = {k: v for k, v in manifest.body.items() if v is not None}
    problems = [p for p in check(body, SCHEMAS[manifest.kind]) if not _opaque(body, p)]
    for problem in problems:
        notes.problem(problem)
    spec = _without_nulls(mapping(body.get("spec")))
    if problems:
        spec = _prune(spec, [p.keys[1:] for p in problems if p.keys[:1] == ("spec",)])
    return spec, not problems


def _opaque(body: Any, problem: Problem) -> bool:
    """True for a form that cannot be judged, because Flux puts a value in later."""
    if problem.rule not in _FORM_RULES or not _passed_on(problem):
        return False
    value = body
    for key in problem.keys:
        value = value[key]
    return isinstance(value, str) and OPAQUE in value


def _passed_on(problem: Problem) -> bool:
    """False for what keywave itself must know to go on: words that choose, and the operator's version."""
    if problem.rule == "enum":
        return problem.keys[-1] in ("format", "privateKeyFormat") or (
            problem.keys[-1] == "method" and "auth" not in problem.keys
        )
    return problem.keys[-2:] != ("operator", "version")


def _without_nulls(spec: Spec) -> Spec:
    return {k: v if k in RAW_FIELDS else _clean(v) for k, v in spec.items() if v is not None}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        if None not in value.values() and not any(isinstance(v, (dict, list)) for v in value.values()):
            return value
        return {k: _clean(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_clean(v) for v in value]
    return value


def _prune(value: Any, bad: Iterable[tuple[PathKey, ...]]) -> Any:
    """The value without the places in `bad`; a bad entry takes its whole list along."""
    heads: dict[PathKey, list[tuple[PathKey, ...]]] = {}
    for keys in bad:
        if keys:
            heads.setdefault(keys[0], []).append(keys[1:])
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, each in value.items():
        below = heads.get(key)
        if below is None:
            kept[key] = each
        elif all(below) and isinstance(each, Mapping):
            kept[key] = _prune(each, below)
    return kept
