"""Findings as JUnit XML, which GitLab, Jenkins and others show as tests: one test case a finding, and one for each thing that was
proved without any. A warning is a passed case that says it in `system-out`, because JUnit knows no warnings.

Source: the forms that Jenkins' and GitLab's readers take (testsuites, testsuite, testcase, failure, system-out).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from keywave.findings import Finding, Severity

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def junit(findings: Sequence[Finding], proved: Sequence[tuple[str, str]] = ()) -> str:
    """`proved`: (subject, what was asked) of what has no finding."""
    cases = [_finding(finding) for finding in findings]
    cases += [f"    <testcase classname={_quoted(subject)} name={_quoted(name)}/>\n" for subject, name in proved]
    failures = sum(finding.severity is Severity.ERROR for finding in findings)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="keywave" {counts}>\n  <testsuite name="keywave" {counts} skipped="0">\n'
        + "".join(cases)
        + "  </testsuite>\n</testsuites>\n"
    )


def _finding(finding: Finding) -> str:
    words = [finding.message, str(finding.where), f"fix: {finding.hint}" if finding.hint else ""]
    words += [f"see also: {where}" for where in finding.related]
    text = _escaped("\n".join(word for word in words if word.strip()))
    summary = " ".join(finding.message.split())
    head = f"    <testcase classname={_quoted(finding.subject or 'keywave')} name={_quoted(f'{finding.code} {summary}')}>\n"
    if finding.severity is Severity.ERROR:
        body = f"      <failure type={_quoted(finding.code)} message={_quoted(summary)}>{text}</failure>\n"
    else:
        body = f"      <system-out>warning {finding.code}: {text}</system-out>\n"
    return f"{head}{body}    </testcase>\n"


def _escaped(text: str) -> str:
    return escape(re.sub(_FORBIDDEN, "\ufffd", text))


def _quoted(text: str) -> str:
    return quoteattr(re.sub(_FORBIDDEN, "\ufffd", text))
