"""The plugin's parameters, as Argo CD sends them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from keywave.commands import cmp_parameters
from keywave.errors import FindingsError

TOP = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("sentence", "raw"),
    [
        ("a discovered plugin gets no variable at all", None),
        ("`plugin: {}` gives the text null", "null"),
        ("an empty variable", ""),
        ("an empty list", "[]"),
    ],
)
def test_no_parameters(sentence: str, raw: str | None) -> None:
    assert cmp_parameters.read(raw) == cmp_parameters.Parameters({}, {}, {})


def test_each_form_is_decoded_as_texts() -> None:
    raw = json.dumps(
        [
            {"name": "images", "array": ["ghcr.io/acme/app:v2"]},
            {"name": "replicas", "map": {"web": "3"}},
            {"name": "namePrefix", "string": "pr-7-"},
            {"name": "allow-empty", "string": "True"},
        ]
    )
    actual = cmp_parameters.read(raw)

    assert actual.arrays == {"images": ("ghcr.io/acme/app:v2",)}
    assert actual.maps == {"replicas": {"web": "3"}}
    assert actual.text("namePrefix") == "pr-7-"
    assert (actual.flag("allow-empty"), actual.flag("strict")) == (True, False)


@pytest.mark.parametrize(
    ("sentence", "entries", "expected"),
    [
        (
            "an unknown name is answered with the nearest",
            [{"name": "image", "array": []}],
            [("parameter image: no such parameter", 'did you mean "images"?')],
        ),
        (
            "another form is told with the right one",
            [{"name": "images", "string": "app:v2"}],
            [("parameter images: given as string", "it takes `array`")],
        ),
        (
            "a flag that is neither",
            [{"name": "strict", "string": "maybe"}],
            [("parameter strict: 'maybe' is neither true nor false", 'write "true" or "false"')],
        ),
        (
            "all problems at once",
            [{"name": "images", "map": {}}, {"string": "x"}, 7],
            [
                ("parameter images: given as map", "it takes `array`"),
                ("an entry has no name", ""),
                ("an entry has no name", ""),
            ],
        ),
        (
            "not even a list",
            {"name": "strict", "string": "ja"},
            [("parameter strict: 'ja' is neither true nor false", 'write "true" or "false"')],
        ),
    ],
)
def test_what_makes_no_sense(sentence: str, entries: Any, expected: list[tuple[str, str]]) -> None:
    with pytest.raises(FindingsError) as caught:
        cmp_parameters.read(json.dumps(entries))

    assert [(f.message, f.hint) for f in caught.value.findings] == expected
    assert {f.code for f in caught.value.findings} == {"KW0702"}


def test_parameters_that_are_not_json_are_a_finding() -> None:
    with pytest.raises(FindingsError, match="not JSON"):
        cmp_parameters.read("{")


def test_every_parameter_is_announced_once_with_its_form() -> None:
    plugin = yaml.safe_load((TOP / "argocd-cmp.yaml").read_text())
    static = plugin["spec"]["parameters"]["static"]
    dynamic = json.loads(cmp_parameters.announcements(images=["a:1"], profiles=["vault"], layers=["setup"]))
    announced = {entry["name"]: entry.get("collectionType", "string") for entry in [*dynamic, *static]}

    assert announced == cmp_parameters.FORMS
    assert len(static) + len(dynamic) == len(announced)


def test_an_announcement_shows_what_the_tree_holds() -> None:
    actual = json.loads(
        cmp_parameters.announcements(images=["a:1", "b:2"], profiles=["vault"], layers=["setup", "apps"])
    )

    assert [(e["name"], e.get("array", e.get("string"))) for e in actual] == [
        ("images", ["a:1", "b:2"]),
        ("profile", "vault"),
        ("layer", ""),
    ]
