"""Values into YAML text, in kustomize's style: block form, keys in their order, two spaces, lists level with their key.

Rule: any reader of YAML 1.1, YAML 1.2 or go-yaml gives the same value back. A text is written bare only where no resolver could take
it for something else; text of several lines as a `|` block where that is exact; nothing is folded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(
    # what a bare text may begin with: nothing that is an indicator or could begin a number
    r"(?:[A-Za-z_/$(]|\.[A-Za-z_/]|--?[A-Za-z])(?:(?!: |:\Z| #)[ -~])*(?<! )"
    # durations, quantities, versions, addresses
    r"|(?:[0-9]+(?:ms|s|m|h))+|[0-9]+(?:[KMGT]i?|d)|[0-9]+(?:\.[0-9]+){2,3}(?:/[0-9]+)?"
)
_FLOW_BARE = re.compile(r"[A-Za-z0-9_/.$()@+=-]+")
_ONE_LINE = re.compile(r"[ -~]*")
_LITERAL = re.compile(r"(?!\n*\Z)(?!\t)(?:[ -~]|\t|\n(?!\t))*(?<![ \t])")
_WORDS = frozenset(
    ("y", "n", "yes", "no", "true", "false", "on", "off", "null", "~", "=", "<<", ".inf", ".nan", "-.inf")
)
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", '"': '\\"', "\\": "\\\\"}
_UNPRINTABLE = [*range(32), *range(0x7F, 0xA1), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]
_ESCAPES = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _UNPRINTABLE} | {
    ord(char): escape for char, escape in _NAMED.items()
}
_LONGEST_KEY = 500
"""YAML readers look 1,024 characters ahead for the `:` of a key."""

_shown: dict[str, str] = {}
_SHOWN_SIZE = 20_000


def dump(value: Any) -> str:
    """Any JSON-like value as one YAML document that ends with a newline; `parse(dump(x)) == x`.

    Raises:
        ValueError: a float that JSON does not have, or a type that is no JSON.
    """
    out: list[str] = []
    if isinstance(value, Mapping) and value:
        _mapping(value, out, "", "")
    elif isinstance(value, (list, tuple)) and value:
        _sequence(value, out, "", "")
    else:
        out.append(f"{_scalar(value, '  ')}\n")
    return "".join(out)


def dump_entry(key: str, value: Any, indent: str) -> str:
    """`key: value` as lines of a block mapping at that indentation: for edits of a text (`objects.splice`)."""
    out: list[str] = []
    _mapping({key: value}, out, indent, indent)
    return "".join(out)


def dump_item(value: Any, indent: str) -> str:
    """`- value` as lines of a block list at that indentation."""
    out: list[str] = []
    _sequence([value], out, indent, indent)
    return "".join(out)


def dump_flow(value: Any, *, quoted: bool = False) -> str:
    """The value on one line, in flow form; `quoted` gives JSON."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{dump_flow(k, quoted=quoted)}: {dump_flow(v, quoted=quoted)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(dump_flow(v, quoted=quoted) for v in value) + "]"
    if not isinstance(value, str):
        return _scalar(value, "")
    return dump_text(value) if not quoted and _FLOW_BARE.fullmatch(value) else dump_quoted(value)


def dump_text(text: str) -> str:
    """A text on one line: bare where that is safe, else quoted."""
    known = _shown.get(text)
    if known is not None:
        return known
    ascii_text = _folded(text)
    if _BARE.fullmatch(ascii_text) and text.lower() not in _WORDS:
        shown = text
    elif ('"' in text or "\\" in text) and _ONE_LINE.fullmatch(ascii_text):
        shown = "'" + text.replace("'", "''") + "'"
    else:
        shown = dump_quoted(text)
    if len(text) < 80 and "\n" not in text:  # as a value such a text is a block
        if len(_shown) >= _SHOWN_SIZE:
            _shown.clear()
        _shown[text] = shown
    return shown


def _mapping(value: Mapping[str, Any], out: list[str], indent: str, lead: str) -> None:
    """Lines of a block mapping; the first line begins with `lead`, the others with `indent`."""
    deeper = indent + "  "
    for key, item in value.items():
        shown = _shown.get(key) or dump_text(key)
        if len(shown) > _LONGEST_KEY:
            out.append(f"{lead}? {shown}\n")
            lead, shown = indent, ""
        kind = item.__class__
        if kind is str:
            text = _shown.get(item) or (_literal(item, deeper) if "\n" in item else dump_text(item))
            out.append(f"{lead}{shown}: {text}\n")
        elif kind is dict or isinstance(item, Mapping):
            if item:
                out.append(f"{lead}{shown}:\n")
                _mapping(item, out, deeper, deeper)
            else:
                out.append(f"{lead}{shown}: {{}}\n")
        elif kind is list or isinstance(item, (list, tuple)):
            if item:
                out.append(f"{lead}{shown}:\n")
                _sequence(item, out, indent, indent)
            else:
                out.append(f"{lead}{shown}: []\n")
        else:
            out.append(f"{lead}{shown}: {_scalar(item, deeper)}\n")
        lead = indent


def _sequence(value: list[Any] | tuple[Any, ...], out: list[str], indent: str, lead: str) -> None:
    deeper = indent + "  "
    for item in value:
        if item and isinstance(item, Mapping):
            _mapping(item, out, deeper, f"{lead}- ")
        elif item and isinstance(item, (list, tuple)):
            _sequence(item, out, deeper, f"{lead}- ")
        else:
            out.append(f"{lead}- {_scalar(item, deeper)}\n")
        lead = indent


def _scalar(value: Any, indent: str) -> str:
    """Everything that has no lines of its own; `indent` is that of a literal block's lines."""
    if isinstance(value, str):
        return _literal(value, indent) if "\n" in value else dump_text(value)
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    raise ValueError(f"no JSON value: {type(value).__name__}")


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("JSON has no such number")
    shown = repr(float(value))
    mantissa, exponent, power = shown.partition("e")
    return shown if not exponent or "." in mantissa else f"{mantissa}.0e{power}"


def _literal(text: str, indent: str) -> str:
    """A text of several lines as a `|` block where that gives exactly this text back, else on one line."""
    if not _LITERAL.fullmatch(_folded(text)):
        return dump_quoted(text)
    indicator = "2" if text[0] in " \n" else ""
    chomp = "-" if text[-1] != "\n" else "+" if text[-2:] == "\n\n" else ""
    lines = text.removesuffix("\n").split("\n")
    return f"|{indicator}{chomp}\n" + "\n".join(indent + line if line else "" for line in lines)


def dump_quoted(text: str) -> str:
    """A text in double quotes."""
    return f'"{text.translate(_ESCAPES)}"'


def _folded(text: str) -> str:
    """The text with a sign for each character beyond ASCII: `!` where it may stand as it is, a control character where not.

    The expressions above then need no classes of Unicode, which take longer to compile than a small render takes.
    """
    if text.isascii():
        return text
    return "".join(char if char < "\x7f" else "\x7f" if ord(char) in _ESCAPES else "!" for char in text)
