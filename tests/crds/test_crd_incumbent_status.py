"""What of a status definitions can hold: unknown fields go, required ones are filled with zeros."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keywave.crds.definitions import definitions
from keywave.crds.incumbent_status import INCUMBENT_STATUS, fitted, status_of
from keywave.objects.structural import check

DYNAMIC = INCUMBENT_STATUS["VaultDynamicSecret"]
LEASE = {"id": "database/creds/app/x", "duration": 60, "renewable": True, "requestID": "y"}

FITTED: dict[str, tuple[str, Any, Any]] = {
    "conditions where there are none": (
        *("VaultStaticSecret", {"lastGeneration": 3, "secretMAC": "x", "conditions": [{"type": "Ready"}]}),
        {"lastGeneration": 3, "secretMAC": "x"},
    ),
    "no status yet": ("VaultPKISecret", {}, {"error": "", "lastGeneration": 0, "lastRotation": 0, "valid": False}),
    "a required object": (
        *("VaultDynamicSecret", {"lastGeneration": 1}),
        {
            "lastGeneration": 1,
            "lastRenewalTime": 0,
            "secretLease": {"duration": 0, "id": "", "renewable": False, "requestID": ""},
        },
    ),
    "an inner field that is ours": (
        *("VaultDynamicSecret", {"lastGeneration": 1, "lastRenewalTime": 2, "secretLease": {**LEASE, "ends": "x"}}),
        {"lastGeneration": 1, "lastRenewalTime": 2, "secretLease": LEASE},
    ),
    "an inner field that is left out": (
        *("VaultDynamicSecret", {"lastGeneration": 1, "lastRenewalTime": 2, "secretLease": {"id": "x"}}),
        {
            "lastGeneration": 1,
            "lastRenewalTime": 2,
            "secretLease": {"id": "x", "duration": 0, "renewable": False, "requestID": ""},
        },
    ),
    "a field that is null": ("VaultConnection", {"valid": None}, {"valid": False}),
    "a condition with more than theirs": (
        *("VaultAuth", {"conditions": [{"type": "Ready", "status": "True", "since": "x"}]}),
        {
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "", "message": "", "reason": ""},
            ]
        },
    ),
    "nothing required": ("VaultAuth", {"token": {"accessor": "x"}}, {}),
}


@pytest.mark.parametrize(("kind", "status", "expected"), FITTED.values(), ids=FITTED)
def test_a_status_is_cut_and_filled(kind: str, status: dict[str, Any], expected: dict[str, Any]) -> None:
    assert fitted(status, INCUMBENT_STATUS[kind]) == expected


JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.text(max_size=3), st.integers(), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=4,
)


@settings(deadline=None)
@given(
    kind=st.sampled_from(sorted(INCUMBENT_STATUS)),
    status=st.dictionaries(st.sampled_from(["valid", "error", "secretLease", "conditions", "secretMAC", "x"]), JSON),
)
def test_whatever_was_fitted_has_no_unknown_and_no_missing_field(kind: str, status: dict[str, Any]) -> None:
    once = fitted(status, INCUMBENT_STATUS[kind])
    rules = {problem.rule for problem in check(once, INCUMBENT_STATUS[kind])}

    assert rules <= {"type"}
    assert fitted(once, INCUMBENT_STATUS[kind]) == once


@pytest.mark.parametrize("definition", definitions(), ids=lambda d: d["spec"]["names"]["kind"])
def test_the_status_of_our_own_definitions_is_read_too(definition: dict[str, Any]) -> None:
    version = definition["spec"]["versions"][0]["name"]
    schema: Any = status_of(definition, version)

    assert set(schema["properties"]) >= {"conditions", "observedGeneration"}
    assert fitted({"observedGeneration": 4, "nosuchfield": 1}, schema) == {"observedGeneration": 4}
    assert status_of(definition, "v9") is None


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": {"versions": [None, {"name": "v1"}]}}])
def test_a_definition_of_another_shape_has_no_status(body: dict[str, Any]) -> None:
    assert status_of(body, "v1") is None
