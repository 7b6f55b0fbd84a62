"""What goes wrong with a template. No text here ever holds data: names, types and positions only."""

from __future__ import annotations

from typing import Literal

from keywave.errors import KeywaveError

Kind = Literal["parse", "exec", "limit", "unsupported"]
"""`parse` and `exec`: Go refuses it too. `unsupported`: Go can, this interpreter does not offer it. `limit`: too much of something."""


class TemplateError(KeywaveError):
    """A template that cannot be read or rendered. `line` and `column` count characters from 1 in the text of the template `name`."""

    def __init__(self, name: str, line: int, column: int, message: str, *, kind: Kind) -> None:
        super().__init__(f"template {name}:{line}:{column}: {message}")
        self.name = name
        self.line = line
        self.column = column
        self.message = message
        self.kind: Kind = kind


class Refused(Exception):
    """A function or an operation says no; the evaluator adds the position. The text names types, never values."""

    def __init__(self, message: str, kind: Kind = "exec") -> None:
        super().__init__(message)
        self.message = message
        self.kind: Kind = kind
