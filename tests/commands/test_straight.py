"""The reader without click: it says what click says, or nothing."""

from __future__ import annotations

from typing import Any

import click
import pytest

from keywave.commands import straight
from keywave.commands.render import render

VARIABLES = ("KEYWAVE_PROFILES", "ARGOCD_APP_PROJECT_NAME", "ARGOCD_APP_NAMESPACE", "KEYWAVE_CACHE_DIR")


def by_click(args: list[str]) -> dict[str, Any]:
    return render.make_context("render", list(args)).params


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


PLAIN = {
    "nothing at all": [],
    "a path": ["overlays/prod"],
    "standard input": ["-"],
    "a target before the path": ["--target", "flux", "."],
    "a value behind an equals sign": [".", "--target=plain", "--name-prefix=a=b"],
    "standard output by name": [".", "--out", "-"],
    "flags": ["--strict", "--allow-empty", ".", "--allow-helm", "--allow-remote", "--label-without-selector"],
    "lists": [
        *(".", "--image", "a=b:1", "--image=c:2", "--replicas", "web=2", "--label", "a=b"),
        *("--annotation", "c=d", "--component", "../x", "--patch", "{path: p.yaml}"),
    ],
    "the last of two": [".", "--target", "flux", "--target", "argocd"],
    "every text": [
        *(".", "--profiles", "p", "--profile", "q", "--project", "r", "--destination-namespace", "s", "--name", "t"),
        *("--cache-dir", "u", "--name-prefix", "v", "--name-suffix", "w", "--namespace", "x", "--out", "y"),
        *("--format", "json", "--layer", "secrets", "--kit", "platform", "--report", "github"),
        *("--verify", "lock"),
    ],
}


@pytest.mark.parametrize("sentence", PLAIN)
def test_a_plain_line_reads_as_by_click(sentence: str) -> None:
    assert straight.options(PLAIN[sentence]) == by_click(PLAIN[sentence])


def test_variables_count_as_for_click(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, f"from-{name}")
    monkeypatch.setenv("KEYWAVE_PROFILES", "")
    lines: list[list[str]] = [[], ["--project", "said"]]

    assert [straight.options(line) for line in lines] == [by_click(line) for line in lines]


@pytest.mark.parametrize(
    ("sentence", "args"),
    [
        ("help", ["--help"]),
        ("short help", ["-h"]),
        ("an option that is not there", ["--targets", "flux"]),
        ("an option cut short", ["--targ", "flux"]),
        ("a value that is missing", ["--target"]),
        ("a value that is empty", ["--name", ""]),
        ("a value that is no choice", ["--target", "argo"]),
        ("a value that looks like an option", ["--name", "--strict"]),
        ("a flag with a value", ["--strict=yes"]),
        ("two paths", ["a", "b"]),
        ("an empty path", [""]),
        ("the end of options", ["--", "a"]),
        ("a number", ["--timeout", "5"]),
    ],
)
def test_everything_else_is_left_to_click(sentence: str, args: list[str]) -> None:
    assert straight.options(args) is None


def test_every_option_is_known_by_its_name_here() -> None:
    declared = {p.opts[0]: p.name for p in render.params if isinstance(p, click.Option)}
    declared.pop("--timeout")
    known = {option: text.name for option, text in straight.TEXTS.items()} | straight.FLAGS | straight.LISTS

    assert known == declared


def test_variables_and_choices_are_those_declared() -> None:
    declared = {
        p.opts[0]: (p.envvar or "", tuple(p.type.choices) if isinstance(p.type, click.Choice) else ())
        for p in render.params
        if p.opts[0] in straight.TEXTS
    }

    assert {option: (text.variable, text.choices) for option, text in straight.TEXTS.items()} == declared


@pytest.mark.parametrize(
    "argv", [[], ["--version"], ["graph", "."], ["cmp"], ["cmp", "parameters"], ["cmp", "generate", "x"]]
)
def test_other_commands_are_left_to_click(argv: list[str]) -> None:
    assert straight.command(argv) is None


def test_the_plugin_needs_no_click() -> None:
    assert straight.command(["cmp", "generate"]) is not None
