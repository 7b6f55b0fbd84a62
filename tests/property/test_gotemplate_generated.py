"""Generated templates: Go agrees; whatever the text, there is an output or a TemplateError, and no data in the error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gotemplate import generated
from gotemplate.agreement import compare, report
from gotemplate.call_cases import DATA
from hypothesis import given
from hypothesis import strategies as st

from keywave.gotemplate import Limits, Number, TemplateError, parse
from rig.go_templates import GoTemplates

MARKS = (
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "\n",
    '"',
    "`",
    "'",
    "(",
    ")",
    "|",
    ".a",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "if",
    "range",
    "end",
    "else",
    "define",
)
PIECES = st.sampled_from(
    (
        *MARKS,
        "with",
        "template",
        "block",
        "break",
        "nil",
        "1",
        "-",
        "0x",
        "len",
        "index",
        "printf",
        "\\",
        "/*",
        "*/",
        "é",
        "i",
    )
)
LITTLE = Limits(steps=2_000, output=10_000, depth=10, range_size=500, seconds=5)


@pytest.mark.parametrize("seed", [41, 42, 43])
def test_generated_templates_agree_with_go(go_templates: GoTemplates, seed: int) -> None:
    outcome = compare(go_templates, list(generated.questions(seed, 1500)))
    assert outcome.apart == [], report(outcome.apart)
    assert len(outcome.refused) < outcome.asked / 100
    assert outcome.agreed - outcome.errors > outcome.asked / 3


def outcome_of(text: str, data: Any) -> str | TemplateError:
    try:
        return parse("t", text).render(data, limits=LITTLE)
    except TemplateError as error:
        return error


@given(st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=40))
def test_any_text_gives_an_output_or_a_template_error(text: str) -> None:
    outcome = outcome_of(text, {"a": [1, {"a": "x"}]})
    if isinstance(outcome, str):
        assert outcome.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == outcome
        return
    lines = text.split("\n")
    assert 1 <= outcome.line <= len(lines)
    assert 1 <= outcome.column <= len(lines[outcome.line - 1]) + 1


def test_no_error_holds_data() -> None:
    secret = "c4n4ry-s3cr3t"
    marked = DATA.replace("Hello, World", secret).replace('"b", "a", 3', f'"{secret}", "a", 3')
    data = json.loads(marked, parse_int=Number, parse_float=Number)
    outcomes = [outcome_of(question.template, data) for question in generated.questions(77, 3000)]
    errors = [
        f"{error} {error.__cause__} {error.__context__}" for error in outcomes if isinstance(error, TemplateError)
    ]
    assert (len(errors) > 1000, [error for error in errors if secret in error]) == (True, [])
    # The data does get out where a template prints it.
    assert any(isinstance(text, str) and secret in text for text in outcomes)
