"""SARIF: what code scanning reads, held against the published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from keywave._version import VERSION
from keywave.codes import CODES
from keywave.emit import report
from keywave.findings import Finding, Location, Severity

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text())

ERROR = Finding(
    "KW6101",
    "the certificate is not verified",
    "give caCertSecretRef",
    Location("./overlays/prod and eu/vault.yaml", 14, ("spec", "skipTLSVerify")),
    subject="VaultConnection shop/vault",
    related=(Location("base/vault.yaml", 3, ("spec",)), Location()),
)
WARNING = Finding(
    "KW4008", "VaultPKISecret app/tls changes", "", Location("/srv/a.yaml"), Severity.WARNING, "VaultPKISecret app/tls"
)
PLACELESS = Finding("KW0701", "the input gives no object", "", Location("-"))


def sarif(*findings: Finding) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(report(findings, "sarif"))
    jsonschema.validate(document, SCHEMA)
    return document["runs"][0]  # type: ignore[no-any-return]


def without_fingerprints(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [{k: v for k, v in result.items() if k != "partialFingerprints"} for result in run["results"]]


def test_results_have_places_relative_to_the_repository() -> None:
    assert without_fingerprints(sarif(WARNING, ERROR, PLACELESS)) == [
        {"ruleId": "KW0701", "ruleIndex": 0, "level": "error", "message": {"text": "the input gives no object"}},
        {
            "ruleId": "KW6101",
            "ruleIndex": 2,
            "level": "error",
            "message": {
                "text": "VaultConnection shop/vault: the certificate is not verified\nfix: give caCertSecretRef"
            },
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "overlays/prod%20and%20eu/vault.yaml", "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": 14},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "VaultConnection shop/vault $.spec.skipTLSVerify"}],
                }
            ],
            "relatedLocations": [
                {
                    "id": 1,
                    "physicalLocation": {
                        "artifactLocation": {"uri": "base/vault.yaml", "uriBaseId": "%SRCROOT%"},
                        "region": {"startLine": 3},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "$.spec"}],
                }
            ],
        },
        {
            "ruleId": "KW4008",
            "ruleIndex": 1,
            "level": "warning",
            "message": {"text": "VaultPKISecret app/tls changes"},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": {"uri": "file:///srv/a.yaml"}},
                    "logicalLocations": [{"fullyQualifiedName": "VaultPKISecret app/tls $"}],
                }
            ],
        },
    ]


def test_each_code_is_one_rule_with_its_page() -> None:
    driver = sarif(ERROR, ERROR.at(Location("other.yaml", 1)))["tool"]["driver"]
    (rule,) = driver["rules"]

    assert (driver["name"], driver["semanticVersion"]) == ("keywave", VERSION)
    assert (rule["id"], rule["shortDescription"]["text"]) == ("KW6101", CODES["KW6101"])
    assert rule["fullDescription"]["text"] == "A connection does not verify Vault's certificate."
    assert rule["help"]["markdown"].startswith("# KW6101: ")


def test_without_findings_a_run_without_results() -> None:
    assert sarif()["results"] == []


def test_a_finding_whose_line_moved_keeps_its_fingerprint_and_another_object_has_another() -> None:
    moved, other = ERROR.at(ERROR.where._replace(line=99)), ERROR._replace(subject="VaultConnection shop/other")
    prints = [sarif(each)["results"][0]["partialFingerprints"]["keywave/v1"] for each in (ERROR, moved, other)]

    assert prints[0] == prints[1] != prints[2]


def test_every_code_makes_a_valid_rule() -> None:
    run = sarif(*(Finding(code, "x") for code in CODES))

    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(CODES)
