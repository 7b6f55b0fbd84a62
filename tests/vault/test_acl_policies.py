"""Texts of policies: what is taken, what it means, and that nothing but PolicyError ever comes out. Without a Vault."""

from __future__ import annotations

from random import Random

import pytest
from vault import acl_cases
from vault.acl_corpus import CORPUS, Text

from keywave.vault.acl.evaluate import Acl
from keywave.vault.acl.nodes import MAX_CHARACTERS, MAX_DEPTH
from keywave.vault.acl.policy import Policy, PolicyError, Rule, parse_policy


@pytest.mark.parametrize("case", CORPUS, ids=[case.sentence for case in CORPUS])
def test_a_text_is_taken_or_refused_as_the_corpus_says(case: Text) -> None:
    if case.accepted:
        assert parse_policy("p", case.text).name == "p"
    else:
        with pytest.raises(PolicyError):
            parse_policy("p", case.text)


def test_a_rule_holds_all_that_its_block_says() -> None:
    text = """# for the shop
path "kv/data/{{identity.entity.name}}/*" {
  policy = "read"
  capabilities = ["update"]
  allowed_parameters = { "Ttl" = ["1h", 5], "*" = [] }
  denied_parameters { force = [true, 1.5, ["a"], { x = 1 }] }
  required_parameters = ["Name"]
  min_wrapping_ttl = "1500ms"
  max_wrapping_ttl = 90
  mfa_methods = ["duo"]
  subscribe_event_types = ["kv*"]
  control_group { factor "ops" { identity { group_names = ["g"] approvals = 1 } } }
}
"""
    assert parse_policy("shop", text) == Policy(
        "shop",
        (
            Rule(
                path="kv/data/{{identity.entity.name}}/*",
                capabilities=frozenset({"read", "list", "update"}),
                allowed_parameters={"ttl": ("1h", 5), "*": ()},
                denied_parameters={"force": (True, 1.5, ["a"], {"x": 1})},
                required_parameters=("Name",),
                min_wrapping_ttl=1.5,
                max_wrapping_ttl=90,
                mfa_methods=("duo",),
                control_group=True,
                subscribe_event_types=("kv*",),
                line=2,
            ),
        ),
    )


def test_a_denial_keeps_nothing_else() -> None:
    text = 'path "a" { capabilities = ["read", "deny"] required_parameters = ["x"] min_wrapping_ttl = 5 }'
    assert parse_policy("p", text).rules == (Rule("a", frozenset({"deny"}), line=1),)


def test_json_and_hcl_give_the_same_rules() -> None:
    hcl = 'path "a/*" { capabilities = ["read"]\nallowed_parameters = { "x" = ["1"] } }\npath "b" { policy = "deny" }'
    json = (
        '{"path": {"a/*": {"capabilities": ["read"],\n"allowed_parameters": {"x": ["1"]}},\n"b": {"policy": "deny"}}}'
    )
    rules = [[rule._replace(line=0) for rule in parse_policy("p", text).rules] for text in (hcl, json)]
    assert rules[0] == rules[1]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"\x61\u0062\U00000063\144"', "abcd"),
        (r'"a\t\"\\"', 'a\t"\\'),
        (r'"\xc3\xa9"', "é"),
        (r'"${\n"}"', '${\\n"}'),
        ("word.with-signs", "word.with-signs"),
    ],
)
def test_a_path_means_what_its_escapes_say(written: str, read: str) -> None:
    assert [rule.path for rule in parse_policy("p", f"path {written} {{}}").rules] == [read]


@pytest.mark.parametrize(
    ("heredoc", "read"),
    [
        ("<<EOF\na\n b\nEOF\n", "a\n b\n"),
        ("<<EOF\na\n  EOF\n", "a\n  "),
        ("<<EOF\nEOF\n", ""),
        ("<<-EOF\n  a\n    b\n  EOF\n", "a\n  b\n"),
        ("<<-EOF\n a\n    b\n  EOF\n", " a\n    b\n"),
        ("<<-EOF\n EOF\n", ""),
    ],
)
def test_a_heredoc_keeps_or_loses_its_indentation(heredoc: str, read: str) -> None:
    rule = parse_policy("p", f'path "a" {{ allowed_parameters = {{ x = [{heredoc}] }} }}').rules[0]
    assert rule.allowed_parameters == {"x": (read,)}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('path "a" {\n  policy = "read"\n  policy = "write"\n}', 3, "policy is set twice; Vault takes an attribute only once"),
        ('\npath "a" {\n  capabilities = ["read"\n}', 4, "} where ',' or ']' or a value is expected"),
        ('path "a" {\n', 2, "the end of the text where '}' is expected (opened in line 1)"),
        ('# x\npath "a/+*" {}', 2, "path 'a/+*': '+*' is not allowed; '+' is a whole segment"),
        ('path "a/{{x" {}', 1, "path 'a/{{x': '{{' and '}}' do not pair"),
        ('path "a" {}\n/* x', 2, "a comment that does not end"),
        ("", 1, "the policy is empty; Vault takes a comment, but not nothing"),
        ("\ud800", 1, "text that is not UTF-8"),
    ],
)  # fmt: skip
def test_a_refusal_says_where_and_why(text: str, line: int, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy("p", text)
    assert (refused.value.line, refused.value.message) == (line, message)


def test_an_unknown_capability_is_named_with_those_that_exist() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy("p", 'path "a" {\n capabilities = ["raed"]\n}')
    assert str(refused.value) == (
        "line 1: path 'a': 'raed' is no capability "
        "(create, read, update, patch, delete, list, sudo, subscribe, recover, deny)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "{" * 5000,
        'path "a" { comment = ' + "[" * (MAX_DEPTH + 1),
        "x " * 20000 + "{" * 300,
        '{"a":' * 5000,
    ],
)
def test_deep_texts_are_refused_without_a_traceback(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy("p", text)


def test_large_texts_are_refused_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy("p", "#" * (MAX_CHARACTERS + 1))
    assert refused.value.message == f"more than {MAX_CHARACTERS} characters"


def test_texts_with_slips_give_a_policy_or_a_policy_error() -> None:
    random, texts = Random(1), [case.text for case in CORPUS]
    refusals, taken, beyond = 0, 0, []
    for _ in range(3000):
        text = acl_cases.mutated(random, random.choice(texts), texts)
        try:
            taken += bool(Acl([parse_policy("p", text)]).capabilities("a"))
        except PolicyError as refused:
            refusals += 1
            beyond += [text] * (not 1 <= refused.line <= text.count("\n") + 1)
    assert (beyond, taken > 150, refusals > 150) == ([], True, True)


def test_attributes_set_twice_are_merged_where_asked() -> None:
    text = 'path "a" { policy = "write"\npolicy = "read"\ncapabilities = ["sudo"]\ncapabilities = ["delete"] }'
    with pytest.raises(PolicyError):
        parse_policy("p", text)
    assert parse_policy("p", text, duplicates=True).rules == (
        Rule("a", frozenset({"read", "list", "sudo", "delete"}), line=1),
    )


def test_root_has_no_text() -> None:
    assert (parse_policy("root", "").is_root, parse_policy("rooted", "# x").is_root) == (True, False)


def test_blanks_and_comments_between_tokens_change_nothing() -> None:
    pieces = ["path", '"a"', "{", "capabilities", "=", "[", '"read"', ",", '"list"', ",", "]", "}"]
    read = {
        parse_policy("p", between.join(pieces) + "\n").rules[0]._replace(line=0)
        for between in ("", " ", "\n", "\t", "/* x */", " // x\n", "\r\n", "#\n")
    }
    assert read == {Rule("a", frozenset({"read", "list"}))}
