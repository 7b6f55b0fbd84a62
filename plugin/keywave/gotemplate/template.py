"""Parsed templates and their rendering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.gotemplate import (
    go_functions,
    nodes,
    sprig_codings,
    sprig_numbers,
    sprig_patterns,
    sprig_text,
    sprig_values,
    urls,
)
from keywave.gotemplate.calling import Function
from keywave.gotemplate.evaluate import Defined, render
from keywave.gotemplate.failing import TemplateError
from keywave.gotemplate.parser import Tree, read
from keywave.gotemplate.running import DEFAULT_LIMITS, DEFAULT_OUTSIDE, Limits, Outside, Run
from keywave.gotemplate.values import own

FUNCTIONS: Mapping[str, Function] = {
    **go_functions.FUNCTIONS,
    **sprig_text.FUNCTIONS,
    **sprig_values.FUNCTIONS,
    **sprig_numbers.FUNCTIONS,
    **sprig_codings.FUNCTIONS,
    **sprig_patterns.FUNCTIONS,
    **urls.FUNCTIONS,
}

NOT_OFFERED = frozenset({"ago", "buildCustomCert", "durationRound", "mustToDate"})
"""Allowed by the operator and not here: times and certificates. A template that calls one is refused with its name."""

RANDOM = frozenset({"bcrypt", "htpasswd", "randInt", "shuffle"})
"""A template that calls one of them gives another text each time."""

MOST_TEXT = 262_144

NOTHING: Mapping[str, Template] = {}


class Template(NamedTuple):
    """`name`: what {{template "name"}} calls it by. `tree`: what `text` means."""

    name: str
    text: str
    tree: Tree

    def render(
        self,
        data: Any,
        *,
        limits: Limits = DEFAULT_LIMITS,
        others: Mapping[str, Template] = NOTHING,
        outside: Outside = DEFAULT_OUTSIDE,
    ) -> str:
        """The text. `data` is copied first: no template changes what the caller holds.

        `others`: name -> template that this one may call; of two definitions of one name the later counts, this template being the last
        unless it stands in `others` itself. Raises TemplateError; TypeError where `data` holds what is no plain value."""
        known: dict[str, Defined] = {}
        together = [*others.values()] if self.name in others else [*others.values(), self]
        for template in together:
            for name, root in template.tree.defined.items():
                if name not in known or not nodes.is_blank(root):
                    known[name] = Defined(template.name, template.text, root)
        return render(known[self.name], own(data), known, FUNCTIONS, Run(limits, outside))


def parse(name: str, text: str) -> Template:
    """Raises TemplateError, also for a function that is not offered."""
    if len(text) > MOST_TEXT:
        raise TemplateError(name, 1, 1, f"a text of more than {MOST_TEXT} characters", kind="limit")
    problem: TemplateError
    try:
        return Template(name, text, read(name, text, FUNCTIONS, NOT_OFFERED))
    except RecursionError:
        problem = TemplateError(name, 1, 1, "nested too deep", kind="limit")
    raise problem
