"""Names into other languages: HCL 2 strings, shell words, comments; and the one door to Jinja2.

Rule: a name from the tree is data in every language it is written into. Jinja2 escapes nothing by itself here, so templates print a name
only through one of the filters below; the property tests try to break out of each.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from importlib import resources
from typing import Any

from keywave.vault.acl.write import quoted


def hcl2_text(text: str) -> str:
    """A longer text as a heredoc, for people; as a quoted string where it holds what a heredoc would read as a template.

    The text must end with a newline and have no line that is only `KEYWAVE_POLICY`.
    """
    plain = text.endswith("\n") and all(line.isprintable() and line.strip() != _END for line in text.split("\n"))
    if not plain or "${" in text or "%{" in text:
        return quoted(text)
    return f"<<{_END}\n{text}{_END}"


_END = "KEYWAVE_POLICY"


def comment(text: str) -> str:
    """One line that no language reads on after: unprintable characters become `?`."""
    return "".join(one if one.isprintable() else "?" for one in text)


def as_json(value: Any) -> str:
    """JSON in ASCII on several lines, keys in given order, without a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=True)


def fill_in(template: str, **values: Any) -> str:
    """The template of this package filled in. A name it does not know is a programming error (StrictUndefined)."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    filters: Mapping[str, Any] = {
        "hcl2": quoted,
        "hcl2_text": hcl2_text,
        "sh": shlex.quote,
        "comment": comment,
        "as_json": as_json,
    }
    environment.filters.update(filters)
    text = resources.files("keywave.policy").joinpath("templates", template).read_text(encoding="utf-8")
    return environment.from_string(text).render(values)
