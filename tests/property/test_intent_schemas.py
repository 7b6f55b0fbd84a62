"""The loader's checker and the `jsonschema` package say the same about every document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intent_values import anything, damaged, fitting
from jsonschema import Draft202012Validator, ValidationError, validators

from keywave.intent.wire import COMBINED, SCHEMAS, documents
from keywave.objects.structural import check, ecma_pattern

KINDS = sorted(SCHEMAS)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    # Python's `$` also matches before a last line break; in JSON Schema (ECMA 262), and in editors, it does not.
    if isinstance(value, str) and not ecma_pattern(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern}")


Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})
SECOND_OPINION = {stem: Validator(document) for stem, document in documents().items()}


def _agree(kind: str, value: Any) -> bool:
    ours = check(value, SCHEMAS[kind]) == []
    theirs = SECOND_OPINION[kind.lower()].is_valid(value)

    assert ours == theirs
    return ours


@pytest.mark.parametrize("stem", sorted(SECOND_OPINION))
def test_the_published_schemas_are_schemas(stem: str) -> None:
    Draft202012Validator.check_schema(documents()[stem])


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(data=st.data())
def test_what_is_generated_to_fit_fits(kind: str, data: st.DataObject) -> None:
    assert _agree(kind, data.draw(fitting(SCHEMAS[kind])))


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(data=st.data())
def test_the_same_about_damaged_documents(kind: str, data: st.DataObject) -> None:
    _agree(kind, data.draw(damaged(fitting(SCHEMAS[kind]))))


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(value=anything)
def test_the_same_about_anything(kind: str, value: Any) -> None:
    _agree(kind, value)
    _agree(kind, {"apiVersion": "keywave.dev/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": value})


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(data=st.data())
def test_the_combined_schema_says_what_the_kinds_schema_says(kind: str, data: st.DataObject) -> None:
    value = data.draw(damaged(fitting(SCHEMAS[kind])))
    if isinstance(value, dict) and value.get("apiVersion") == "keywave.dev/v1alpha1" and value.get("kind") == kind:
        assert SECOND_OPINION[COMBINED].is_valid(value) == SECOND_OPINION[kind.lower()].is_valid(value)


@pytest.mark.parametrize(
    ("sentence", "value", "expected"),
    [
        ("other kinds are left alone", {"apiVersion": "apps/v1", "kind": "Deployment"}, True),
        ("so are files that are no objects", {"resources": ["a.yaml"]}, True),
        ("an unknown kind of ours", {"apiVersion": "keywave.dev/v1alpha1", "kind": "SecretIntents"}, False),
        ("an unknown version of ours", {"apiVersion": "keywave.dev/v1", "kind": "SecretIntent"}, False),
    ],
)
def test_the_combined_schema_for_any_file(sentence: str, value: Any, expected: bool) -> None:
    assert SECOND_OPINION[COMBINED].is_valid(value) is expected
