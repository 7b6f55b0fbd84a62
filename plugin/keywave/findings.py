"""A finding: one problem, as a value. Stages return them; only shells print them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

PathKey = str | int
"""One step into a document: a mapping's key or a list's index."""


class Severity(StrEnum):
    """Errors stop the output and give exit 1; warnings are told and give exit 0, or 1 with `--strict`."""

    ERROR = "error"
    WARNING = "warning"


class Location(NamedTuple):
    """Where in the user's own files: `file:line` (line counted from 1) and the path of keys into the document.

    `keys` is a tuple such as `("spec", "sources", "app", "kv")`; `path` shows it as `$.spec.sources.app.kv`.
    """

    file: str = ""
    line: int = 0
    keys: tuple[PathKey, ...] = ()

    @property
    def path(self) -> str:
        """The keys as a JSONPath-like text: `$.spec.containers[0].name`, `$.metadata.annotations['a.b/c']`."""
        return show_path(self.keys)

    def __str__(self) -> str:
        spot = f"{self.file}:{self.line}" if self.line else self.file
        return f"{spot}  {self.path}".strip() if self.keys else spot


def show_path(keys: Iterable[PathKey]) -> str:
    """Show keys as `$.a.b[0]['c.d']`."""
    parts = ["$"]
    for key in keys:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key and key.replace("_", "a").replace("-", "a").isalnum():
            parts.append(f".{key}")
        else:
            parts.append(f"['{key}']")
    return "".join(parts)


class Finding(NamedTuple):
    """One problem: a stable code (`keywave.codes`), what was found, what to do, and where.

    `subject` names the object as `Kind namespace/name`. `related` are further places (the base beside the patch that set
    a value). A message never holds a secret value: only names, paths and literals that are not Secret data.
    """

    code: str
    message: str
    hint: str = ""
    where: Location = Location()
    severity: Severity = Severity.ERROR
    subject: str = ""
    related: tuple[Location, ...] = ()

    def at(self, where: Location) -> Finding:
        """The same finding at another place."""
        return self._replace(where=where)

    @property
    def sort_key(self) -> tuple[int, str, int, str, str, str]:
        """Errors first, then by place, so that output does not depend on the order of checks."""
        return (
            0 if self.severity is Severity.ERROR else 1,
            self.where.file,
            self.where.line,
            self.code,
            self.subject,
            self.message,
        )


def has_errors(findings: Iterable[Finding]) -> bool:
    """True when at least one finding stops the output."""
    return any(f.severity is Severity.ERROR for f in findings)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name that `word` was probably meant to be, or "" (difflib's ratio, cut-off 0.6)."""
    import difflib  # only needed when something is wrong

    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    if matches:
        return matches[0]
    lowered = {k.lower().replace("_", "").replace("-", ""): k for k in known}
    return lowered.get(word.lower().replace("_", "").replace("-", ""), "")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence 'did you mean "x"?' or ""."""
    match = nearest(word, known)
    return f'did you mean "{match}"?' if match else ""
