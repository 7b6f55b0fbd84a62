"""The one door to a YAML parser: libyaml's events, or PyYAML's own where libyaml is not built in.

libyaml is the parser that go-yaml, and with it Kubernetes, was translated from; design/0002-yaml.md compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from keywave.objects.later import later
from keywave.objects.yamlerror import YamlError, line_at

_END = later(r"^\.\.\.(?:\s|\Z)", re.MULTILINE)
Next = Callable[[], Any]


def _open_native(text: str) -> Next:
    from yaml._yaml import CParser

    next_event: Next = CParser(text).get_event
    return next_event


def open_pure(text: str) -> Next:
    """PyYAML's own parser, for where it was built without libyaml."""
    next_event: Next = yaml.SafeLoader(text).get_event
    return next_event


open_events: Callable[[str], Next] = _open_native if yaml.__with_libyaml__ else open_pure
"""`open_events(text)` gives a function that returns the next event at each call; both raise yaml.YAMLError."""


def error_from(problem: yaml.YAMLError, text: str) -> YamlError:
    """PyYAML's exception as ours, in one line."""
    if isinstance(problem, yaml.MarkedYAMLError):
        mark = problem.problem_mark or problem.context_mark
        message = ", ".join(part for part in (problem.context, problem.problem) if part)
        line = line_at(text, min(mark.index, len(text.rstrip("\n")))) if mark else 1
        if "expected <document start>" in message and _END.search(text):
            what = "content after the end of a document; Kubernetes would drop it"
            return YamlError(line, what, code="KW0109", hint="begin it with --- on a line of its own")
        if "maximum nesting depth" in message:  # libyaml since PyYAML 6.0.4 refuses it itself
            return YamlError(line, "nested too deep", code="KW0105")
        return YamlError(line, message or "not YAML", hint=_hint(message, text))
    if isinstance(problem, yaml.reader.ReaderError):
        position = min(problem.position, len(text))
        return YamlError(
            line_at(text, position), f"{problem.reason} (character #x{_ordinal(problem):04x})", code="KW0103"
        )
    return YamlError(1, "not YAML")


def _ordinal(problem: yaml.reader.ReaderError) -> int:
    character = problem.character
    return character if isinstance(character, int) else ord(character[:1])


def _hint(message: str, text: str) -> str:
    if "cannot start any token" in message and "\t" in text:
        return "indent with spaces: YAML takes no tabs there"
    if "mapping values are not allowed" in message:
        return "check the indentation, and quote a text that holds ': '"
    if "anchor" in message or "alias" in message:
        return "quote a text that starts with & or *"
    if "cannot start any token" in message:
        return "quote a text that starts with @, ` or %; a template must be rendered first"
    return ""
