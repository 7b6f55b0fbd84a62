"""Rules as the text of a policy: HCL 1 that Vault reads, and people do.

Stable: rules sorted by path, capabilities and parameters by name, one form for each meaning. A path or a value from outside is data
whatever it holds: what HCL 1 reads as more than itself is written in numbers (`${` begins an interpolation even inside a string; U+E123
is kept by HCL's scanner for itself).
Source: hashicorp/hcl v1 (scanner, strconv.Unquote), vault/policy.go (the fields of a path block).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keywave.vault.acl.policy import Rule

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_policy(rules: Sequence[Rule]) -> str:
    """HCL text, rules separated by an empty line, ending with a newline; "" for no rule. `parse_policy` gives the same rules back.

    Raises ValueError for a text that no policy can hold (half of a surrogate pair). A control group (Vault Enterprise) is only mentioned:
    a rule does not keep what is in it.
    """
    return "\n".join(_block(rule) for rule in sorted(rules, key=lambda rule: rule.path))


def _block(rule: Rule) -> str:
    lines = [f"path {quoted(rule.path)} {{", f"  capabilities = {_list(sorted(rule.capabilities))}"]
    lines += _parameters("allowed_parameters", rule.allowed_parameters)
    lines += _parameters("denied_parameters", rule.denied_parameters)
    for name, texts in (
        ("required_parameters", rule.required_parameters),
        ("mfa_methods", rule.mfa_methods),
        ("subscribe_event_types", rule.subscribe_event_types),
    ):
        lines += [f"  {name} = {_list(texts)}"] if texts else []
    for name, seconds in (("min_wrapping_ttl", rule.min_wrapping_ttl), ("max_wrapping_ttl", rule.max_wrapping_ttl)):
        lines += [f'  {name} = "{_nanoseconds(seconds)}"'] if seconds else []
    lines += ["  # and a control_group"] if rule.control_group else []
    return "\n".join([*lines, "}", ""])


def _parameters(name: str, given: Mapping[str, Sequence[Any]] | None) -> list[str]:
    """A block of parameter names with the values they may have; no value means any."""
    if given is None:
        return []
    inner = [f"    {quoted(parameter)} = {_list(given[parameter])}" for parameter in sorted(given)]
    return [f"  {name} = {{", *inner, "  }"]


def _list(values: Sequence[Any]) -> str:
    return f"[{', '.join(_value(value) for value in values)}]"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, (int, float)) else quoted(str(value))


def _nanoseconds(seconds: float) -> str:
    """A duration as Go reads it: `90s`, `1500000000ns`."""
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{round(seconds * 10**9)}ns"


def quoted(text: str) -> str:
    """A string that means `text` in HCL 1 and in HCL 2 alike. Raises ValueError for half of a surrogate pair.

    Bytes that are not UTF-8 (kept by `surrogateescape`) are written as `\\xNN`, which HCL 1 alone knows.
    """
    text.encode(errors="surrogateescape")  # UnicodeEncodeError is a ValueError
    shown = []
    for at, one in enumerate(text):
        number = ord(one)
        if one in _ESCAPES:
            shown.append(_ESCAPES[one])
        elif 0xDC80 <= number <= 0xDCFF:
            shown.append(f"\\x{number - 0xDC00:02x}")
        elif (one in "$%" and text[at + 1 : at + 2] == "{") or not one.isprintable():
            shown.append(f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")
        else:
            shown.append(one)
    return f'"{"".join(shown)}"'
