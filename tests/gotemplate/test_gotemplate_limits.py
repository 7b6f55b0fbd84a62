"""A template can use up no more than it is given."""

from __future__ import annotations

import time

import pytest

from keywave.gotemplate import Limits, Outside, TemplateError, parse

DOUBLED = "{{ $x := list 1 2 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}"
HOSTILE = [
    "{{ range until 100000000 }}{{ end }}",
    "{{ range 100000000 }}{{ end }}",
    "{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}",
    '{{ repeat 100000000 "abc" }}',
    '{{ range until 60 }}{{ $x := "" }}{{ repeat 900000 "x" }}{{ end }}',
    '{{ $x := "x" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}',
    '{{ $x := "x" }}{{ range until 60 }}{{ $x = replace "x" "xxxxxxxxx" $x }}{{ end }}',
    '{{ printf "%1000000d%1000000d" 1 2 }}',
    '{{ printf "%*d" 1000000 2 }}{{ printf "%.1000000f" 1.5 }}',
    '{{ indent 1000000 "a\\nb" }}',
    '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}',
    '{{ define "x" }}{{ if true }}{{ with 1 }}{{ range 1 }}{{ template "x" }}{{ end }}{{ end }}{{ end }}{{ end }}{{ template "x" }}',
    "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "{{ if true }}" * 5000 + "{{ end }}" * 5000,
    "{{ if true }}1" + "{{ else if true }}2" * 5000 + "{{ end }}",
    DOUBLED + "{{ $x }}",
    DOUBLED + "{{ $x | toJson }}",
    DOUBLED + "{{ deepCopy $x | len }}",
    DOUBLED + "{{ deepEqual $x $x }}",
    DOUBLED + '{{ join "," $x }}{{ html $x }}',
    DOUBLED + "{{ has 1 (list $x) }}{{ uniq (list $x $x) | len }}",
    DOUBLED + '{{ set (dict) "a" $x | len }}',
    "{{ $x := list }}{{ range until 20000 }}{{ $x = list $x }}{{ end }}{{ $x }}",
    '{{ regexMatch "(a*)*(a*)*(a*)*b" (repeat 100000 "a") }}',
    '{{ mustRegexMatch "((a{0,100}){0,10}){0,10}" (repeat 100000 "a") }}',
    '{{ mustRegexMatch "((a{100}){100}){100}" "a" }}',
    "{{ untilStep 0 9223372036854775807 1 }}",
    "{{ seq 1 9223372036854775806 }}",
    '{{ splitList "" (repeat 900000 "a") | len }}',
    '{{ wrapWith 1 "-----------" (repeat 900000 "a") }}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_template_ends_soon_with_an_error(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError) as stopped:
        parse("t", text).render({}, limits=Limits())
    assert (stopped.value.kind in ("limit", "exec"), time.monotonic() - began < 8) == (True, True)


@pytest.mark.parametrize(
    ("limits", "text", "message"),
    [
        (Limits(steps=20), "{{ range until 30 }}x{{ end }}", "more than 20 steps"),
        (Limits(output=10), "12345678901", "more than 10 bytes of output"),
        (Limits(output=10), "ééééé6", "more than 10 bytes of output"),
        (
            Limits(depth=2),
            '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}',
            "more than 2 templates inside one another",
        ),
        (Limits(range_size=3), "{{ range 4 }}{{ end }}", "more than 3 items"),
        (Limits(output=10), '{{ repeat 11 "a" | len }}', "error calling repeat: a text of more than 10 bytes"),
    ],
)
def test_each_limit_says_what_was_too_much(limits: Limits, text: str, message: str) -> None:
    with pytest.raises(TemplateError) as stopped:
        parse("t", text).render({}, limits=limits)
    assert (stopped.value.message, stopped.value.kind) == (message, "limit")


def test_time_is_that_of_the_given_clock() -> None:
    ticks = iter(range(1000))
    with pytest.raises(TemplateError, match="more than 3 seconds") as stopped:
        parse("t", "{{ range until 50000 }}x{{ end }}").render(
            {}, limits=Limits(seconds=3), outside=Outside(clock=lambda: float(next(ticks)))
        )
    assert stopped.value.kind == "limit"


def test_a_text_that_is_too_long_is_not_even_parsed() -> None:
    with pytest.raises(TemplateError, match="more than 262144 characters"):
        parse("t", "x" * 262_145)
