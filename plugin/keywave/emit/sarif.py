"""Findings as SARIF 2.1.0, which code scanning shows in a pull request. One rule a code, with the text of its page.

Sources: OASIS SARIF 2.1.0; GitHub's "SARIF support for code scanning" (relative URIs, `partialFingerprints`, help as Markdown).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from keywave._version import VERSION
from keywave.codes import CODES
from keywave.findings import Finding, Location

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"


def sarif(findings: Sequence[Finding]) -> str:
    """One run with all findings, which are sorted and unique already; without findings a run without results, which closes alerts."""
    codes = sorted({finding.code for finding in findings})
    rules = {code: index for index, code in enumerate(codes)}
    run = {
        "tool": {"driver": {"name": "keywave", "semanticVersion": VERSION, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules[finding.code]) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    title = CODES.get(code, code)
    page = _page(code)
    rule: dict[str, Any] = {"id": code, "shortDescription": {"text": title}}
    if page:
        rule["fullDescription"] = {"text": _first_sentences(page) or title}
        rule["help"] = {"text": page, "markdown": page}
    return rule


def _page(code: str) -> str:
    """The page of a code as it is shipped; "" where it has none."""
    from importlib import resources

    place = resources.files("keywave.finding_pages").joinpath(f"{code}.md")
    return place.read_text(encoding="utf-8") if place.is_file() else ""


def _first_sentences(page: str) -> str:
    """What stands under `## What was found`, up to the first empty line."""
    _, _, rest = page.partition("## What was found\n\n")
    return " ".join(rest.partition("\n\n")[0].split())


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    text = f"{finding.subject}: {finding.message}" if _names_it_not(finding) else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": f"{text}\nfix: {finding.hint}" if finding.hint else text},
        "partialFingerprints": {"keywave/v1": _fingerprint(finding)},
    }
    if place := _place(finding.where, finding.subject):
        result["locations"] = [place]
    related = [
        {"id": number, **place} for number, where in enumerate(finding.related, 1) if (place := _place(where, ""))
    ]
    return {**result, "relatedLocations": related} if related else result


def _names_it_not(finding: Finding) -> bool:
    return bool(finding.subject) and finding.subject not in finding.message


def _place(where: Location, subject: str) -> dict[str, Any]:
    """{} for what is in no file (standard input)."""
    if not where.file or where.file == "-":
        return {}
    absolute = where.file.startswith("/")
    uri = ("file://" if absolute else "") + quote(where.file.removeprefix("./"))
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri} if absolute else {"uri": uri, "uriBaseId": _ROOT}}
    if where.line:
        physical["region"] = {"startLine": where.line}
    logical = {"fullyQualifiedName": f"{subject} {where.path}".strip()} if where.keys or subject else {}
    return {"physicalLocation": physical, **({"logicalLocations": [logical]} if logical else {})}


def _fingerprint(finding: Finding) -> str:
    """The same for a finding whose line has moved."""
    from hashlib import sha256

    parts = (finding.code, finding.subject, finding.where.file, finding.where.path, finding.message)
    return sha256("\0".join(parts).encode()).hexdigest()[:32]
