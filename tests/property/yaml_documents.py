"""Strategies: JSON values such as objects hold, and YAML texts in many styles that mean something known or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORDS = [
    *("", "~", "null", "Null", "y", "N", "yes", "Yes", "NO", "on", "Off", "true", "FALSE", "=", "<<", "-", "?", ":", "---", "..."),
    *("0", "08", "0644", "0o644", "0O17", "0x1F", "0b11", "1_000", "1e3", "1E5", "1.", ".5", "1.5", "-1", "+1", "1:30", "1:30:20"),
    *("9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("2001-01-01", "2001-12-14t21:59:43.10-05:00", ".inf", "-.INF", ".nan", "1e999", "10.0.0.1", "1.2.3", "30s", "100m", "128Mi"),
    *(" lead", "trail ", "a: b", "a #b", "#c", "a:", "a\tb", "\ttab", "[x]", "{x}", "a,b", "&a", "*a", "!t", "|", ">", "%x", "@x", "`x"),
    *("'", '"', "it's", 'say "x"', "\\", "\\n", "${VAR}", "$(VAR)", "{{ x }}", "é", "ß: ü", "日本", "😀", "\x00", "\x07", "\x1b", "\x7f"),
    *("\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\ufffd", "a\r\nb", "a\rb", "\n", "\n\n", "a\n", "a\n\n", "\na", " a\nb", "a\n b\n"),
    *("a\n\n\nb", "a \nb", "a\n  \n", "a\n\tb", "-x", "--flag=1", "- x", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
    *("app.kubernetes.io/name", "argocd.argoproj.io/sync-wave", "ghcr.io/acme/app:1.2.3", "x" * 300, "x" * 1100, "a: " * 400),
]

texts = st.sampled_from(WORDS) | st.text(max_size=12) | st.text(alphabet="ab :#-\n\t'\"\\{}[],&*!|>%@`?~0", max_size=14)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, -1, 1e22, 0.1])
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


@st.composite
def styled(draw: st.DrawFn, value: Any, indent: int = 0, *, flow: bool = False) -> str:
    """The value as YAML in a style drawn anew for each node: quoting, block or flow, indentation, comments, blank lines."""
    if isinstance(value, dict) and value:
        return draw(_styled_mapping(value, indent, flow=flow or draw(st.integers(0, 5)) == 0))
    if isinstance(value, list) and value:
        return draw(_styled_list(value, indent, flow=flow or draw(st.integers(0, 4)) == 0))
    return " " + draw(_styled_scalar(value))


@st.composite
def _styled_scalar(draw: st.DrawFn, value: Any) -> str:
    from json import dumps

    if isinstance(value, str):
        plain = value.isascii() and value.isalpha() and value.lower() not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
        if plain and draw(st.booleans()):
            return value
        if value.isascii() and value.isprintable() and draw(st.booleans()):
            return "'" + value.replace("'", "''") + "'"
        from keywave.objects.dump import dump_quoted

        return dump_quoted(value)
    if isinstance(value, float):
        from keywave.objects.dump import dump

        return dump(value).strip()
    return dumps(value)


@st.composite
def _styled_mapping(draw: st.DrawFn, value: dict[str, Any], indent: int, *, flow: bool) -> str:
    keys = {key: draw(_styled_scalar(key)) for key in value}
    if flow:
        return " {" + ", ".join(f"{keys[key]}:{draw(styled(item, indent, flow=True))}" for key, item in value.items()) + "}"
    step = draw(st.integers(1, 4))
    lines = "\n"
    for key, item in value.items():
        lines += draw(st.sampled_from(["", "", "", "\n", " " * indent + "# above\n"]))
        lines += " " * indent + keys[key] + ":" + draw(styled(item, indent + step))
        lines += draw(st.sampled_from(["", "", "  # beside"])) if not lines.endswith("\n") else ""
        lines += "" if lines.endswith("\n") else "\n"
    return lines


@st.composite
def _styled_list(draw: st.DrawFn, value: list[Any], indent: int, *, flow: bool) -> str:
    if flow:
        return " [" + ", ".join(draw(styled(item, indent, flow=True)).strip(" ") for item in value) + "]"
    lines = "\n"
    for item in value:
        lines += " " * indent + "-" + draw(styled(item, indent + draw(st.integers(1, 3))))
        lines += "" if lines.endswith("\n") else "\n"
    return lines
