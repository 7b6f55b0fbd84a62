"""Templates chosen by hand: what people write for their Secrets (picked/used.txt), and the corners of the language (language.txt)."""

from __future__ import annotations

import re
from pathlib import Path

from rig.go_templates import Question

_FOLDER = Path(__file__).parent / "picked"
_ACTION = re.compile(r"\{\{ [^{}]* \}\}")
_MANY = 3


def _templates(name: str) -> list[str]:
    """One a line; a blank-free file. A line that closes what the line before opened belongs to that."""
    found: list[str] = []
    for line in (_FOLDER / name).read_text().splitlines():
        if found and line.startswith("{{ end }}{{ end }}"):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def questions() -> list[Question]:
    """Each with numbers of both kinds; of a line with many actions each by itself, too."""
    data = (_FOLDER / "input.json").read_text().strip()
    found: list[Question] = []
    for name, given, is_input in (("used.txt", data, True), ("language.txt", '{"a": {"b": 1}, "n": 2}', False)):
        for template in _templates(name):
            found += [Question(template, given, numbers, is_input) for numbers in ("float", "number")]
            parts = _ACTION.findall(template)
            found += [Question(part, given, "number", is_input) for part in parts if len(parts) > _MANY]
    return found
