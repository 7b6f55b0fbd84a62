"""Collects what is found about one object, so that a rule can go on after a problem."""

from __future__ import annotations

from keywave.findings import Finding, PathKey
from keywave.objects.manifest import Manifest
from keywave.objects.structural import Problem

CODE_OF_RULE = {
    "unknown": "KW1003",
    "type": "KW1004",
    "enum": "KW1005",
    "const": "KW1005",
    "pattern": "KW1006",
    "name": "KW1006",
    "length": "KW1006",
    "size": "KW1006",
    "range": "KW1007",
    "required": "KW1008",
}
OPAQUE = "${"
"""Marks a text that Flux fills in later: it has no form of its own until then."""


class Notes:
    """The findings about one manifest."""

    __slots__ = ("findings", "manifest")

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.findings: list[Finding] = []

    def error(self, code: str, message: str, *keys: PathKey, hint: str = "") -> None:
        self.findings.append(self.manifest.finding(code, message, *keys, hint=hint))

    def warn(self, code: str, message: str, *keys: PathKey, hint: str = "") -> None:
        self.findings.append(self.manifest.warning(code, message, *keys, hint=hint))

    def problem(self, problem: Problem) -> None:
        """A problem of shape, under the code of its rule."""
        self.error(CODE_OF_RULE[problem.rule], problem.message, *problem.keys, hint=problem.hint)
