"""What a set of policies allows, decided as Vault decides it: of all patterns that cover a path, the most specific one alone.

Pure. Sentinel policies, control groups and MFA (Vault Enterprise) are not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from keywave.vault.acl import grants, patterns
from keywave.vault.acl.patterns import Pattern, covers
from keywave.vault.acl.policy import Policy, Rule
from keywave.vault.acl.templates import Filled, Known, fill

__all__ = ["Acl", "Asked", "Decision", "covers"]

DENY, ROOT = frozenset({"deny"}), frozenset({"root"})
NOTHING: Mapping[str, Any] = {}
_TEMPLATE = "\0"
"""Stands for a template while a shape is made; where a path really holds this character, the shape matches more."""


MOST_TEMPLATES = 3
"""In one path, told apart when it is matched; with more, all that begins alike may be meant. Each is one more loop in the matching."""


class Asked(NamedTuple):
    """One request. `capability` is what its operation needs: GET read, LIST list, DELETE delete, PATCH patch, POST and PUT `create` where
    nothing is there yet and the engine can tell, else `update`; `sudo` beside it on Vault's protected paths.

    `parameters`: name -> value of the body (as JSON) or the query (texts; a repeated one is a tuple). `wrap_ttl` in seconds, None = the
    answer is not wrapped."""

    path: str
    capability: str
    parameters: Mapping[str, Any] = NOTHING
    wrap_ttl: float | None = None


class Decision(NamedTuple):
    """`allowed` None: depends on the identity, whose values `depends_on` names.

    `rule`: of the pattern that decides, the first rule that grants it (refused: the first rule that denies, else the first); None where no
    pattern covers the path. `policies`: those that hold the pattern and, where it is allowed, grant it; sorted."""

    allowed: bool | None
    rule: Rule | None
    reason: str
    policies: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


class _Held(NamedTuple):
    rule: Rule
    policy: str


class _Open(NamedTuple):
    """A rule whose path is not known as a whole."""

    held: _Held
    filled: Filled
    shape: re.Pattern[str]


class Acl:
    """The policies of one token. Raises nothing; the order of the policies does not matter.

    `known`: values of identity templates; see `templates.Known`."""

    def __init__(self, policies: Sequence[Policy], known: Known | None = None) -> None:
        self._root = any(policy.is_root for policy in policies)
        self._rules: dict[Pattern, list[_Held]] = {}
        self._open: list[_Open] = []
        self._broken = ""
        for policy in policies:
            for rule in policy.rules:
                held = _Held(rule, policy.name)
                if "{{" in rule.path:
                    self._add_filled(held, fill(rule.path, known or {}))
                else:
                    self._add(held, rule.path)
        self._grants: dict[Pattern, grants.Grant] = {}
        self._prefixes = {pattern.text: pattern for pattern in self._rules if pattern.kind == "prefix"}
        self._segments = [
            (patterns.priority(pattern), pattern, pattern.text.split("/"))
            for pattern in self._rules
            if pattern.kind == "segments"
        ]

    def _add_filled(self, held: _Held, filled: Filled) -> None:
        if filled.path is not None:
            self._add(held, filled.path)
        elif not filled.void:
            self._open.append(_Open(held, filled, re.compile(_shape(filled.pieces), re.DOTALL)))

    def _add(self, held: _Held, path: str) -> None:
        if "+*" in path:
            # Vault then refuses every request of the token.
            self._broken = f"{held.rule.path} in {held.policy} becomes {path}, which Vault cannot read ('+*')"
        self._rules.setdefault(patterns.pattern_of(path), []).append(held)

    def capabilities(self, path: str) -> frozenset[str]:
        """What sys/capabilities answers: {"deny"} where nothing is granted, {"root"} for root. Rules that depend on an identity which is
        not known are left out; `decide` tells of them."""
        if self._root:
            return ROOT
        pattern = None if self._broken else self._winner(path.lstrip("/"), listing=True)
        return self._grant(pattern).capabilities or DENY if pattern else DENY

    def decide(self, asked: Asked) -> Decision:
        """Whether Vault would let this request pass its policies. A path for `list` gets its slash at the end, as LIST requests have it."""
        if self._root:
            return Decision(True, None, "root may do everything", ("root",))
        if self._broken:
            return Decision(False, None, self._broken)
        path = asked.path.lstrip("/")
        listing = asked.capability == "list"
        if listing and not path.endswith("/"):
            path += "/"
        pattern = self._winner(path, listing=listing)
        sure = self._decision(pattern, asked)
        possible = [one for one in self._open if self._may_decide(one, pattern, path, listing)]
        return self._with_open(sure, pattern, possible, asked)

    def _grant(self, pattern: Pattern) -> grants.Grant:
        """Merged when it is asked for: of most policies a path or two is."""
        if pattern not in self._grants:
            self._grants[pattern] = grants.merge([one.rule for one in self._rules[pattern]])
        return self._grants[pattern]

    def _winner(self, path: str, *, listing: bool) -> Pattern | None:
        bare = path.removesuffix("/") if listing else path
        for exact in (path, bare):
            if (pattern := Pattern("exact", exact)) in self._rules:
                return pattern
        return self._wildcard(bare) or (self._wildcard(path) if path != bare else None)

    def _wildcard(self, path: str) -> Pattern | None:
        """Of the patterns with wildcards that cover the path, the one with the highest priority."""
        longest = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self._prefixes), None)
        given = path.split("/")
        found = [
            (place, pattern)
            for place, pattern, asked in self._segments
            if patterns.match_segments(asked, given, pattern.rest)
        ]
        if longest is not None:
            pattern = self._prefixes[longest]
            found.append((patterns.priority(pattern), pattern))
        return max(found)[1] if found else None

    def _decision(self, pattern: Pattern | None, asked: Asked) -> Decision:
        if pattern is None:
            return Decision(False, None, f"no policy speaks of {asked.path}")
        held = self._rules[pattern]
        why = grants.refusal(self._grant(pattern), asked.capability, asked.parameters, asked.wrap_ttl)
        if why:
            deciding = [one for one in held if "deny" in one.rule.capabilities] or held
            why = "it denies" if "deny" in deciding[0].rule.capabilities else why
        else:
            deciding = [one for one in held if asked.capability in one.rule.capabilities]
        names = tuple(sorted({one.policy for one in deciding}))
        rule = deciding[0].rule
        return Decision(not why, rule, f'path "{rule.path}" decides: {why or asked.capability + " is granted"}', names)

    def _may_decide(self, one: _Open, pattern: Pattern | None, path: str, listing: bool) -> bool:
        """Whether some value of its templates makes this rule decide instead of, or together with, `pattern`."""
        if pattern and pattern.kind == "exact":
            # Only an exact pattern stands beside one.
            written = one.held.rule.path
            if written.endswith("*") or written.startswith("+/") or "/+" in written:
                return False
        return any(one.shape.fullmatch(each) for each in {path, path.removesuffix("/") if listing else path})

    def _with_open(self, sure: Decision, pattern: Pattern | None, possible: Sequence[_Open], asked: Asked) -> Decision:
        if not possible:
            return sure
        alone = [grants.merge([one.held.rule]) for one in possible]
        if sure.allowed:
            settled = all(asked.capability in grant.capabilities and not grant.restricts for grant in alone)
        else:
            # A rule that lacks the capability may still widen what the parameters of an equal pattern allow.
            narrow = pattern is not None and asked.capability in self._grant(pattern).capabilities
            settled = all(
                asked.capability not in grant.capabilities and not (narrow and grant.restricts) for grant in alone
            )
        if settled:
            return sure
        missing = tuple(sorted({name for one in possible for name in one.filled.missing}))
        names = tuple(sorted({one.held.policy for one in possible}))
        return Decision(None, possible[0].held.rule, f"depends on {', '.join(missing)}", names, missing)


@lru_cache(maxsize=4096)
def _shape(pieces: tuple[str, ...]) -> str:
    """A regular expression for all paths that a rule may cover, whatever its templates become: a value may be empty, hold slashes, be a
    wildcard. It may match more than that, never less."""
    if len(pieces) - 1 > MOST_TEMPLATES:
        pieces = (pieces[0], "")
    whole = _TEMPLATE.join(pieces).removeprefix("/")
    shape = _segments(whole)
    if whole.startswith(_TEMPLATE):
        # With an empty value the slash after it is the leading one, which does not count.
        shape = f"{shape}|{_segments(whole.lstrip(_TEMPLATE).removeprefix('/'))}"
    return shape


def _segments(whole: str) -> str:
    fixed = whole.rstrip("*" + _TEMPLATE)
    return "/".join(map(_segment, fixed.split("/"))) + ("" if fixed == whole else ".*")


def _segment(part: str) -> str:
    if part == "+":
        return "[^/]*"
    # With an empty value `+` would be left.
    return ".*" if part.strip(_TEMPLATE) == "+" else ".*".join(map(re.escape, part.split(_TEMPLATE)))
