"""What is wrong with a text as one YAML document. Apart from the parser, so that naming it loads none."""

from __future__ import annotations


class YamlError(Exception):
    """Text that Kubernetes would not read as one YAML document.

    `line` counts from 1 in the text given; `message` is one line and never quotes a value; `code` is the finding it becomes.
    """

    def __init__(self, line: int, message: str, *, code: str = "KW0110", hint: str = "") -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message
        self.code = code
        self.hint = hint


def line_at(text: str, index: int) -> int:
    """The line (from 1) of a character, as an editor counts."""
    return text.count("\n", 0, index) + 1
