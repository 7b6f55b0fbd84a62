"""keywave's templates and Go's: the same bytes, or an error on both sides."""

from __future__ import annotations

import re

import pytest
from gotemplate import call_cases, hand_picked, narrow
from gotemplate.agreement import Outcome, compare, report

from keywave.gotemplate import NOT_OFFERED
from rig.go_templates import GoTemplates, Question

REFUSED = re.compile(
    "imaginary numbers"
    r"|%[bxXeEfFgG] of a float64 in this form"
    "|methods and fields of a version|methods of a number"
    "|the text is not base(32|64)"
    r"|a \*semver.Version cannot be copied"
    "|a dict cannot be put into itself"
    "|a class of Unicode in a regexp that ignores case|scripts in a regexp"
    "|prints an address|prints as an address"
    "|zones in the host of a URL|holds the end of a host"
)
"""All that Go can and we refuse (design/0009)."""


def check(outcome: Outcome) -> None:
    assert outcome.apart == [], report(outcome.apart)
    unexplained = [case for case in outcome.refused if not REFUSED.search(case[1].message)]
    assert unexplained == [], report(unexplained)


def test_templates_chosen_by_hand_agree(go_templates: GoTemplates) -> None:
    outcome = compare(go_templates, hand_picked.questions())
    check(outcome)
    assert outcome.agreed - outcome.errors > 500


def test_every_function_agrees_on_right_and_wrong_arguments(go_templates: GoTemplates) -> None:
    check(compare(go_templates, list(call_cases.calls(seed=20, each=12))))


@pytest.mark.parametrize("seed", [31, 32])
def test_patterns_versions_urls_and_formats_agree(go_templates: GoTemplates, seed: int) -> None:
    check(compare(go_templates, list(narrow.questions(seed, each=150))))


def test_templates_call_one_another_over_their_texts(go_templates: GoTemplates) -> None:
    others = {
        "a": '{{ define "x" }}1{{ end }}A{{ . }}',
        "b": '{{ define "x" }}2{{ end }}{{ template "a" . }}',
        "c": " \n",
    }
    asked = [
        Question(text, '{"k": 1}', others=others)
        for text in (
            '{{ template "x" }}{{ template "a" .k }}{{ template "b" 5 }}',
            '{{ define "x" }}3{{ end }}{{ template "x" }}',
            '{{ define "x" }} {{ end }}{{ template "x" }}',
            '{{ template "c" }}|{{ template "d" }}',
            '{{ define "a" }}mine{{ end }}{{ template "b" 1 }}',
            '{{ template "main" }}',
        )
    ]
    check(compare(go_templates, asked))


@pytest.mark.parametrize("name", sorted(NOT_OFFERED))
def test_what_is_not_offered_is_refused_by_its_name(name: str, go_templates: GoTemplates) -> None:
    outcome = compare(go_templates, [Question(f'{{{{ {name} "a" "b" }}}}')])
    message = f"template main:1:4: function {name!r} is not offered"
    assert [mine.message for _, mine, _ in outcome.refused] == [message]
