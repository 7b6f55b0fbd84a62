"""What the rules of one pattern allow together, and whether a request keeps to it.

Source: https://developer.hashicorp.com/vault/docs/concepts/policies (capabilities, parameter constraints, required response wrapping TTLs).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from keywave.vault.acl.policy import Parameters, Rule

WITH_PARAMETERS = ("create", "read", "update", "patch", "recover")
"""Capabilities whose requests have their parameters checked; `list` and `delete` have not."""


class Grant(NamedTuple):
    """All rules of one pattern, merged: capabilities unite unless one denies; the shorter limits of wrapping count; lists of values are
    joined, an empty one (any value) wins."""

    capabilities: frozenset[str]
    allowed: Parameters
    denied: Parameters
    required: tuple[str, ...]
    min_wrapping_ttl: float
    max_wrapping_ttl: float

    @property
    def restricts(self) -> bool:
        """More is asked of a request than its path."""
        return bool(
            self.allowed or self.denied or self.required or self.min_wrapping_ttl > 0 or self.max_wrapping_ttl > 0
        )


def merge(rules: Sequence[Rule]) -> Grant:
    if any("deny" in rule.capabilities for rule in rules):
        return Grant(frozenset({"deny"}), {}, {}, (), 0, 0)
    least, most = rules[0].min_wrapping_ttl, rules[0].max_wrapping_ttl
    for rule in rules[1:]:
        least = _shorter(least, rule.min_wrapping_ttl)
        most = _shorter(most, rule.max_wrapping_ttl)
    return Grant(
        frozenset().union(*(rule.capabilities for rule in rules)),
        _joined(rule.allowed_parameters for rule in rules),
        _joined(rule.denied_parameters for rule in rules),
        tuple(dict.fromkeys(name for rule in rules for name in rule.required_parameters)),
        least,
        most,
    )


def refusal(grant: Grant, capability: str, parameters: Mapping[str, Any], wrap_ttl: float | None) -> str:
    """Why a request is refused, for people; "" when it is allowed."""
    if capability not in grant.capabilities:
        return f"{capability} is not among its capabilities ({', '.join(sorted(grant.capabilities)) or 'none'})"
    if capability in ("sudo", "subscribe"):
        return ""
    return _wrapping(grant, wrap_ttl) or (_parameters(grant, parameters) if capability in WITH_PARAMETERS else "")


def _wrapping(grant: Grant, wrap_ttl: float | None) -> str:
    least, most = grant.min_wrapping_ttl, grant.max_wrapping_ttl
    if (least > 0 or most > 0) and wrap_ttl is None:
        return "the answer must be wrapped"
    if most > 0 and wrap_ttl is not None and wrap_ttl > most:
        return f"wrapping for {wrap_ttl:g} s is longer than max_wrapping_ttl, {most:g} s"
    if least > 0 and wrap_ttl is not None and wrap_ttl < least:
        return f"wrapping for {wrap_ttl:g} s is shorter than min_wrapping_ttl, {least:g} s"
    if least and most and most < least:
        return f"no wrapping ttl can do: max_wrapping_ttl, {most:g} s, is below min_wrapping_ttl, {least:g} s"
    return ""


def _parameters(grant: Grant, parameters: Mapping[str, Any]) -> str:
    for name in grant.required:
        # The name of the request counts as written, the rule's in lower case.
        if name.lower() not in parameters:
            return f"the parameter {name} is required"
    if parameters and "*" in grant.denied:
        return "no parameter may be sent"
    for name, value in parameters.items():
        denied = grant.denied.get(name.lower())
        if denied is not None and (not denied or _is_listed(value, denied) or _any_part(value, denied)):
            return f"the parameter {name} is denied, or its value is"
    if not grant.allowed or set(grant.allowed) == {"*"}:
        return ""
    for name, value in parameters.items():
        allowed = grant.allowed.get(name.lower())
        if allowed is None and "*" not in grant.allowed:
            return f"the parameter {name} is not allowed"
        if allowed and not _is_listed(value, allowed) and not _all_parts(value, allowed):
            return f"the value of the parameter {name} is not allowed"
    return ""


def _parts(value: Any) -> list[Any] | None:
    """Of a list its elements, of a text what stands between its commas; a repeated query parameter (a tuple) has none."""
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value else []
    return None


def _all_parts(value: Any, listed: Sequence[Any]) -> bool:
    parts = _parts(value)
    return parts is not None and all(_is_listed(part, listed) for part in parts)


def _any_part(value: Any, listed: Sequence[Any]) -> bool:
    return any(_is_listed(part, listed) for part in _parts(value) or ())


def _is_listed(value: Any, listed: Sequence[Any]) -> bool:
    return any(_equal(want, value) for want in listed)


def _equal(want: Any, value: Any) -> bool:
    """Numbers of a policy are never equal to those of a request: Vault keeps the latter as text of their own kind."""
    if isinstance(want, str) and isinstance(value, str):
        return _glob(want, value)
    if isinstance(want, bool) or isinstance(value, bool):
        return want is value
    return _same(want, value)


def _same(want: Any, value: Any) -> bool:
    if isinstance(want, list) and isinstance(value, list):
        return len(want) == len(value) and all(map(_same, want, value))
    if isinstance(want, dict) and isinstance(value, dict):
        return want.keys() == value.keys() and all(_same(want[key], value[key]) for key in want)
    return type(want) is type(value) and isinstance(want, str | bool) and bool(want == value)


def _glob(want: str, value: str) -> bool:
    if len(want) < 2:
        return want == value
    if want.startswith("*") and want.endswith("*"):
        return want[1:-1] in value
    if want.startswith("*"):
        return value.endswith(want[1:])
    return value.startswith(want[:-1]) if want.endswith("*") else want == value


def _joined(tables: Iterable[Parameters | None]) -> Parameters:
    joined: dict[str, tuple[Any, ...]] = {}
    for table in tables:
        for name, values in (table or {}).items():
            before = joined.get(name)
            joined[name] = values if before is None else before + values if before and values else ()
    return joined


def _shorter(one: float, other: float) -> float:
    return other if other > 0 and (one == 0 or other < one) else one
