"""Every rule about one object: what is told, where, and what to do. The cases stand in `*_rules.txt` beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest
from intent_samples import intent, load_one, profile, rule_cases, shown

from keywave.codes.intents import CODES
from keywave.findings import Severity
from keywave.intent.load import load

HERE = Path(__file__).parent
INTENTS = rule_cases((HERE / "intent_rules.txt").read_text(encoding="utf-8"))
PROFILES = rule_cases((HERE / "profile_rules.txt").read_text(encoding="utf-8"))
BETWEEN_OBJECTS = {"KW1001", "KW1002", "KW1010", "KW1011", "KW1012", "KW1013", "KW1014", "KW1016", "KW1026", "KW1050"}
"""Codes that `test_intent_between_objects.py`, `test_intent_load.py` and `test_intent_guardrails.py` exercise."""
BY_TABLE = {
    *("KW1003", "KW1004", "KW1005", "KW1006", "KW1007", "KW1008"),
    *("KW1015", "KW1020", "KW1021", "KW1022", "KW1023", "KW1024", "KW1025", "KW1027", "KW1028", "KW1029"),
    *("KW1030", "KW1031", "KW1032", "KW1033", "KW1034", "KW1035", "KW1036"),
    *("KW1040", "KW1041", "KW1051", "KW1060", "KW1061", "KW1062", "KW1063", "KW1064", "KW1065"),
}
WARNINGS = {"KW1032", "KW1060", "KW1061"}


@pytest.mark.parametrize(("sentence", "spec", "expected"), INTENTS, ids=[c[0] for c in INTENTS])
def test_a_rule_of_intents(sentence: str, spec: str, expected: str) -> None:
    actual = shown(load_one(spec).findings)

    assert actual == expected


@pytest.mark.parametrize(("sentence", "spec", "expected"), PROFILES, ids=[c[0] for c in PROFILES])
def test_a_rule_of_profiles(sentence: str, spec: str, expected: str) -> None:
    actual = shown(load([profile(spec)]).findings)

    assert actual == expected


def test_every_code_is_exercised() -> None:
    told = {
        line.split(" ")[0] for _, _, expected in INTENTS + PROFILES for line in expected.splitlines() if line[0] == "K"
    }

    assert told == BY_TABLE
    assert told | BETWEEN_OBJECTS == set(CODES)


def test_only_these_codes_are_warnings() -> None:
    specs = [spec for _, spec, _ in INTENTS]
    findings = [f for spec in specs for f in load_one(spec).findings]
    findings += [f for _, spec, _ in PROFILES for f in load([profile(spec)]).findings]

    assert {f.code for f in findings if f.severity is Severity.WARNING} == WARNINGS


def test_a_finding_names_its_object_and_file() -> None:
    (finding,) = load([profile(), intent("kv: a/b\nkeyz: {}")]).findings

    assert (finding.subject, finding.where.file) == ("SecretIntent shop/payments", "app.yaml")
