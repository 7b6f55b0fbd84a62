"""Policies and paths that try to make an evaluator err: patterns that overlap, slashes at ends, wildcards in odd places, denials.

All from a seeded `random.Random`, so that a case has a number and comes again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

SEGMENTS = ("a", "b", "ab", "c", "+", "+", "+", "a", "b", "", "+a", "a+", "é", "*", "a*")
ENDS = ("", "", "", "*", "*", "/", "/*", "/+", "/+/")
CAPABILITIES = ("create", "read", "update", "delete", "list", "sudo", "patch", "recover", "subscribe")
SHORTHANDS = ("read", "write", "sudo", "deny")


def pattern(random: Random) -> str:
    """A path for a rule; never one that Vault refuses."""
    path = "/".join(random.choices(SEGMENTS, k=random.randint(1, 4))) + random.choice(ENDS)
    if random.random() < 0.1:
        path = "/" + path
    if random.random() < 0.03:
        path = random.choice(("*", "+", "", "/", "+/*", "a+/+", "+/+/+/+"))
    while "+*" in path:
        path = path.replace("+*", "+/*")
    return path


def capabilities(random: Random) -> str:
    if random.random() < 0.2:
        return f'policy = "{random.choice(SHORTHANDS)}"'
    if random.random() < 0.12:
        return 'capabilities = ["read", "deny"]'
    return f"capabilities = {json.dumps(random.sample(CAPABILITIES, random.randint(0, 3)))}"


def policy(random: Random) -> str:
    """The text of a policy, in HCL or JSON."""
    rules = [(pattern(random), capabilities(random)) for _ in range(random.randint(1, 6))]
    if random.random() < 0.15:
        rules.append((rules[0][0], capabilities(random)))
    return "\n".join(f"path {json.dumps(path, ensure_ascii=False)} {{ {granted} }}" for path, granted in rules)


def paths_near(random: Random, patterns: Sequence[str], count: int) -> list[str]:
    """Paths that these patterns nearly cover, or do."""
    found: set[str] = set()
    for _ in range(count):
        path = random.choice(patterns)
        parts = [
            random.choice(("a", "b", "ab", "x", "")) if part == "+" and random.random() < 0.85 else part
            for part in path.split("/")
        ]
        path = "/".join(parts)
        if path.endswith("*") and random.random() < 0.85:
            path = path[:-1] + random.choice(("", "a", "/", "a/b", "x/", "b/c/d", "*"))
        path += random.choice(("", "", "", "/", "/", "a", "/a", "//"))
        if random.random() < 0.15:
            path = path.removesuffix("/").rpartition("/")[0]
        if random.random() < 0.05:
            path = "/" + path
        # sys/capabilities cuts a path at commas and blanks, and wants one.
        if path:
            found.add(path)
    return sorted(found)


NAMES = ("a", "B", "c")
PLAIN: tuple[Any, ...] = ("", "v", "vw", "w", "v,w", " v , x", "*", "5", 5, 1.5, True, False)
VALUES: tuple[Any, ...] = (
    *PLAIN,
    None,
    [],
    ["v"],
    ["v", "w"],
    ["v", 5],
    [["v"]],
    {"k": "v"},
    {"k": {"l": "v"}},
    [{"k": "v"}],
)
WANTED = (
    *('"v"', '"w"', '"v*"', '"*w"', '"*v*"', '"*"', '"**"', '""', "5", "1.5", "true", "false", '"v,w"', '"5"'),
    *('["v", "w"]', '["v"]', '[["v"]]', '{ k = "v" }', '{ k = { l = "v" } }', '[{ k = "v" }]'),
)


def parameter_rule(random: Random) -> str:
    """The inside of a block with limits on parameters and wrapping."""
    granted = [
        capability for capability in ("create", "read", "update", "delete", "list", "patch") if random.random() < 0.85
    ]
    lines = [f"capabilities = {json.dumps(granted)}"]
    for field, chance in (("allowed_parameters", 0.6), ("denied_parameters", 0.4)):
        if random.random() < chance:
            names = random.sample(
                (*NAMES, "b", "A", "*") if field[0] == "a" else (*NAMES, "C", "*", "c"), random.randint(0, 3)
            )
            names = list({name.lower(): name for name in names}.values())
            wanted = (f'"{name}" = [{", ".join(random.sample(WANTED, random.randint(0, 3)))}]' for name in names)
            lines.append(f"{field} = {{ {', '.join(wanted)} }}")
    if random.random() < 0.3:
        lines.append(f"required_parameters = {json.dumps(random.sample(NAMES, random.randint(0, 2)))}")
    if random.random() < 0.25:
        least, most = sorted(random.sample((10, 20, 30, 40, 50), 2))
        lines += random.choice(
            (
                [f"min_wrapping_ttl = {least}"],
                [f'max_wrapping_ttl = "{most}s"'],
                [f"min_wrapping_ttl = {least}", f"max_wrapping_ttl = {most}"],
            )
        )
    return "\n".join(lines)


def parameters(random: Random) -> dict[str, Any]:
    return {
        name: random.choice(VALUES)
        for name in random.sample((*NAMES, "A", "b", "C"), random.choice((0, 1, 1, 1, 2, 3)))
    }


TEMPLATES = (
    "identity.entity.id",
    "identity.entity.name",
    "identity.entity.metadata.team",
    "identity.entity.metadata.empty",
    "identity.entity.metadata.star",
    "identity.entity.metadata.plus",
    "identity.entity.metadata.deep",
    "identity.entity.metadata.none",
    "identity.entity.metadata",
    "identity.entity.groups.names",
    "identity.groups.names.GROUP.name",
    "identity.groups.names.GROUP.id",
    "identity.groups.names.GROUP.metadata.colour",
    "identity.groups.names.GROUP.metadata.none",
    "identity.groups.names.nobody.id",
    "identity.groups.ids.nobody.name",
    "identity.entity.aliases.ACCESSOR.name",
    "identity.entity.aliases.ACCESSOR.id",
    "identity.entity.aliases.ACCESSOR.metadata.role_name",
    "identity.entity.aliases.ACCESSOR.custom_metadata.x",
    "identity.entity.aliases.nobody.name",
    "identity.entity.nonsense",
    "nonsense",
    "",
)


def templated(random: Random, selectors: Sequence[str]) -> str:
    """The text of a policy with templates, some of which cannot be filled in."""
    rules = []
    for _ in range(random.randint(1, 4)):
        path = pattern(random).removesuffix("*").rstrip("+")
        for _ in range(random.randint(0, 2)):
            blank = random.choice(("", " "))
            path += (
                random.choice(("", "/", "x"))
                + "{{"
                + blank
                + random.choice(selectors)
                + blank
                + "}}"
                + random.choice(("", "*", "/", "/*", "/+/b", "x"))
            )
        while "+*" in path:
            path = path.replace("+*", "+/*")
        rules.append(f"path {json.dumps(path, ensure_ascii=False)} {{ {capabilities(random)} }}")
    return "\n".join(rules)


def mutated(random: Random, text: str, donors: Sequence[str]) -> str:
    """The text of a policy with a few characters or pieces of another put in, taken out, or doubled."""
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(text) + 1)
        end = min(len(text), at + random.choice((0, 0, 1, 1, 2, 5)))
        donor = random.choice(donors)
        begin = random.randrange(len(donor) + 1)
        put = random.choice(
            ("", random.choice(MARKS), random.choice(MARKS), donor[begin : begin + random.choice((1, 3, 10, 30))])
        )
        text = text[:at] + put + text[end:]
    return text


MARKS = (
    *'"{}[]=,:#/\\+-*.$0158eE<\n\r \t',
    *("${", "/*", "*/", "//", "<<EOF\n", "EOF\n", "<<-X\n", "\n X\n", "\\x", "\\u00", "\\U0011", "\\777"),
    *("null", "true", "path", '"a"', "1e", ".5", "0x", "-", "é", "{{", "}}", "\r\n", "+*", "deny"),
)
