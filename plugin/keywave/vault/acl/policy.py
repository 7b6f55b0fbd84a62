"""One ACL policy: its text read and checked as Vault 1.21 does when it is written.

Source: https://developer.hashicorp.com/vault/docs/concepts/policies, and what Vault 1.21.1 does (tests/integration/test_vault_acl.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keywave.vault.acl import decode, hcl, templates
from keywave.vault.acl.literals import SECOND, nanoseconds_of, text_of
from keywave.vault.acl.nodes import Item, Object, PolicyError

__all__ = ["CAPABILITIES", "Policy", "PolicyError", "Rule", "parse_policy"]

CAPABILITIES = ("create", "read", "update", "patch", "delete", "list", "sudo", "subscribe", "recover", "deny")
SHORTHAND = {
    "deny": ("deny",),
    "read": ("read", "list"),
    "write": ("create", "read", "update", "delete", "list"),
    "sudo": ("create", "read", "update", "delete", "list", "sudo"),
}
_TOP_KEYS = ("name", "path")
_RULE_KEYS = (
    "comment",
    "policy",
    "capabilities",
    "allowed_parameters",
    "denied_parameters",
    "required_parameters",
    "min_wrapping_ttl",
    "max_wrapping_ttl",
    "mfa_methods",
    "control_group",
    "subscribe_event_types",
)

Parameters = Mapping[str, tuple[Any, ...]]
"""Name in lower case -> values (text may begin or end with `*`); () = any value."""


class Rule(NamedTuple):
    """One `path` block. `path` as written. `capabilities` holds "deny" alone where it stands among them; the shorthand is spelled out.

    `min_wrapping_ttl`, `max_wrapping_ttl` in seconds, 0 = not limited. `mfa_methods`, `control_group`: Vault Enterprise asks for more than
    this rule says. `subscribe_event_types` decide nothing here. `line` in the policy's text, from 1."""

    path: str
    capabilities: frozenset[str]
    allowed_parameters: Parameters | None = None
    denied_parameters: Parameters | None = None
    required_parameters: tuple[str, ...] = ()
    min_wrapping_ttl: float = 0
    max_wrapping_ttl: float = 0
    mfa_methods: tuple[str, ...] = ()
    control_group: bool = False
    subscribe_event_types: tuple[str, ...] = ()
    line: int = 0

    @property
    def templated(self) -> bool:
        return "{{" in self.path


class Policy(NamedTuple):
    name: str
    rules: tuple[Rule, ...] = ()

    @property
    def is_root(self) -> bool:
        """May do everything; its text is empty."""
        return self.name == "root"


def parse_policy(name: str, text: str, *, duplicates: bool = False) -> Policy:
    """The policy that Vault would make of this text. Raises PolicyError where Vault 1.21 refuses it.

    `duplicates`: an attribute may be set twice, as before Vault 1.21.
    """
    if name == "root":
        return Policy(name)
    if not text:
        raise PolicyError(1, "the policy is empty; Vault takes a comment, but not nothing")
    items = hcl.read(text, duplicates=duplicates).items
    _check_keys(items, _TOP_KEYS)
    decode.text(items, "name")
    return Policy(name, tuple(_rule(item) for item in decode.named(items, "path")))


def _rule(item: Item) -> Rule:
    # A block without label is a rule for the path "path".
    path = text_of(item.keys[0]) if item.keys else "path"
    templates.selectors(path, item.line)
    if not isinstance(item.value, Object):
        raise PolicyError(item.line, f"path {path!r} must be a block")
    items = item.value.items
    _check_keys(items, _RULE_KEYS)
    if "+*" in path:
        raise PolicyError(item.line, f"path {path!r}: '+*' is not allowed; '+' is a whole segment")
    shorthand, capabilities = decode.text(items, "policy"), decode.texts(items, "capabilities")
    allowed = decode.parameters(items, "allowed_parameters")
    denied = decode.parameters(items, "denied_parameters")
    required = decode.texts(items, "required_parameters")
    mfa, events = decode.texts(items, "mfa_methods"), decode.texts(items, "subscribe_event_types")
    shortest, longest = decode.duration(items, "min_wrapping_ttl"), decode.duration(items, "max_wrapping_ttl")
    group = decode.control_group(items)
    granted = _capabilities(path, shorthand, capabilities, item.line)
    if "deny" in granted:
        # Vault stops reading here: what else stands in the block is neither used nor checked.
        return Rule(path, frozenset({"deny"}), line=item.line)
    least, most = (0 if value is None else nanoseconds_of(value, line) for value, line in (shortest, longest))
    if least and most and most < least:
        raise PolicyError(item.line, f"path {path!r}: max_wrapping_ttl is less than min_wrapping_ttl")
    if group is not None:
        _check_group(group, granted, item.line)
    return Rule(
        path,
        frozenset(granted),
        _lower(allowed),
        _lower(denied),
        required,
        _seconds(least),
        _seconds(most),
        mfa,
        group is not None,
        events,
        item.line,
    )


def _capabilities(path: str, shorthand: str, capabilities: Sequence[str], line: int) -> tuple[str, ...]:
    if shorthand and shorthand not in SHORTHAND:
        raise PolicyError(line, f"path {path!r}: policy {shorthand!r} is none of {', '.join(SHORTHAND)}")
    if shorthand == "deny":
        return ("deny",)
    asked = (*capabilities, *SHORTHAND.get(shorthand, ()))
    for capability in asked:
        if capability == "deny":
            return ("deny",)
        if capability not in CAPABILITIES:
            raise PolicyError(line, f"path {path!r}: {capability!r} is no capability ({', '.join(CAPABILITIES)})")
    return asked


def _check_keys(items: Sequence[Item], allowed: Sequence[str]) -> None:
    for item in items:
        key = text_of(item.keys[0])
        if key not in allowed:
            raise PolicyError(item.line, f"{key!r} is none of the keys that can stand here: {', '.join(allowed)}")


def _check_group(group: decode.Group, granted: Sequence[str], line: int) -> None:
    if group.ttl is not None:
        nanoseconds_of(group.ttl, line)
    if not group.factors:
        raise PolicyError(line, "control_group without a factor")
    for factor in group.factors:
        if not factor.identity:
            raise PolicyError(line, "a factor of control_group without identity")
        if factor.approvals <= 0 or not factor.groups:
            raise PolicyError(line, "identity in control_group needs a group and approvals above 0")
        if not set(factor.controlled) <= set(granted):
            raise PolicyError(line, "controlled_capabilities must be among the capabilities of the path")


def _lower(parameters: dict[str, tuple[Any, ...]] | None) -> Parameters | None:
    return None if parameters is None else {key.lower(): values for key, values in parameters.items()}


def _seconds(nanoseconds: int) -> float:
    return nanoseconds // SECOND if nanoseconds % SECOND == 0 else nanoseconds / SECOND
