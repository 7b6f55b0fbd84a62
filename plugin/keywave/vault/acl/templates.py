"""`{{identity...}}` in the path of a rule: what Vault fills in from the identity behind a token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from keywave.vault.acl.literals import nanoseconds_of
from keywave.vault.acl.nodes import PolicyError

Known = Mapping[str, str | None]
"""Selector without braces -> value: `identity.entity.name`, `identity.entity.metadata.team`, `identity.entity.aliases.<accessor>.name`,
`identity.groups.names.<group>.id`. None = known not to exist: the rule is void. `identity.entity` or `identity.groups` as None: no entity,
no groups at all. What is missing is not known."""

_ENTITY = re.compile(
    r"identity\.entity\.(?:id|name|metadata\..*|aliases\.[^.]*\.(?:id|name|metadata\..*|custom_metadata\..*))\Z",
    re.DOTALL,
)
_GROUPS = re.compile(r"identity\.groups\.(?:ids|names)\.[^.]*\.(?:id|name|metadata\..*)\Z", re.DOTALL)


class Filled(NamedTuple):
    """`path`: with all values, or None while some are `missing`. `void`: a value does not exist, so Vault leaves the rule out.
    `pieces`: the fixed texts between the values that are missing (one more than those)."""

    path: str | None
    void: bool = False
    missing: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()


def selectors(path: str, line: int) -> tuple[str, ...]:
    """What stands in the braces. Raises PolicyError where braces do not pair."""
    head, *rest = path.split("{{")
    if "}}" in head or any(piece.count("}}") != 1 or len(piece.split("}}")) != 2 for piece in rest):
        raise PolicyError(line, f"path {path!r}: '{{{{' and '}}}}' do not pair")
    return tuple(piece.split("}}")[0].strip() for piece in rest)


def fill(path: str, known: Known) -> Filled:
    head, *rest = path.split("{{")
    pieces, missing = [head], []
    for part in rest:
        selector, _, tail = part.partition("}}")
        selector = selector.strip()
        value = _value(selector, known)
        if value is None:
            return Filled(None, void=True)
        if value is _UNKNOWN:
            missing.append(selector)
            pieces.append(tail)
        else:
            pieces[-1] += f"{value}{tail}"
    if missing:
        return Filled(None, False, tuple(missing), tuple(pieces))
    return Filled(pieces[0])


_UNKNOWN = object()


def _value(selector: str, known: Known) -> object:
    """Text, None (there is none), or _UNKNOWN."""
    if selector in known:
        value = known[selector]
        # An id or a name is never empty; the value of metadata may be.
        return None if value == "" and "metadata." not in selector else value
    if selector.startswith("time."):
        return _UNKNOWN if _is_time(selector) else None
    for owner, form in (("identity.entity", _ENTITY), ("identity.groups", _GROUPS)):
        if form.match(selector):
            return None if owner in known else _UNKNOWN
    return None


def _is_time(selector: str) -> bool:
    parts = selector.split(".", 3)[1:]
    if parts == ["now"]:
        return True
    if len(parts) != 3 or parts[0] != "now" or parts[1] not in ("plus", "minus"):
        return False
    try:
        nanoseconds_of(parts[2], 1)
    except PolicyError:
        return False
    return True
