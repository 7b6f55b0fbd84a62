"""Manifests as text."""

from __future__ import annotations

import json

import pytest

from keywave.emit import STREAMS, stream
from keywave.objects.manifest import Manifest
from keywave.objects.yamlio import read_stream

TEXT = """\
# a comment that stays
apiVersion: v1
kind: ConfigMap
metadata: {name: a}   # and this
data: {mode: "0644"}
---
kind: ConfigMap
apiVersion: v1
metadata:
    name: b
"""


def manifests() -> tuple[Manifest, ...]:
    return read_stream(TEXT.encode(), "-").manifests


def test_unchanged_documents_leave_byte_for_byte() -> None:
    assert stream(manifests()) == TEXT


def test_a_made_object_is_written_out() -> None:
    made = Manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, made_by="t")

    assert stream([*manifests()[1:], made]) == (
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n    name: b\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n"
    )


def test_json_is_one_object_a_line_and_yaml_as_well() -> None:
    text = stream(manifests(), "json")

    assert [json.loads(line) for line in text.splitlines()] == [dict(m.body) for m in manifests()]
    assert text.startswith('{"apiVersion":"v1","kind":"ConfigMap"')


def test_json_keeps_letters_of_all_scripts() -> None:
    made = Manifest({"a": "größe\n"})

    assert stream([made], "json") == '{"a":"größe\\n"}\n'


@pytest.mark.parametrize("format", sorted(STREAMS))
def test_nothing_is_nothing(format: str) -> None:
    assert stream([], format) == ""
