"""Our description of the operator's kinds against the real CRDs of operator 0.10.0, read at test time from its Go module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keywave.objects.known_kinds import KNOWN_GROUPS
from keywave.objects.vso_schemas import (
    SPEC_SCHEMAS,
    UNCHECKED_KINDS,
    fields_gone_in,
    fields_newer_than,
    parse_version,
)
from keywave.objects.vso_types import METHOD_FIELDS, REQUIRED_AT_LOGIN
from rig.crds import vso_crds

FACTS = ("type", "enum", "pattern", "minimum", "maximum", "default")

# (kind, field) -> (the CRD of 0.10.0, ours): where the reference of a later release says otherwise, and we follow it.
DIFFERENCES: dict[tuple[str, str], tuple[Any, Any]] = {
    # A namespace has no dots and at most 63 characters; 0.10.0 took the pattern of the name.
    ("VaultAuth", "vaultAuthGlobalRef.namespace"): (
        {"type": "string", "pattern": "^([a-z0-9.-]{1,253})$"},
        {"type": "string", "pattern": "^([a-z0-9-]{1,63})$"},
    ),
}

NEWER = {
    ("VaultConnection", "caCertPath"): "1.3.0",
    ("VaultAuth", "appRole.secretIDPath"): "1.3.0",
    ("VaultAuthGlobal", "appRole.secretIDPath"): "1.3.0",
    ("VaultDynamicSecret", "syncConfig"): "1.5.0",
}


def facts_of(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(field as a.b[].c{}, what is said about it) for a schema and everything in it; newer fields left out.

    A required field with a default counts as not required: the API server fills the default in first."""
    properties = schema.get("properties", {})
    said = {name: schema[name] for name in FACTS if name in schema}
    required = sorted(name for name in schema.get("required", ()) if "default" not in properties[name])
    yield path, {**said, "required": required} if required else said
    for name, inner in properties.items():
        if "x-since" not in inner:
            yield from facts_of(inner, f"{path}.{name}".removeprefix("."))
    if isinstance(schema.get("items"), dict):
        yield from facts_of(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from facts_of(schema["additionalProperties"], f"{path}{{}}")


def dated(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}".removeprefix(".")
        if "x-since" in inner:
            yield here, inner["x-since"]
        yield from dated(inner, here)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from dated(schema[part], f"{path}[]")


@pytest.fixture(scope="module")
def real() -> dict[str, dict[str, Any]]:
    """Kind -> the CRD's schema of `spec`."""
    found = {}
    for crd in vso_crds():
        (version,) = crd["spec"]["versions"]
        found[crd["spec"]["names"]["kind"]] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


@pytest.mark.parametrize("kind", SPEC_SCHEMAS)
def test_every_field_says_what_the_real_definition_says(kind: str, real: dict[str, dict[str, Any]]) -> None:
    theirs = dict(facts_of(real[kind]))
    ours = dict(facts_of(dict(SPEC_SCHEMAS[kind])))
    for (which, field), (old, new) in DIFFERENCES.items():
        if which == kind:
            assert (theirs[field], ours[field]) == (old, new)
            theirs[field] = new

    assert ours == theirs


def test_fields_that_0_10_0_does_not_have_are_dated() -> None:
    found = {(kind, field): first for kind, schema in SPEC_SCHEMAS.items() for field, first in dated(schema)}

    assert found == NEWER


def test_every_kind_of_the_operator_is_known(real: dict[str, dict[str, Any]]) -> None:
    known = KNOWN_GROUPS["secrets.hashicorp.com"].kinds

    assert set(real) <= known
    assert known == set(SPEC_SCHEMAS) | set(UNCHECKED_KINDS)


def test_every_object_is_closed() -> None:
    def open_objects(schema: Any, path: str) -> Iterator[str]:
        if schema.get("type") == "object" and schema.get("additionalProperties") is None:
            yield path
        for name, inner in schema.get("properties", {}).items():
            yield from open_objects(inner, f"{path}.{name}")
        if isinstance(schema.get("items"), dict):
            yield from open_objects(schema["items"], f"{path}[]")

    assert [path for kind, schema in SPEC_SCHEMAS.items() for path in open_objects(schema, kind)] == []


def test_what_a_login_needs_are_fields_of_its_block() -> None:
    unknown = {
        (method, name)
        for method, groups in REQUIRED_AT_LOGIN.items()
        for group in groups
        for name in group
        if name not in METHOD_FIELDS[method]
    }

    assert unknown == set()
    assert set(REQUIRED_AT_LOGIN) == set(METHOD_FIELDS)


NEW = {
    "a field of 1.3 under 1.2": ("VaultConnection", {"caCertPath": "/ca.pem"}, "1.2.9", [(("caCertPath",), "1.3.0")]),
    "a field of 1.3 under 1.3": ("VaultConnection", {"caCertPath": "/ca.pem"}, "1.3.0", []),
    "a field of 1.3 under 1.10": ("VaultConnection", {"caCertPath": "/ca.pem"}, "1.10.0", []),
    "a nested one": (
        "VaultAuth",
        {"method": "appRole", "appRole": {"roleId": "x", "secretIDPath": "/id"}},
        "0.10.0",
        [(("appRole", "secretIDPath"), "1.3.0")],
    ),
    "the whole block at once": (
        "VaultDynamicSecret",
        {"syncConfig": {"instantUpdates": True}},
        "1.4.1",
        [(("syncConfig",), "1.5.0")],
    ),
    "null is no use of a field": ("VaultConnection", {"caCertPath": None}, "1.0.0", []),
    "a block of the wrong type": ("VaultAuth", {"appRole": ["secretIDPath"]}, "0.10.0", []),
    "a kind that is not described": ("HCPAuth", {"caCertPath": "x"}, "0.10.0", []),
    "nothing": ("VaultConnection", {}, "0.10.0", []),
}


@pytest.mark.parametrize(("kind", "spec", "version", "expected"), NEW.values(), ids=NEW)
def test_fields_newer_than(kind: str, spec: Any, version: str, expected: Any) -> None:
    assert fields_newer_than(kind, spec, parse_version(version)) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.4.1", []),
        ("1.5.0", [(("appRole", "secretIDPath"), "1.5.0")]),
        ("2.0.0", [(("appRole", "secretIDPath"), "1.5.0")]),
    ],
)
def test_fields_gone_in(version: str, expected: Any) -> None:
    found = fields_gone_in("VaultAuth", {"appRole": {"secretIDPath": "/id"}}, parse_version(version))

    assert found == expected
