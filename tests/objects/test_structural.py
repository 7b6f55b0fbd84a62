"""The checker of shapes: each keyword, each message, all problems at once, in the document's order."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.objects.structural import Problem, check, show

CONSUMER = {
    "type": "object",
    "required": ["workload"],
    "properties": {
        "workload": {"type": "string", "minLength": 1},
        "mode": {"type": ["integer", "null"], "maximum": 511},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("sentence", "schema", "value"),
    [
        ("no keyword, no rule", {}, object()),
        ("a type", {"type": "string"}, ""),
        ("one of two types", {"type": ["string", "null"]}, None),
        ("an integer is a number", {"type": "number"}, 3),
        ("JSON has one kind of number", {"type": "integer"}, 3.0),
        (
            "a keyword of another type says nothing",
            {"minLength": 3, "minimum": 9, "minItems": 1, "required": ["a"]},
            True,
        ),
        (
            "annotations and x- keywords are no rules",
            {"description": "d", "default": 1, "x-since": "1.3.0", "format": "int64"},
            "x",
        ),
        ("fields that nobody mentioned", {"type": "object", "properties": {"a": {"type": "string"}}}, {"b": 1}),
        ("a pattern is searched for, not matched from the start", {"pattern": "b"}, "abc"),
        ("null may be one of the choices", {"enum": ["a", None]}, None),
    ],
)
def test_what_fits(sentence: str, schema: dict[str, Any], value: Any) -> None:
    assert check(value, schema) == []


@pytest.mark.parametrize(
    ("sentence", "schema", "value", "expected"),
    [
        (
            "text for a number",
            {"type": "integer"},
            "7",
            ((), "must be a whole number, not text", "write the value without quotes", "type"),
        ),
        (
            "a number for text",
            {"type": "string"},
            1.4,
            ((), "must be text, not a number", "put the value in quotes", "type"),
        ),
        (
            "true is no integer",
            {"type": "integer"},
            True,
            ((), "must be a whole number, not true or false", "", "type"),
        ),
        ("half is no integer", {"type": "integer"}, 0.5, ((), "must be a whole number, not a number", "", "type")),
        (
            "null where it is not allowed",
            {"type": ["object", "string"]},
            None,
            ((), "must be text or a mapping, not null", "write the text itself", "type"),
        ),
        (
            "text for a list",
            {"type": ["array", "null"]},
            "a",
            ((), "must be a list, not text", "write a list: [...], or one line with - for each entry", "type"),
        ),
        (
            "a word that is near",
            {"enum": ["secret", "csi-sync"]},
            "csisync",
            ((), 'must be one of "secret", "csi-sync", not "csisync"', 'did you mean "csi-sync"?', "enum"),
        ),
        ("1 is not true", {"enum": [True, "x"]}, 1, ((), 'must be one of true, "x", not 1', "", "enum")),
        ("a list is no choice", {"enum": ["x"]}, ["x"], ((), 'must be one of "x"', "", "enum")),
        ("a constant", {"const": "v1"}, "v2", ((), 'must be "v1", not "v2"', "", "const")),
        (
            "a pattern",
            {"pattern": "^[a-z]+$"},
            "A",
            ((), '"A" does not have the right form', "must match ^[a-z]+$", "pattern"),
        ),
        (
            "a pattern with words",
            {"pattern": "^a$", "x-hint": "an a"},
            "b",
            ((), '"b" does not have the right form', "an a", "pattern"),
        ),
        (
            "the end is the end",
            {"pattern": "^a$"},
            "a\n",
            ((), '"a\n" does not have the right form', "must match ^a$", "pattern"),
        ),
        ("an empty text", {"minLength": 1}, "", ((), "must not be empty", "", "length")),
        ("a short text", {"minLength": 3}, "ab", ((), "must have at least 3 characters", "", "length")),
        ("a long text", {"maxLength": 2}, "abc", ((), "is 3 characters long; at most 2 are allowed", "", "length")),
        ("too little", {"minimum": 600}, 60, ((), "must be at least 600, is 60", "", "range")),
        ("too much", {"maximum": 90}, 95, ((), "must be at most 90, is 95", "", "range")),
        ("an empty list", {"minItems": 1}, [], ((), "must not be empty", "", "size")),
        ("few entries", {"minProperties": 2}, {"a": 1}, ((), "must have at least 2 entries, has 1", "", "size")),
        ("many entries", {"maxItems": 1}, [1, 2], ((), "must have at most 1 entries, has 2", "", "size")),
        ("a missing field", {"required": ["a"]}, {}, ((), 'required field "a" is missing', "", "required")),
        (
            "an unknown field with its neighbour",
            {"properties": {"keys": {}, "kv": {}}, "additionalProperties": False},
            {"keyz": 1},
            (("keyz",), 'unknown field "keyz"', 'did you mean "keys"?', "unknown"),
        ),
        (
            "an unknown field without one",
            {"properties": {"b": {}, "a": {}}, "additionalProperties": False},
            {"zebra": 1},
            (("zebra",), 'unknown field "zebra"', "known fields: a, b", "unknown"),
        ),
        (
            "the field that is meant is not one that is there",
            {"properties": {"kv": {}, "kvVersion": {}}, "additionalProperties": False},
            {"kv": "x", "kvv": 2},
            (("kvv",), 'unknown field "kvv"', "known fields: kv, kvVersion", "unknown"),
        ),
        (
            "other fields have a schema",
            {"additionalProperties": {"type": "string"}},
            {"a": 1},
            (("a",), "must be text, not a whole number", "put the value in quotes", "type"),
        ),
        (
            "a name",
            {"propertyNames": {"pattern": "^[a-z]$", "x-hint": "a letter"}},
            {"a": 1, "B": 2},
            (("B",), 'the name "B" does not have the right form', "a letter", "name"),
        ),
    ],
)
def test_what_does_not_fit(sentence: str, schema: dict[str, Any], value: Any, expected: tuple[Any, ...]) -> None:
    assert check(value, schema) == [Problem(*expected)]


def test_all_problems_are_told_in_the_documents_order() -> None:
    schema = {"type": "object", "properties": {"consumers": {"type": "array", "items": CONSUMER}}}
    value = {"consumers": [{"mode": 512, "kinds": "x"}, 7, {"workload": "", "mode": None}]}

    actual = check(value, schema, ("spec",))

    assert actual == [
        Problem(("spec", "consumers", 0), 'required field "workload" is missing', "", "required"),
        Problem(("spec", "consumers", 0, "mode"), "must be at most 511, is 512", "", "range"),
        Problem(("spec", "consumers", 0, "kinds"), 'unknown field "kinds"', "known fields: mode, workload", "unknown"),
        Problem(
            ("spec", "consumers", 1),
            "must be a mapping, not a whole number",
            "write a mapping: {name: value}, or one line name: value for each entry",
            "type",
        ),
        Problem(("spec", "consumers", 2, "workload"), "must not be empty", "", "length"),
    ]


@pytest.mark.parametrize(
    ("sentence", "schema"),
    [("an unknown keyword", {"type": "object", "oneOf": []}), ("a mapping among the choices", {"enum": [{}]})],
)
def test_a_schema_outside_the_subset_is_a_bug(sentence: str, schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        check({}, schema)


@pytest.mark.parametrize(
    ("sentence", "value", "expected"),
    [
        ("texts are quoted", "a", '"a"'),
        ("long texts are cut", "a" * 90, f'"{"a" * 80}..."'),
        ("a Vault token is never shown", "hvs." + "x" * 24, "a Vault token"),
        ("an old Vault token neither", "s." + "x" * 24, "a Vault token"),
        ("words of YAML", True, "true"),
        ("numbers", 3, "3"),
    ],
)
def test_literals_in_messages(sentence: str, value: Any, expected: str) -> None:
    assert show(value) == expected
