"""Decisions: which pattern decides, why, by which policy, and what depends on an identity. Without a Vault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from vault import acl_cases

from keywave.vault.acl.evaluate import Acl, Asked, Decision, covers
from keywave.vault.acl.policy import Policy, parse_policy


def granting(name: str, **paths: str) -> Policy:
    return parse_policy(name, json.dumps({"path": {path: {"policy": granted} for path, granted in paths.items()}}))


def acl(text: str, known: Mapping[str, str | None] | None = None) -> Acl:
    return Acl([parse_policy("p", text)], known)


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("a", "a", True),
        ("a", "a/", False),
        ("/a", "a", True),
        ("a", "/a", True),
        ("a*", "ab/c", True),
        ("a/*", "a", False),
        ("a/*", "a/", True),
        ("*", "", True),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a/b/c", False),
        ("a/+/c*", "a/b/cd/e", True),
        ("a/+/*", "a/b", False),
        ("a/+/*", "a/b/", True),
        ("a/+b", "a/xb", False),
        ("a/+b", "a/+b", True),
        ("a/*/c", "a/b/c", False),
        ("+", "a", True),
        ("+", "a/b", False),
    ],
)
def test_a_pattern_covers_a_path(pattern: str, path: str, covered: bool) -> None:
    assert covers(pattern, path) is covered


# Each rule decides over all below it, for the path a/b/c.
ORDER = ("a/b/c", "a/b/+", "a/b/*", "a/+/c", "a/+/+", "a/*", "a/+/c*", "a/+/*", "+/b/c", "+/+/c", "*", "+/*")


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_most_specific_pattern_decides_alone(place: int) -> None:
    rest = "\n".join(f'path "{path}" {{ policy = "sudo" }}' for path in ORDER[place + 1 :])
    assert acl(f'{rest}\npath "{ORDER[place]}" {{ capabilities = ["patch"] }}').capabilities("a/b/c") == {"patch"}


def test_no_rule_is_a_denial() -> None:
    assert (Acl([]).capabilities("a"), acl('path "a" {}').capabilities("a")) == ({"deny"}, {"deny"})


def test_a_decision_names_the_rule_and_its_policies() -> None:
    reader, writer = granting("reader", **{"kv/*": "read"}), granting("writer", **{"kv/*": "write"})
    both, rule = Acl([writer, granting("other", x="sudo"), reader]), writer.rules[0]
    lacking = "sudo is not among its capabilities (create, delete, list, read, update)"
    asked = [Asked("kv/a", "read"), Asked("kv/a", "delete"), Asked("kv/a", "sudo"), Asked("y", "read")]
    assert [both.decide(one) for one in asked] == [
        Decision(True, rule, 'path "kv/*" decides: read is granted', ("reader", "writer")),
        Decision(True, rule, 'path "kv/*" decides: delete is granted', ("writer",)),
        Decision(False, rule, f'path "kv/*" decides: {lacking}', ("reader", "writer")),
        Decision(False, None, "no policy speaks of y"),
    ]


def test_a_denial_names_the_rule_that_denies() -> None:
    reader, denier = granting("reader", **{"kv/*": "read"}), granting("denier", **{"kv/*": "deny"})
    expected = Decision(False, denier.rules[0], 'path "kv/*" decides: it denies', ("denier",))
    assert Acl([reader, denier]).decide(Asked("kv/a", "read")) == expected


def test_root_may_do_everything() -> None:
    assert Acl([Policy("root")]).decide(Asked("a", "sudo")) == Decision(True, None, "root may do everything", ("root",))
    assert Acl([Policy("root")]).capabilities("a") == {"root"}


def test_a_list_falls_back_to_the_path_without_its_slash_and_a_read_does_not() -> None:
    rules = acl('path "kv/a" { policy = "read" }')
    asked = [("kv/a", "list"), ("kv/a/", "list"), ("kv/a", "read"), ("kv/a/", "read")]
    assert [rules.decide(Asked(path, capability)).allowed for path, capability in asked] == [True, True, True, False]


@pytest.mark.parametrize(
    ("limits", "parameters", "wrap", "reason"),
    [
        ("", {"x": 1}, None, ""),
        ('required_parameters = ["X"]', {}, None, "the parameter X is required"),
        ('required_parameters = ["X"]', {"x": None}, None, ""),
        ('required_parameters = ["x"]', {"X": 1}, None, "the parameter x is required"),
        ('denied_parameters = { "*" = [] }', {"x": 1}, None, "no parameter may be sent"),
        ('denied_parameters = { "*" = [] }', {}, None, ""),
        ('denied_parameters = { "x" = [] }', {"X": 1}, None, "the parameter X is denied, or its value is"),
        ('denied_parameters = { "x" = ["a*"] }', {"x": "b, ab"}, None, "the parameter x is denied, or its value is"),
        ('denied_parameters = { "x" = ["a"] }', {"x": "b"}, None, ""),
        ('allowed_parameters = { "x" = [] }', {"x": 1, "y": 2}, None, "the parameter y is not allowed"),
        ('allowed_parameters = { "x" = ["a"], "*" = [] }', {"x": "b", "y": 2}, None, "the value of the parameter x is not allowed"),
        ('allowed_parameters = { "x" = ["a", "b"] }', {"x": ["b", "a"]}, None, ""),
        ('allowed_parameters = { "x" = [5] }', {"x": 5}, None, "the value of the parameter x is not allowed"),
        ('allowed_parameters = { "x" = [true] }', {"x": True}, None, ""),
        ("min_wrapping_ttl = 60", {}, None, "the answer must be wrapped"),
        ("min_wrapping_ttl = 60", {}, 59, "wrapping for 59 s is shorter than min_wrapping_ttl, 60 s"),
        ("max_wrapping_ttl = 60", {}, 61, "wrapping for 61 s is longer than max_wrapping_ttl, 60 s"),
        ("min_wrapping_ttl = 60 max_wrapping_ttl = 60", {}, 60, ""),
    ],
)  # fmt: skip
def test_parameters_and_wrapping_are_checked(
    limits: str, parameters: dict[str, Any], wrap: int | None, reason: str
) -> None:
    decision = acl(f'path "a" {{ policy = "write" {limits} }}').decide(Asked("a", "update", parameters, wrap))
    assert (decision.allowed, decision.reason) == (not reason, f'path "a" decides: {reason or "update is granted"}')


def test_no_value_of_a_parameter_is_in_the_reason(canary: str) -> None:
    decision = acl('path "a" { policy = "write" allowed_parameters = { "x" = ["y"] } }').decide(
        Asked("a", "update", {"x": canary})
    )
    assert (decision.allowed, canary in str(decision)) == (False, False)


TEMPLATE = """path "kv/{{identity.entity.name}}/*" { policy = "read" }
path "kv/all/*" { policy = "read" }
path "kv/deny/*" { policy = "deny" }"""


@pytest.mark.parametrize(
    ("path", "capability", "known", "allowed"),
    [
        ("kv/bob/x", "read", {"identity.entity.name": "bob"}, True),
        ("kv/bob/x", "read", {"identity.entity.name": "eve"}, False),
        ("kv/bob/x", "read", {"identity.entity.name": None}, False),
        ("kv/bob/x", "read", {"identity.entity": None}, False),
        ("kv/bob/x", "read", {}, None),
        ("kv/bob/x", "delete", {}, False),
        ("kv/all/x", "read", {}, True),
        ("kv/deny/x", "read", {}, None),
        ("kx/bob/x", "read", {}, False),
    ],
)
def test_a_template_is_filled_in_or_the_answer_depends_on_it(
    path: str, capability: str, known: dict[str, str | None], allowed: bool | None
) -> None:
    decision = acl(TEMPLATE, known).decide(Asked(path, capability))
    assert (decision.allowed, decision.depends_on) == (
        allowed,
        () if allowed is not None else ("identity.entity.name",),
    )


def test_an_answer_that_depends_names_rule_policy_and_value() -> None:
    own = parse_policy("own", 'path "kv/{{ identity.entity.id }}" { policy = "read" }')
    assert Acl([own]).decide(Asked("kv/x", "read")) == Decision(
        None, own.rules[0], "depends on identity.entity.id", ("own",), ("identity.entity.id",)
    )


def test_a_sure_answer_holds_for_every_identity() -> None:
    """Whatever the values are, an answer given without them is the one that is given with them."""
    random, sure, unsure = Random(2), 0, 0
    selectors = [f"identity.entity.metadata.{name}" for name in "abc"]
    values = ("a", "b", "ab", "a/b", "+", "*", "b*", "", "/", "+/", None)
    for _ in range(1500):
        policies = [
            parse_policy(str(number), acl_cases.templated(random, selectors)) for number in range(random.choice((1, 2)))
        ]
        known = {selector: random.choice(values) for selector in selectors}
        partly, wholly = Acl(policies, {selectors[0]: known[selectors[0]]}), Acl(policies, known)
        paths = [rule.path for one in policies for rule in one.rules]
        for selector, value in known.items():
            paths = [
                path.replace("{{" + selector + "}}", value or "").replace("{{ " + selector + " }}", value or "")
                for path in paths
            ]
        for path in acl_cases.paths_near(random, paths, 12):
            asked = Asked(path, random.choice(("read", "list", "delete")))
            before, after = partly.decide(asked), wholly.decide(asked)
            if before.allowed is None:
                unsure += 1
            elif "Vault cannot read" not in after.reason:
                sure += 1
                assert before.allowed is after.allowed, (policies, known, asked, before, after)
    assert min(sure, unsure) > 1000


def test_the_order_of_policies_changes_no_answer() -> None:
    random = Random(3)
    for _ in range(100):
        policies = [parse_policy(str(number), acl_cases.policy(random)) for number in range(4)]
        paths = acl_cases.paths_near(random, [rule.path for one in policies for rule in one.rules], 20)
        forward, backward = Acl(policies), Acl(policies[::-1])
        assert [forward.capabilities(path) for path in paths] == [backward.capabilities(path) for path in paths]


def test_a_path_with_many_templates_is_matched_in_no_time_and_never_too_narrowly() -> None:
    path = "a{{identity.entity.id}}" * 12
    acl = Acl([parse_policy("p", f'path "{path}b" {{ capabilities = ["read"] }}')])

    asked = {text: acl.decide(Asked(text, "read")).allowed for text in ("a" * 200, "a" * 12 + "b", "other")}

    assert asked == {"a" * 200: None, "a" * 12 + "b": None, "other": False}
