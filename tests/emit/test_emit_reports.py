"""Findings as text, JSON and annotations."""

from __future__ import annotations

import json

import pytest

from keywave.emit import FORMATS, report
from keywave.emit.reports import ReportOptions
from keywave.findings import Finding, Location, Severity

ERROR = Finding(
    "KW1002",
    'unknown field "kees"',
    'did you mean "keys"?',
    Location("overlays/prod/intent.yaml", 14, ("spec", "kees")),
    subject="SecretIntent payments",
    related=(Location("base/intent.yaml", 3, ("spec",)),),
)
WARNING = Finding(
    "KW4008",
    "label changes,\n often: 100%",
    "",
    Location("a,b.yaml", 2, ()),
    Severity.WARNING,
    "VaultPKISecret app/tls",
)
PLACELESS = Finding("KW0701", "the input gives no object", "", Location())


def test_text() -> None:
    assert report([WARNING, ERROR]) == (
        "keywave: 1 error, 1 warning\n"
        "overlays/prod/intent.yaml:14  $.spec.kees\n"
        '  error KW1002 SecretIntent payments: unknown field "kees"\n'
        '  fix: did you mean "keys"?\n'
        "  see also: base/intent.yaml:3  $.spec\n"
        "a,b.yaml:2\n"
        "  warning KW4008 VaultPKISecret app/tls: label changes, often: 100%\n"
        "more about a code: keywave explain KW1002\n"
    )


def test_a_finding_without_a_place() -> None:
    assert report([PLACELESS]) == (
        "keywave: 1 error\n  error KW0701 the input gives no object\nmore about a code: keywave explain KW0701\n"
    )


def test_twenty_at_most_unless_all_are_asked_for() -> None:
    many = [Finding("KW1002", f"number {n:02d}", where=Location("f", n + 1)) for n in range(25)]

    short, whole = report(many), report(many, "text", ReportOptions(limit=None))

    assert short.splitlines()[0] == "keywave: 25 errors"
    assert short.count("number") == 20
    assert "... and 5 more\n" in short
    assert whole.count("number") == 25
    assert "more\n" not in whole


def test_the_same_finding_is_told_once() -> None:
    assert report([ERROR, ERROR]).splitlines()[0] == "keywave: 1 error"


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_the_order_of_findings_does_not_matter(format: str) -> None:
    assert report([WARNING, ERROR, PLACELESS], format) == report([PLACELESS, ERROR, WARNING], format)


def test_colours_only_where_asked_for() -> None:
    colored = report([ERROR], "text", ReportOptions(color=True))

    assert "\x1b[31merror\x1b[0m" in colored
    assert "\x1b" not in report([ERROR])


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_name_from_vault_cannot_steer_a_terminal(format: str) -> None:
    hostile = Finding(
        "KW8105", "nothing at kv/\x1b[2Ja\x9b", "write \x07", Location("a.yaml", 1), subject="Secret \x1b]0;x"
    )

    told = report([hostile], format)

    assert not {"\x1b", "\x9b", "\x07"} & set(told)
    assert "\\u001b" not in told


def test_json() -> None:
    assert json.loads(report([ERROR, WARNING], "json")) == {
        "schema": 1,
        "summary": {"errors": 1, "warnings": 1},
        "findings": [
            {
                "code": "KW1002",
                "severity": "error",
                "message": 'unknown field "kees"',
                "hint": 'did you mean "keys"?',
                "subject": "SecretIntent payments",
                "where": {
                    "file": "overlays/prod/intent.yaml",
                    "line": 14,
                    "path": "$.spec.kees",
                    "keys": ["spec", "kees"],
                },
                "related": [{"file": "base/intent.yaml", "line": 3, "path": "$.spec", "keys": ["spec"]}],
            },
            {
                "code": "KW4008",
                "severity": "warning",
                "message": "label changes,\n often: 100%",
                "hint": "",
                "subject": "VaultPKISecret app/tls",
                "where": {"file": "a,b.yaml", "line": 2, "path": "$", "keys": []},
                "related": [],
            },
        ],
    }


def test_github() -> None:
    assert report([ERROR, WARNING, PLACELESS], "github") == (
        "::error title=KW0701::the input gives no object%0A$\n"
        "::error file=overlays/prod/intent.yaml,line=14,title=KW1002 SecretIntent payments"
        '::unknown field "kees"%0A$.spec.kees%0Afix: did you mean "keys"?\n'
        "::warning file=a%2Cb.yaml,line=2,title=KW4008 VaultPKISecret app/tls::label changes,%0A often: 100%25%0A$\n"
    )


NOTHING = {
    "text": "",
    "github": "",
    "json": '{\n  "schema": 1,\n',
    "sarif": '{\n  "$schema": ',
    "junit": "<?xml ",
}


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_without_findings(format: str) -> None:
    found = report([], format)

    assert found == "" if not NOTHING[format] else found.startswith(NOTHING[format])
