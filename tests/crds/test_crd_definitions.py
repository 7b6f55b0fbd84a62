"""The definitions as values: committed files, words, columns, and what must never be in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from keywave.crds.__main__ import main
from keywave.crds.definitions import definitions, files
from keywave.crds.kinds import KINDS, Kind
from keywave.crds.openapi import described, paths, under
from keywave.crds.status import STATUS
from keywave.objects.vso_schemas import SPEC_SCHEMAS
from rig import crds as rig_crds

TOP = Path(__file__).resolve().parents[2]
LARGEST = 32_768
"""Bytes of a file. kubectl's client-side apply keeps a copy in an annotation, and all annotations together end at 262,144."""


def schema_of(definition: dict[str, Any]) -> dict[str, Any]:
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def each_field(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and schema of every field, also of those in entries of lists and maps."""
    for entry in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(entry, dict):
            yield from each_field(entry, path)
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from each_field(inner, f"{path}.{name}")


FIELDS = [
    (f"{d['spec']['names']['kind']}.{part}{path}", field)
    for d in definitions()
    for part, schema in schema_of(d).items()
    for path, field in [("", schema), *each_field(schema, "")]
]


def test_the_committed_files_are_those_of_the_code() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (TOP / "schemas" / "crds").iterdir()}

    assert committed == files(), "run: python -m keywave.crds schemas/crds"


def test_the_files_say_the_definitions() -> None:
    texts = [text for name, text in files().items() if name != "kustomization.yaml"]

    assert [yaml.safe_load(text) for text in texts] == definitions()


def test_no_file_is_large() -> None:
    assert {name: len(text) for name, text in files().items() if len(text.encode()) > LARGEST} == {}


def test_writing_makes_the_folder_and_every_file(tmp_path: Path) -> None:
    code = main([str(tmp_path / "new" / "crds")])

    assert (code, {path.name for path in (tmp_path / "new" / "crds").iterdir()}) == (0, set(files()))


def test_writing_where_a_file_stands_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert main([str(tmp_path / "file")]) == 1
    assert "cannot write to" in capsys.readouterr().err
    assert main([]) == 2


def test_every_kind_of_the_tables_has_a_definition() -> None:
    assert [kind.kind for kind in KINDS] == [*SPEC_SCHEMAS, "VaultCompositeSecret"]
    assert set(STATUS) == {kind.kind for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_there_are_words_for_every_field_and_for_no_other(kind: Kind) -> None:
    assert set(kind.words) == set(paths(kind.spec))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_what_takes_the_place_of_a_keyword_stands_at_a_field(kind: Kind) -> None:
    assert set(kind.replaced) <= set(paths(kind.spec))


def test_every_description_is_a_sentence() -> None:
    odd = [
        (path, field.get("description", ""))
        for path, field in FIELDS
        if not re.fullmatch(r"[A-Za-z{].{8,}[.}]", field.get("description", ""), re.DOTALL)
    ]

    assert odd == []


def test_a_newer_field_says_since_when() -> None:
    said = {
        path: field["description"]
        for path, field in FIELDS
        if "Vault Secrets Operator knows it" in field["description"]
    }

    assert {path: text.partition("Vault Secrets Operator")[2] for path, text in said.items()} == {
        "VaultConnection.spec.caCertPath": " knows it from 1.3.0 on.",
        "VaultAuth.spec.appRole.secretIDPath": " knows it from 1.3.0 on and no longer in 1.5.0.",
        "VaultAuthGlobal.spec.appRole.secretIDPath": " knows it from 1.3.0 on and no longer in 1.5.0.",
        "VaultDynamicSecret.spec.syncConfig": " knows it from 1.5.0 on.",
    }


def test_no_description_shares_a_run_of_words_with_the_incumbents() -> None:
    """Its text is not free to copy (BUSL). Seven words in a row are no chance any more."""
    theirs = {run for crd in rig_crds.vso_crds() for run in runs(every_text(crd))}
    shared = {path: run for path, field in FIELDS for run in runs([field["description"]]) if run in theirs}

    assert shared == {}


def every_text(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if key == "description" and isinstance(inner, str):
            yield inner
        else:
            yield from every_text(inner)


def runs(texts: Any) -> Iterator[tuple[str, ...]]:
    for text in texts:
        words = re.findall(r"[a-z0-9]+", text.lower())
        yield from (tuple(words[at : at + 7]) for at in range(len(words) - 6))


def test_the_columns_show_fields_that_there_are() -> None:
    missing = []
    for definition in definitions():
        known = {
            f".{part}{path}" for part, schema in schema_of(definition).items() for path, _ in each_field(schema, "")
        }
        for column in definition["spec"]["versions"][0]["additionalPrinterColumns"]:
            path = re.sub(r"\[\?\(@\.type==\"[A-Za-z]+\"\)\]", "", column["jsonPath"])
            if path not in known and path != ".metadata.creationTimestamp":
                missing.append((definition["metadata"]["name"], column["jsonPath"]))

    assert missing == []


def test_nothing_in_a_status_has_room_for_a_secret() -> None:
    """Every text of a status is one of these: a name, an id, an accessor, a hash or a sentence. A new one is to be thought about here."""
    texts = {path.rpartition(".")[2] for path, field in FIELDS if ".status" in path and field["type"] == "string"}

    assert texts == {
        *("type", "status", "reason", "message", "lastTransitionTime", "error", "specHash", "secretMAC", "secretName"),
        *(
            "lastChangeTime",
            "lastRefreshRequest",
            "requestHash",
            "restartedFor",
            "cacheKey",
            "id",
            "requestID",
            "accessor",
            "tokenAccessor",
            "since",
        ),
        *(
            "expireTime",
            "leaseExpireTime",
            "vaultAuthRef",
            "rotationSchedule",
            "lastRuntimePodUID",
            "serialNumber",
            "name",
        ),
    }


@pytest.mark.parametrize("kind", STATUS)
def test_no_status_demands_more_than_the_keys_of_its_lists(kind: str) -> None:
    """Either operator may write less than the other."""
    demanded = {
        path: set(entry["items"]["required"])
        for path, entry in [("", STATUS[kind]), *each_field(STATUS[kind], "")]
        if "required" in entry.get("items", {}) and path != ".conditions"
    }

    assert [path for path, field in each_field(STATUS[kind], "") if "required" in field] == []
    assert demanded in ({}, {".pendingRevocations": {"id"}}, {".pendingRevocations": {"id"}, ".sources": {"name"}})


def test_a_field_without_words_is_a_bug_that_shows() -> None:
    with pytest.raises(KeyError, match=r"a\.b"):
        described(
            {"type": "object", "properties": {"a": {"properties": {"b": {"type": "string"}}}}}, {"": "x", "a": "x"}
        )


def test_a_schema_keeps_what_a_structural_schema_may_say_and_drops_the_rest() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {"a": {"type": "string", "x-hint": "h", "x-since": "1.0.0", "pattern": "^a$", "default": "a"}},
    }

    assert described(schema, {"": "All.", "a": "One."}, replaced={"a": {"pattern": "^b$"}}) == {
        "description": "All.",
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {
                "description": "One. Vault Secrets Operator knows it from 1.0.0 on.",
                "type": "string",
                "default": "a",
                "pattern": "^b$",
            }
        },
    }


def test_words_move_one_level_down() -> None:
    assert under("a", {"": "x", "b": "y"}) == {"a": "x", "a.b": "y"}
