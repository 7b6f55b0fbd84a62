"""Template text. What it gives was seen with Go's text/template and sprig 3.3; here stands that the text stays that."""

from __future__ import annotations

import pytest

from keywave.expand.templates import guarded, keys_read, over_keys, quote

TAIL = '{{- if kindIs "string" $value -}}{{- $value -}}{{- else -}}{{- mustToJson $value -}}{{- end -}}'


def test_a_missing_key_fails_and_other_values_become_json() -> None:
    actual = guarded('we"ird', "kv/a")

    assert actual == (
        '{{- if not (hasKey .Secrets "we\\"ird") -}}{{- fail "kv/a has no key we\\"ird" -}}{{- end -}}'
        '{{- $value := get .Secrets "we\\"ird" -}}' + TAIL
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", '"a"'), ('"', '"\\""'), ("\\", '"\\\\"'), ("é😀", '"é😀"'), ("a\nb", '"a\\nb"')],
)
def test_quoting_is_that_of_go(text: str, expected: str) -> None:
    assert quote(text) == expected


def test_a_user_template_sees_the_new_names() -> None:
    assert over_keys(" {{ .Secrets.A }} ", {"A": "b", "B": "a"}, "DSN") == (
        '{{ define "keywave/DSN" }} {{ .Secrets.A }} {{ end }}{{ template "keywave/DSN" '
        '(dict "Secrets" (dict "A" (get .Secrets "b") "B" (get .Secrets "a")) '
        '"Metadata" .Metadata "Annotations" .Annotations "Labels" .Labels) }}'
    )


def test_without_a_rename_the_text_stays() -> None:
    assert over_keys("{{ .Secrets.a }}", {"a": "a"}, "x") == "{{ .Secrets.a }}"


READS = {
    '{{ get .Secrets "a" }}{{ get .Secrets "b-c" }}': ["a", "b-c"],
    "{{ get .Secrets `a` }}": ["a"],
    "{{ .Secrets.a }}-{{ $.Secrets.b }}-{{ .Secrets.a }}": ["a", "b"],
    '{{ index .Secrets "a" | b64enc }}': ["a"],
    "{{ range $k, $v := .Secrets }}{{ $k }}{{ end }}": [],
    "no template": [],
}


@pytest.mark.parametrize(("text", "expected"), READS.items(), ids=READS)
def test_keys_that_a_template_names_are_seen(text: str, expected: list[str]) -> None:
    assert keys_read(text) == expected
