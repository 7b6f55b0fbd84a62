"""Which keys a template surely reads."""

from __future__ import annotations

import pytest

from keywave.references.template_keys import agent_reads, agent_writes, keys_needed


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{{ get .Secrets "a" }}', ("a",)),
        ("{{- .Secrets.a -}} {{ .Secrets.b | b64enc }}", ("a", "b")),
        ('{{ index .Secrets "a.b-c" | toJson }}', ("a.b-c",)),
        ('{{ printf "%s:%s" (get .Secrets "u") $.Secrets.p }}', ("p", "u")),
        ('{{ .Secrets.a | default "x" }}', ()),
        ("{{ if .Secrets.a }}{{ .Secrets.a }}{{ end }}{{ .Secrets.b }}", ("b",)),
        ("{{ with .Secrets.a }}{{ . }}{{ else }}{{ .Secrets.b }}{{ end }}", ()),
        ("{{ range $k, $v := .Secrets }}{{ $k }}{{ end }}", ()),
        ('{{ coalesce .Secrets.a .Secrets.b }}{{ hasKey .Secrets "c" }}', ()),
        ("plain .Secrets.a", ()),
        ("{{ unclosed .Secrets.a", ()),
    ],
)
def test_keys_outside_of_conditions_without_a_default(text: str, keys: tuple[str, ...]) -> None:
    assert keys_needed(text) == keys


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ('{{ with secret "kv/data/x" }}{{ .Data.data.a }}{{ .Data.data.b }}{{ end }}', (("kv/data/x", ("a", "b")),)),
        ('{{- with secret "kv1/x" -}}{{ .Data.a }}{{- end -}}', (("kv1/x", ("a",)),)),
        ('{{ with secret "kv/x" }}{{ if .Data.data.a }}{{ .Data.data.a }}{{ end }}{{ end }}', (("kv/x", ()),)),
        (
            '{{ with secret "b" }}{{ end }}{{ with secret "a" }}{{ index .Data.data "k-1" }}{{ end }}',
            (("a", ("k-1",)), ("b", ())),
        ),
        ('{{ (secret "kv/data/x").Data.data.a }}', (("kv/data/x", ()),)),
        ('{{ with secret "pki/issue/web" "common_name=a" }}{{ .Data.certificate }}{{ end }}', ()),
        ('{{/* secret "no" */}}', ()),
    ],
)
def test_what_an_agents_template_reads(text: str, reads: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    assert agent_reads(text) == reads


def test_a_secret_with_arguments_is_a_write() -> None:
    text = '{{ with secret "pki/issue/web" "common_name=a.example.com" "ttl=24h" }}{{ end }}'

    assert agent_writes(text) == (("pki/issue/web", {"common_name": "a.example.com", "ttl": "24h"}),)
