"""Asks Go and keywave the same question and says where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from keywave.gotemplate import Limits, Number, Outside, Struct, Template, TemplateError, parse, secret_input
from rig.go_templates import Answer, GoTemplates, Question

LIMITS = Limits(seconds=60)


class Ours(NamedTuple):
    """`error`: "" or the kind of the TemplateError."""

    output: bytes | None
    error: str
    message: str


def data_of(question: Question) -> Any:
    number = Number if question.numbers == "number" else float
    read = json.loads(question.data, parse_int=number, parse_float=number)
    if question.input:
        return secret_input(*(read.get(name) for name in ("secrets", "metadata", "annotations", "labels")))
    assert not isinstance(read, Struct)
    return read


def ours(question: Question) -> Ours:
    try:
        others: dict[str, Template] = {name: parse(name, text) for name, text in sorted(question.others.items())}
        text = parse("main", question.template).render(
            data_of(question), limits=LIMITS, others=others, outside=Outside()
        )
    except TemplateError as error:
        return Ours(None, error.kind, str(error))
    return Ours(text.encode("utf-8", "surrogateescape"), "", "")


_UNORDERED = re.compile(r"\b(?:keys|values)\b")


def agrees(question: Question, mine: Ours, theirs: Answer) -> bool:
    """The same bytes, or both an error of the same stage. Go's `keys` and `values` have no order: there the same bytes in any order.

    Endless recursion ends at a limit on both sides, ours is lower."""
    if _UNORDERED.search(question.template) and mine.output is not None and theirs.output is not None:
        return sorted(mine.output) == sorted(theirs.output)
    if mine.error == "limit" and "exceeded maximum template depth" in theirs.message:
        return True
    return (mine.output, mine.error) == (theirs.output, theirs.error)


_CIRCLE = "put into itself"


class Outcome(NamedTuple):
    """`refused`: what Go can and we do not offer, with our words; `apart`: everything else that differs."""

    asked: int
    agreed: int
    errors: int
    refused: list[tuple[Question, Ours, Answer]]
    apart: list[tuple[Question, Ours, Answer]]


def compare(go: GoTemplates, questions: Sequence[Question]) -> Outcome:
    refused: list[tuple[Question, Ours, Answer]] = []
    apart: list[tuple[Question, Ours, Answer]] = []
    agreed = errors = 0
    answered = [(question, ours(question)) for question in questions]
    # A dict inside itself ends Go's process with a stack overflow: that is not asked.
    refused += [(question, mine, Answer(None, "crash", "")) for question, mine in answered if _CIRCLE in mine.message]
    asked = [(question, mine) for question, mine in answered if _CIRCLE not in mine.message]
    for (question, mine), theirs in zip(asked, go.render_all([question for question, _ in asked]), strict=True):
        if agrees(question, mine, theirs):
            agreed += 1
            errors += bool(mine.error)
        elif mine.error == "unsupported":
            refused.append((question, mine, theirs))
        else:
            apart.append((question, mine, theirs))
    return Outcome(len(questions), agreed, errors, refused, apart)


def report(cases: Sequence[tuple[Question, Ours, Answer]]) -> str:
    """For people who run the tests: the data here is made up."""
    return "\n\n".join(f"{question}\n  ours:   {mine}\n  Go's: {theirs}" for question, mine, theirs in cases[:20])
