"""What an alert's expression is at a moment, over texts of /metrics: as much of PromQL as the alert rules are written in.

Beside Prometheus: `rate` and `increase` are the growth between the first and the last scrape of the range, not drawn out to its ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import promql_parser

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_SCALAR: Labels = frozenset()


class Scrape(NamedTuple):
    """`at` in seconds; `target`: labels that Prometheus adds, but where the sample has them itself (honor_labels)."""

    at: float
    text: str
    target: Mapping[str, str] = {}


def value_of(expression: str, scrapes: Iterable[Scrape], now: float) -> Vector:
    """Labels -> value; {} where an alert would be silent. Raises NotImplementedError for what no rule has used yet."""
    series: dict[Labels, list[tuple[float, float]]] = {}
    for scrape in scrapes:
        for name, labels, value in _SAMPLE.findall(scrape.text):
            key = {**scrape.target, **dict(_LABEL.findall(labels)), "__name__": name}
            series.setdefault(frozenset(key.items()), []).append((scrape.at, float(value)))
    return _value(promql_parser.parse(expression), series, now)


def _value(node: Any, series: dict[Labels, list[tuple[float, float]]], now: float) -> Vector:
    if isinstance(node, promql_parser.NumberLiteral):
        return {_SCALAR: node.val}
    if isinstance(node, promql_parser.ParenExpr):
        return _value(node.expr, series, now)
    if isinstance(node, promql_parser.VectorSelector):
        return {_bare(key): points[-1][1] for key, points in series.items() if _picked(node, dict(key))}
    if isinstance(node, promql_parser.AggregateExpr):
        return _aggregated(str(node.op), node, _value(node.expr, series, now))
    if isinstance(node, promql_parser.BinaryExpr):
        return _combined(str(node.op), *(_value(side, series, now) for side in (node.lhs, node.rhs)))
    if isinstance(node, promql_parser.Call):
        if node.func.name == "time":
            return {_SCALAR: now}
        if node.func.name == "absent":
            return {} if _value(node.args[0], series, now) else {_SCALAR: 1.0}
        if node.func.name in ("rate", "increase"):
            return _growth(node.func.name, node.args[0].vector_selector, node.args[0].range, series, now)
    raise NotImplementedError(str(node))


def _picked(selector: Any, labels: dict[str, str]) -> bool:
    if labels["__name__"] != selector.name:
        return False
    tests: dict[str, Callable[[str, str], bool]] = {
        "MatchOp.Equal": lambda value, wanted: value == wanted,
        "MatchOp.NotEqual": lambda value, wanted: value != wanted,
        "MatchOp.Re": lambda value, wanted: bool(re.fullmatch(wanted, value)),
    }
    return all(tests[str(one.op)](labels.get(one.name, ""), one.value) for one in selector.matchers.matchers)


def _bare(key: Labels) -> Labels:
    return frozenset(pair for pair in key if pair[0] != "__name__")


def _aggregated(operation: str, node: Any, below: Vector) -> Vector:
    kept = set(node.modifier.labels) if node.modifier else set()
    groups: dict[Labels, list[float]] = {}
    for key, value in below.items():
        groups.setdefault(frozenset(pair for pair in key if pair[0] in kept), []).append(value)
    return {key: {"sum": sum, "max": max}[operation](values) for key, values in groups.items()}


def _combined(operation: str, left: Vector, right: Vector) -> Vector:
    if operation == "and":
        return {key: value for key, value in left.items() if key in right}
    pairs: dict[Labels, tuple[float, float]] = {}
    for key in {*left, *right}:
        one = left.get(key, left.get(_SCALAR) if len(left) == 1 else None)
        other = right.get(key, right.get(_SCALAR) if len(right) == 1 else None)
        if one is not None and other is not None and (key or len(left) == len(right) == 1):
            pairs[key] = (one, other)
    if operation in ("-", "*"):
        return {key: one - other if operation == "-" else one * other for key, (one, other) in pairs.items()}
    holds = {"<": float.__lt__, ">": float.__gt__, "==": float.__eq__}[operation]
    return {key: one for key, (one, other) in pairs.items() if holds(one, other)}


def _growth(
    name: str, selector: Any, span: timedelta, series: dict[Labels, list[tuple[float, float]]], now: float
) -> Vector:
    found: Vector = {}
    for key, points in series.items():
        inside = [value for at, value in points if now - span.total_seconds() <= at <= now]
        if _picked(selector, dict(key)) and len(inside) > 1:
            grown = inside[-1] - inside[0]
            found[_bare(key)] = grown / span.total_seconds() if name == "rate" else grown
    return found
