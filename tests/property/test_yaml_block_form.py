"""The quick reader against the full one: it knows the same value, or says that it does not know."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_documents import objects, styled_documents
from yaml_traps import DOCUMENTS, SCALARS

from keywave.objects import blockform
from keywave.objects.construct import construct
from keywave.objects.dump import dump
from keywave.objects.limits import DEFAULT_LIMITS
from keywave.objects.yamlerror import YamlError


def full(text: str) -> Any:
    try:
        made = construct(text)
    except YamlError as problem:
        return problem
    return made.value if made.ended and not made.repeated else "no single meaning"


def assert_same(text: str) -> None:
    quick = blockform.read(text, DEFAULT_LIMITS)
    if quick is not blockform.UNKNOWN:
        expected = full(text)

        assert (quick, repr(quick)) == (expected, repr(expected)), text


VALUES = [
    *(
        "",
        "",
        "",
        "x",
        "x y",
        "1",
        "0644",
        "1e3",
        "on",
        "~",
        '"x"',
        "'x'",
        "{}",
        "[]",
        "[a, b]",
        "{a: b}",
        "{a: on, b: 1}",
        "a:b",
    ),
    *(
        "http://x/y",
        "x # c",
        "# c",
        "-1",
        "-x",
        "--x",
        "$(A)",
        "x, y",
        "x: y",
        "x:",
        "- x",
        "|",
        "&a x",
        "*a",
        '"a\\n"',
        "'it''s'",
        "x'",
    ),
]
KEYS = ["a", "b", "c", "d.e/f-g", "on", "null", "x1"]
line = st.builds(
    lambda indent, dash, key, value: f"{' ' * indent}{dash}{key}{value}",
    st.integers(0, 5),
    st.sampled_from(["", "", "", "- ", "-  ", "-", "- - "]),
    st.sampled_from(["", "# ", *(f"{key}: " for key in KEYS), *(f"{key}:" for key in KEYS)]),
    st.sampled_from(VALUES),
)


@settings(max_examples=700, deadline=None)
@given(st.lists(line, min_size=1, max_size=7), st.sampled_from(["\n", ""]))
def test_lines_in_any_order(lines: list[str], end: str) -> None:
    assert_same("\n".join(lines) + end)


@st.composite
def nested(draw: st.DrawFn) -> str:
    """Lines whose indentation mostly makes sense, so that whole documents come about."""
    lines, columns = [], [0]
    for number in range(draw(st.integers(1, 9))):
        column = draw(st.sampled_from(columns))
        dash = draw(st.sampled_from(["", "", "- "]))
        value = draw(st.sampled_from(["", "", *VALUES]))
        lines.append(f"{' ' * column}{dash}k{number}:{' ' + value if value else ''}")
        columns = (
            [c for c in columns if c <= column]
            + [column + len(dash)] * 2
            + [column + len(dash) + 2] * (4 if not value else 0)
        )
    return "\n".join(lines) + "\n"


@settings(max_examples=700, deadline=None)
@given(nested())
def test_documents_of_block_form(text: str) -> None:
    assert_same(text)


@settings(max_examples=120, deadline=None)
@given(styled_documents | objects.map(dump))
def test_documents_in_any_style(text: str) -> None:
    assert_same(text)


def test_every_trap() -> None:
    positions = [
        "k: %s\n",
        "%s: v\n",
        "k:\n- %s\n",
        "k: [%s]\n",
        "k: {a: %s}\n",
        "k: {%s: a}\n",
        "a:\n  b: %s # c\n",
        "a: %s\nb: c\n",
    ]
    for text in [*DOCUMENTS, *(position.replace("%s", scalar) for position in positions for scalar in SCALARS)]:
        assert_same(text)


def test_an_ordinary_deployment_is_known() -> None:
    text = """\
# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  labels: {app: app}

spec:
  template:
    spec:
      containers:
      - name: app # the only one
        image: "ghcr.io/acme/app:1.2.3"
        args: [port, 8080]
        envFrom:
          - secretRef:
              name: app
"""

    assert blockform.read(text, DEFAULT_LIMITS) == full(text)
