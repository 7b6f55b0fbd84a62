"""Strategies: JSON values such as objects hold, and YAML texts in many styles that mean something known or not."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from keywave.objects.dump import dump, dump_quoted
from keywave.objects.scalars import resolve

WORDS = [
    *(
        "",
        "~",
        "null",
        "Null",
        "y",
        "N",
        "yes",
        "Yes",
        "NO",
        "on",
        "Off",
        "true",
        "FALSE",
        "=",
        "<<",
        "-",
        "?",
        ":",
        "---",
        "...",
    ),
    *(
        "0",
        "08",
        "0644",
        "0o644",
        "0O17",
        "0x1F",
        "0b11",
        "1_000",
        "1e3",
        "1E5",
        "1.",
        ".5",
        "1.5",
        "-1",
        "+1",
        "1:30",
        "1:30:20",
    ),
    *(
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
    ),
    *(
        "2001-01-01",
        "2001-12-14t21:59:43.10-05:00",
        ".inf",
        "-.INF",
        ".nan",
        "1e999",
        "10.0.0.1",
        "1.2.3",
        "30s",
        "100m",
        "128Mi",
    ),
    *(
        " lead",
        "trail ",
        "a: b",
        "a #b",
        "#c",
        "a:",
        "a\tb",
        "\ttab",
        "[x]",
        "{x}",
        "a,b",
        "&a",
        "*a",
        "!t",
        "|",
        ">",
        "%x",
        "@x",
        "`x",
    ),
    *(
        "'",
        '"',
        "it's",
        'say "x"',
        "\\",
        "\\n",
        "${VAR}",
        "$(VAR)",
        "{{ x }}",
        "é",
        "ß: ü",
        "日本",
        "😀",
        "\x00",
        "\x07",
        "\x1b",
        "\x7f",
    ),
    *(
        "\x85",
        "\xa0",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufffd",
        "a\r\nb",
        "a\rb",
        "\n",
        "\n\n",
        "a\n",
        "a\n\n",
        "\na",
        " a\nb",
        "a\n b\n",
    ),
    *(
        "a\n\n\nb",
        "a \nb",
        "a\n  \n",
        "a\n\tb",
        "-x",
        "--flag=1",
        "- x",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    ),
    *(
        "app.kubernetes.io/name",
        "argocd.argoproj.io/sync-wave",
        "ghcr.io/acme/app:1.2.3",
        "x" * 300,
        "x" * 1100,
        "a: " * 400,
    ),
]

texts = st.sampled_from(WORDS) | st.text(max_size=12) | st.text(alphabet="ab :#-\n\t'\"\\{}[],&*!|>%@`?~0", max_size=14)
numbers = (
    st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, -1, 1e22, 0.1])
)
scalars = texts | numbers | st.booleans() | st.none()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=14,
)
keys = texts.filter(lambda text: len(text) < 400)
written = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=14,
)
"""Values whose keys fit on a line of any style."""
documents = st.dictionaries(keys, written, min_size=1, max_size=5)
objects = st.dictionaries(texts, values, min_size=1, max_size=5)


def equal(left: Any, right: Any) -> bool:
    """Equality as JSON has it; a float is compared as a float, and so are numbers beyond 2^63, for they go through text."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool) or not (_is_number(left) and _is_number(right)):
        return type(left) is type(right) and bool(left == right)
    inexact = isinstance(left, float) or isinstance(right, float) or abs(left) > 2**63 - 1
    return bool(left == right) or (inexact and float(left) == float(right))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _write(value: Any, style: Random, indent: int, *, flow: bool) -> str:
    """The value as YAML in a style chosen anew for each node: quoting, block or flow, indentation, comments, blank lines."""
    if isinstance(value, dict) and value:
        return _write_mapping(value, style, indent, flow=flow or style.random() < 0.17)
    if isinstance(value, list) and value:
        return _write_list(value, style, indent, flow=flow or style.random() < 0.2)
    return " " + _write_scalar(value, style)


def _write_scalar(value: Any, style: Random) -> str:
    if not isinstance(value, str):
        return dump(value).strip()
    plain = value.isascii() and value.isalpha() and resolve(value) == value
    if plain and style.random() < 0.6:
        return value
    if value.isascii() and value.isprintable() and style.random() < 0.5:
        return "'" + value.replace("'", "''") + "'"
    return dump_quoted(value)


def _write_mapping(value: dict[str, Any], style: Random, indent: int, *, flow: bool) -> str:
    entries = [(_write_scalar(key, style), item) for key, item in value.items()]
    if flow:
        return " {" + ", ".join(f"{key}:{_write(item, style, indent, flow=True)}" for key, item in entries) + "}"
    step = style.randint(1, 4)
    lines = "\n"
    for key, item in entries:
        lines += style.choice(["", "", "", "\n", " " * indent + "# above\n"])
        lines += " " * indent + key + ":" + _write(item, style, indent + step, flow=False)
        if not lines.endswith("\n"):
            lines += style.choice(["", "", "  # beside"]) + "\n"
    return lines


def _write_list(value: list[Any], style: Random, indent: int, *, flow: bool) -> str:
    if flow:
        return " [" + ", ".join(_write(item, style, indent, flow=True).strip(" ") for item in value) + "]"
    lines = "\n"
    for item in value:
        lines += " " * indent + "-" + _write(item, style, indent + style.randint(1, 3), flow=False)
        lines += "" if lines.endswith("\n") else "\n"
    return lines


def styled(value: Any, seed: int, *, flow: bool = False) -> str:
    """`value` as one document in the style that `seed` gives."""
    return _write(value, Random(seed), 0, flow=flow).lstrip(" \n") + "\n"


seeds = st.integers(0, 2**32)
styled_documents = st.builds(styled, documents, seeds)
