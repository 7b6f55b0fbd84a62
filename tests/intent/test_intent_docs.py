"""What is published says what the code says: schemas for editors, the reference of all fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from intent_samples import told

from keywave.intent.load import load
from keywave.intent.wire import SCHEMAS, files
from keywave.objects.manifest import Manifest

TOP = Path(__file__).resolve().parents[2]
REFERENCE = (TOP / "docs/intents.md").read_text(encoding="utf-8")


def test_the_schemas_are_those_of_the_code() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (TOP / "schemas").glob("*.json")}
    ours = {name: text for name, text in committed.items() if name in files()}

    assert ours == files(), "run: keywave schema --write schemas"


def _type_of(schema: dict[str, Any]) -> str:
    name = next(t for t in schema["type"] if t != "null")
    words = {"string": "text", "integer": "number", "boolean": "flag", "array": "list", "object": "map"}
    if "enum" in schema:
        return " \\| ".join(f"`{each}`" for each in schema["enum"] if each is not None)
    return words[name]


def _rows(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """`| field | type | description |` for each field below; records in lists and maps are shown as `a[].b` and `a.<name>.b`."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}{name}"
        yield f"| `{here}` | {_type_of(field)} | {field['description']} |"
        if here == "sources":  # the same fields as at the top
            continue
        yield from _rows(field, f"{here}.")
        yield from _rows(field.get("items", {}), f"{here}[].")
        extra = field.get("additionalProperties")
        if isinstance(extra, dict):
            yield from _rows(extra, f"{here}.<name>.")


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_the_reference_has_every_field_and_no_other(kind: str) -> None:
    section = REFERENCE.split(f"\n## Fields of {kind}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted(_rows(SCHEMAS[kind]["properties"]["spec"]))


def test_every_field_is_described() -> None:
    rows = [row for kind in SCHEMAS for row in _rows(SCHEMAS[kind]["properties"]["spec"])]

    assert [row for row in rows if not row.endswith((". |", ".) |"))] == []


def test_the_examples_of_the_reference_load_without_a_finding() -> None:
    blocks = [part.split("\n```")[0] for part in REFERENCE.split("```yaml\n")[1:]]
    bodies = [body for block in blocks for body in yaml.safe_load_all(block)]

    loaded = load([Manifest(body) for body in bodies], default_namespace="shop")

    assert len(bodies) > 5
    assert told(loaded.findings) == []


def _example(page: Path) -> tuple[Any, Any]:
    wrong, right = page.read_text(encoding="utf-8").split("# wrong\n")[1].split("```")[0].split("---\n# right\n")
    return list(yaml.safe_load_all(wrong)), list(yaml.safe_load_all(right))


@pytest.mark.parametrize("page", sorted((TOP / "docs/findings").glob("KW1*.md")), ids=lambda page: page.stem)
def test_the_examples_of_a_page_are_yaml(page: Path) -> None:
    wrong, right = _example(page)

    assert wrong
    assert right
    assert wrong != right
