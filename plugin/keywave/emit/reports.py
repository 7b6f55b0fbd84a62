"""Findings as text for people, JSON for programs, annotations for GitHub: one function a format, in one dict; SARIF and JUnit have modules
of their own.

The text's first line is the summary, because Argo CD shows standard error as one long line and cuts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from keywave.findings import Finding, Location, Severity
from keywave.redact import redact

AT_MOST = 20
SCHEMA = 1
"""Version of the JSON report; it rises when a field changes its meaning or goes."""


class ReportOptions(NamedTuple):
    """`limit` is how many findings the text shows (None: all); `color` is for terminals without NO_COLOR.

    `proved` is what was proved without any finding, (subject, what was asked) each: passed test cases of JUnit."""

    limit: int | None = AT_MOST
    color: bool = False
    proved: tuple[tuple[str, str], ...] = ()


def report(findings: Sequence[Finding], format: str = "text", options: ReportOptions | None = None) -> str:
    """Findings as one text, sorted, each once, "" for text and github without findings. `format` is a key of FORMATS.

    No Vault token is in it, even where a finding quotes one, and no sign that steers a terminal: names come from Vault and from locks.
    """
    unique = sorted(
        dict.fromkeys(map(_printable, findings)), key=lambda finding: (*finding.sort_key, str(finding.where))
    )
    return redact(FORMATS[format](unique, options or ReportOptions()))


def _printable(finding: Finding) -> Finding:
    texts = (finding.message, finding.hint, finding.subject)
    if all(text.isprintable() for text in texts):
        return finding
    message, hint, subject = (
        "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text) for text in texts
    )
    return finding._replace(message=message, hint=hint, subject=subject)


def summary(findings: Sequence[Finding]) -> str:
    """`2 errors, 1 warning`."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    counts = ((errors, "error"), (len(findings) - errors, "warning"))
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count) or "nothing found"


_COLORS = {Severity.ERROR: "\x1b[31m", Severity.WARNING: "\x1b[33m"}


def _text(findings: Sequence[Finding], options: ReportOptions) -> str:
    if not findings:
        return ""
    shown = findings if options.limit is None else findings[: options.limit]
    lines = [f"keywave: {summary(findings)}"]
    for finding in shown:
        lines += _lines(finding, options)
    if len(shown) < len(findings):
        lines.append(f"... and {len(findings) - len(shown)} more")
    codes = ", ".join(dict.fromkeys(finding.code for finding in shown))
    lines.append(f"more about a code: keywave explain {codes.split(', ')[0]}")
    return "\n".join(lines) + "\n"


def _lines(finding: Finding, options: ReportOptions) -> list[str]:
    word: str = finding.severity.value
    if options.color:
        word = f"{_COLORS[finding.severity]}{word}\x1b[0m"
    place = str(finding.where) or finding.subject
    about = (
        f" {finding.subject}:"
        if finding.subject and place != finding.subject and finding.subject not in finding.message
        else ""
    )
    lines = [place] if place else []
    lines += [f"  {word} {finding.code}{about} {_one_line(finding.message)}"]
    if finding.hint:
        lines.append(f"  fix: {_one_line(finding.hint)}")
    lines += [f"  see also: {where}" for where in finding.related]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _json(findings: Sequence[Finding], options: ReportOptions) -> str:
    import json

    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    document = {
        "schema": SCHEMA,
        "summary": {"errors": errors, "warnings": len(findings) - errors},
        "findings": [_entry(finding) for finding in findings],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _entry(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "subject": finding.subject,
        "where": _place(finding.where),
        "related": [_place(where) for where in finding.related],
    }


def _place(where: Location) -> dict[str, Any]:
    return {"file": where.file, "line": where.line, "path": where.path, "keys": list(where.keys)}


def _github(findings: Sequence[Finding], options: ReportOptions) -> str:
    """Workflow commands (`::error file=,line=,title=::message`), which GitHub shows in the changed files of a pull request."""
    return "".join(f"{_command(finding)}\n" for finding in findings)


def _command(finding: Finding) -> str:
    properties = {
        "file": finding.where.file,
        "line": str(finding.where.line or ""),
        "title": f"{finding.code} {finding.subject}",
    }
    shown = ",".join(f"{name}={_property(value.strip())}" for name, value in properties.items() if value.strip())
    message = f"{finding.message}\n{finding.where.path}" + (f"\nfix: {finding.hint}" if finding.hint else "")
    return f"::{finding.severity.value} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(findings: Sequence[Finding], options: ReportOptions) -> str:
    from keywave.emit.sarif import sarif

    return sarif(findings)


def _junit(findings: Sequence[Finding], options: ReportOptions) -> str:
    from keywave.emit.junit import junit

    return junit(findings, options.proved)


FORMATS: dict[str, Callable[[Sequence[Finding], ReportOptions], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
