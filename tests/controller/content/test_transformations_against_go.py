"""What a whole transformation makes, beside what real Go makes of the same templates and patterns."""

from __future__ import annotations

import json

import pytest

from keywave.controller.content.data import build_data
from keywave.controller.content.transformation import transformation_of
from keywave.controller.model import resource_of
from rig.go_templates import GoTemplates, Question

SECRETS = {"user": "u&<", "password": "p\n\"'", "json": '{"a": [1, 2.50]}', "url": "db:5432", "empty": ""}
METADATA = {"version": 3, "custom_metadata": {"owner": "me"}}
LABELS, ANNOTATIONS = {"tier": "gold"}, {"note": "n/1"}
TEXTS = {
    "dsn": '{{ get .Secrets "user" }}:{{ .Secrets.password | urlquery }}@{{ .Secrets.url }}',
    "properties": "{{- range $k, $v := .Secrets }}{{ $k }}={{ $v | quote }}\n{{ end -}}",
    "calls": '{{ template "helpers" . }}/{{ template "half" .Secrets }}',
    "helpers": '{{ define "half" }}{{ .user | b64enc }}{{ end }}H',
    "metadata": "{{ .Metadata.custom_metadata.owner }} {{ .Labels.tier }} {{ .Annotations.note }}",
    "whole": "{{ .Secrets | toJson }}",
    "parsed": "{{ $x := .Secrets.json | fromJson }}{{ index $x.a 1 }}",
    "absent": '{{ get .Secrets "none" }}|{{ .Secrets.none }}',
    "lines": "{{ .Secrets.password | trim | upper }}",
    "nothing": "",
}
PATTERNS = ["^u", "s$", "(?i)PASS", "[[:alpha:]]{4}", r"^\w+$", "e.*y|json", "^(user|url)$", "", "x", r"\bjson\b"]


def test_each_template_of_an_object_gives_what_go_gives(go_templates: GoTemplates) -> None:
    templates = {key: {"name": key, "text": text} for key, text in TEXTS.items()}
    metadata = {"namespace": "team", "name": "app", "labels": LABELS, "annotations": ANNOTATIONS}
    owner = resource_of({"kind": "VaultStaticSecret", "metadata": metadata})
    destination = {"transformation": {"templates": templates, "excludes": [".*"], "excludeRaw": True}}
    raw = {"data": SECRETS, "metadata": METADATA}
    data = json.dumps({"secrets": SECRETS, "metadata": METADATA, "annotations": ANNOTATIONS, "labels": LABELS})
    questions = [Question(text, data, "number", True, TEXTS) for text in TEXTS.values()]
    expected = {key: answer.output for key, answer in zip(TEXTS, go_templates.render_all(questions), strict=True)}

    assert None not in expected.values()
    assert build_data(SECRETS, raw, transformation_of(owner, destination, {}), owner) == expected


@pytest.mark.parametrize("field", ["includes", "excludes"])
def test_filters_choose_the_keys_that_go_matches(go_templates: GoTemplates, field: str) -> None:
    pairs = [(pattern, key) for pattern in PATTERNS for key in SECRETS]
    questions = [Question("{{ regexMatch .p .k }}", json.dumps({"p": pattern, "k": key})) for pattern, key in pairs]
    answers = [answer.output == b"true" for answer in go_templates.render_all(questions)]
    matched = {pattern: set[str]() for pattern in PATTERNS}
    for (pattern, key), yes in zip(pairs, answers, strict=True):
        matched[pattern] |= {key} if yes else set()

    chosen = {pattern: keys_with(field, pattern) for pattern in PATTERNS}

    assert chosen == {p: keys if field == "includes" else set(SECRETS) - keys for p, keys in matched.items()}


def keys_with(field: str, pattern: str) -> set[str]:
    owner = resource_of({})
    known = transformation_of(owner, {"transformation": {field: [pattern], "excludeRaw": True}}, {})
    return set(build_data(SECRETS, {}, known, owner))
