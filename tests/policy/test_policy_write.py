"""Policies as text: stable, and the same rules when they are read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.vault.acl.policy import CAPABILITIES, Rule, parse_policy
from keywave.vault.acl.write import write_policy

TEXT = st.text(st.one_of(st.sampled_from("${}%\"\\'\n\r\t*+/#"), st.characters(exclude_categories=["Cs"])), max_size=12)
PARAMETERS = st.none() | st.dictionaries(
    TEXT.map(str.lower), st.lists(st.one_of(TEXT, st.integers(-9, 9), st.booleans()), max_size=3).map(tuple), max_size=3
)
RULES = st.builds(
    Rule,
    path=TEXT.filter(lambda path: "+*" not in path and "{{" not in path and "}}" not in path),
    capabilities=st.frozensets(st.sampled_from([c for c in CAPABILITIES if c != "deny"])),
    allowed_parameters=PARAMETERS,
    denied_parameters=PARAMETERS,
    required_parameters=st.lists(TEXT, max_size=2).map(tuple),
    min_wrapping_ttl=st.sampled_from([0, 1, 60]),
    max_wrapping_ttl=st.sampled_from([0, 60, 0.5 + 60, 3600]),
    mfa_methods=st.lists(TEXT, max_size=2).map(tuple),
    subscribe_event_types=st.lists(TEXT, max_size=2).map(tuple),
    control_group=st.just(False),
    line=st.just(0),
)


@given(st.lists(RULES, min_size=1, max_size=4))
def test_what_is_written_reads_back_as_the_same_rules(rules: list[Rule]) -> None:
    read = parse_policy("p", write_policy(rules)).rules

    assert [rule._replace(line=0) for rule in read] == sorted(rules, key=lambda rule: rule.path)


@given(st.lists(RULES, max_size=4, unique_by=lambda rule: rule.path))
def test_the_order_of_the_rules_is_nobodys_business(rules: list[Rule]) -> None:
    assert write_policy(rules) == write_policy(rules[::-1])


def test_a_policy_for_people() -> None:
    rules = [
        Rule("sys/leases/revoke", frozenset({"update"}), {"lease_id": ("db/creds/ro/*",), "sync": ()}),
        Rule("kv/data/dev/*", frozenset({"read", "list"}), min_wrapping_ttl=60, required_parameters=("version",)),
    ]

    assert (
        write_policy(rules)
        == """\
path "kv/data/dev/*" {
  capabilities = ["list", "read"]
  required_parameters = ["version"]
  min_wrapping_ttl = "60s"
}

path "sys/leases/revoke" {
  capabilities = ["update"]
  allowed_parameters = {
    "lease_id" = ["db/creds/ro/*"]
    "sync" = []
  }
}
"""
    )


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        write_policy([Rule("kv/\ud800", frozenset({"read"}))])
