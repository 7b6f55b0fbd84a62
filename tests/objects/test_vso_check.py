"""Nulls, as a real API server takes them (seen with the real CRDs; the integration test compares at random)."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.objects.vso_check import check_spec, without_nulls

STATIC = {"mount": "kv", "path": "a", "type": "kv-v2", "destination": {"name": "x"}}

CASES: dict[str, tuple[Any, list[tuple[tuple[str | int, ...], str]]]] = {
    "an optional field": ({**STATIC, "refreshAfter": None}, []),
    "an optional field with a default": ({**STATIC, "hmacSecretData": None}, []),
    "an empty block": ({**STATIC, "destination": {"name": "x", "labels": None}}, []),
    "an entry of a map": ({**STATIC, "destination": {"name": "x", "labels": {"a": None}}}, []),
    "a required field": ({**STATIC, "mount": None}, [((), "required")]),
    "a required field deep down": ({**STATIC, "destination": {"name": None}}, [(("destination",), "required")]),
    "an unknown field": ({**STATIC, "nosuchfield": None}, [(("nosuchfield",), "unknown")]),
    "an unknown field beside a known one": (
        {**STATIC, "nosuchfield": None, "refreshAfter": None},
        [(("nosuchfield",), "unknown")],
    ),
    "an unknown field within": (
        {**STATIC, "refreshAfter": None, "destination": {"name": "x", "nope": None}},
        [(("destination", "nope"), "unknown")],
    ),
    "an entry of a list": (
        {**STATIC, "rolloutRestartTargets": [None]},
        [(("rolloutRestartTargets", 0), "type")],
    ),
    "the spec itself": (None, [((), "type")]),
}


@pytest.mark.parametrize(("spec", "expected"), CASES.values(), ids=CASES)
def test_null_is_absence(spec: Any, expected: list[tuple[tuple[str | int, ...], str]]) -> None:
    assert [(p.keys, p.rule) for p in check_spec("VaultStaticSecret", spec)] == expected


def test_a_kind_that_is_not_described_has_no_problems() -> None:
    assert check_spec("HCPAuth", {"anything": 1}) == []


def test_the_value_given_stays_as_it_was() -> None:
    value = {"a": None, "b": [{"c": None}, None]}

    assert without_nulls(value) == {"b": [{}, None]}
    assert value == {"a": None, "b": [{"c": None}, None]}
