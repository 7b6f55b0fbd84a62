"""What has changed in Vault since a lock was taken: KW8009, one finding a thing; mere new versions make one warning together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keywave.findings import Finding, Location, Severity
from keywave.vault.inventory import Entity, Fact, Inventory, KeyNames, KvSecret, Mount, State, hashed

_RETAKE = "if that is meant, take the lock again: keywave lock"
_MOST_NAMED = 8
_KNOWN = (State.PRESENT, State.ABSENT)


def differences(locked: Inventory, live: Inventory) -> list[Finding]:
    """Findings KW8009 of a lock against a survey of the same scope; what one of the two could not see is no difference, but a right
    to look that was lost since is told (a warning). Sorted by kind and path."""
    if locked.address and live.address and locked.address != live.address:
        pair = f"the lock is of {locked.address}, this Vault is {live.address}"
        findings = [_finding(locked, "Vault", pair, warning=True)]
    else:
        findings = []
    newer: list[str] = []
    for table, (noun, compare) in _TABLES.items():
        before: Mapping[tuple[str, str], Fact[Any]] = getattr(locked, table)
        after: Mapping[tuple[str, str], Fact[Any]] = getattr(live, table)
        for place in sorted({*before, *after}):
            old, new = _fact(locked, table, place), _fact(live, table, place)
            name = f"{noun} {_named(place)}"
            if old.value is not None and new.value is not None:
                told = [*compare(old.value, new.value)] if old.value != new.value else []
                if table == "secrets" and not told and _numbers_moved(old.value, new.value):
                    newer.append(_named(place))
                findings += [_finding(locked, name, f"{name}: {what}") for what in told]
            elif old.state is State.PRESENT and new.state is State.ABSENT:
                findings.append(_finding(locked, name, f"{name} is in the lock, and no longer in Vault"))
            elif old.state is State.ABSENT and new.state is State.PRESENT:
                findings.append(_finding(locked, name, f"{name} is in Vault, and absent in the lock", warning=True))
            elif old.state in _KNOWN and new.state is State.DENIED:
                findings.append(_finding(locked, name, f"{name} may no longer be looked at", warning=True))
    findings += _listings(locked, live)
    if newer:
        more = f" and {len(newer) - _MOST_NAMED} more" if len(newer) > _MOST_NAMED else ""
        what = f"new versions since: {', '.join(newer[:_MOST_NAMED])}{more}"
        findings.append(_finding(locked, "versions", what, warning=True))
    return findings


def _fact(inventory: Inventory, table: str, place: tuple[str, str]) -> Fact[Any]:
    namespace, path = place
    known: Fact[Any] | None = getattr(inventory, table).get(place)
    if known is not None:
        return known
    if table == "secrets":
        mount = inventory.mount_of(namespace, path).value
        return inventory.secret(namespace, mount.path, path[len(mount.path) + 1 :]) if mount else Fact(State.UNCOVERED)
    look: dict[str, Callable[[str, str], Fact[Any]]] = {
        "mounts": inventory.mount,
        "auths": inventory.auth,
        "roles": inventory.role,
        "policies": inventory.policy,
    }
    return look[table](namespace, path) if table in look else Fact(State.UNCOVERED)


def _listings(locked: Inventory, live: Inventory) -> Iterator[Finding]:
    """Names that came or went and have no fact of their own."""
    for place in sorted(set(locked.names) & set(live.names)):
        before, after = locked.names[place].value, live.names[place].value
        if before is None or after is None or before == after:
            continue
        folder, told = place[1], f"folder {_named(place)}"
        for verb, names, warning in (("gone", {*before} - {*after}, False), ("new", {*after} - {*before}, True)):
            left = sorted(name for name in names if not _told(locked, live, place[0], folder, name))
            if left:
                yield _finding(locked, told, f"{told}: {verb}: {', '.join(left)}", warning=warning)


def _told(locked: Inventory, live: Inventory, namespace: str, folder: str, name: str) -> bool:
    """Whether the tables tell it: something that either side has a fact about."""
    for start, table in (("sys/mounts/", "mounts"), ("sys/auth/", "auths"), ("sys/policies/acl/", "policies")):
        if folder == start:
            return any((namespace, name) in getattr(side, table) for side in (locked, live))
    place = (namespace, folder + name)
    return any(place in table for side in (locked, live) for table in (side.secrets, side.roles))


def _mount(old: Mount, new: Mount) -> Iterator[str]:
    words = {
        "type": "type",
        "kv_version": "KV version",
        "default_ttl": "default TTL",
        "max_ttl": "maximal TTL",
        "accessor": "accessor",
    }
    for field, word in words.items():
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield f"{word} was {before}, is {after}"


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for field in sorted({*old, *new}):
        if old.get(field) != new.get(field):
            yield f"{field} was {_show(old.get(field))}, is {_show(new.get(field))}"


def _entity(old: Entity, new: Entity) -> Iterator[str]:
    yield from _settings(old._asdict(), new._asdict())


def _secret(old: KvSecret, new: KvSecret) -> Iterator[str]:
    for number in sorted({*old.versions, *new.versions}):
        before, after = old.versions.get(number), new.versions.get(number)
        if before and after and before != after:
            yield f"version {number} was {before}, is {after}"
        elif before and not after and new.complete:
            yield f"version {number} is gone"
    if old.current and new.current > old.current and new.versions.get(new.current, "live") != "live":
        yield f"the latest version, {new.current}, is {new.versions[new.current]}"
    for number in sorted({n for n in old.keys if n in new.keys}):
        yield from _keys(old.keys[number], new.keys[number], f"of version {number} ")
    if new.current != old.current and old.current in old.keys and new.current in new.keys:
        yield from _keys(old.keys[old.current], new.keys[new.current], "")


def _keys(old: KeyNames, new: KeyNames, which: str) -> Iterator[str]:
    if old.hash_key and not new.hash_key:
        names = {hashed(name, old.hash_key): name for name in new.names}
        new = KeyNames(tuple(names), old.hash_key)
    else:
        names = {}
    gone, more = sorted({*old.names} - {*new.names}), sorted({*new.names} - {*old.names})
    if gone:
        yield f"keys {which}gone: {', '.join(gone)}"
    if more:
        yield f"keys {which}new: {', '.join(names.get(name, name) for name in more)}"


def _numbers_moved(old: KvSecret, new: KvSecret) -> bool:
    return old.current != new.current or {*old.versions} != {*new.versions}


def _policy(old: str, new: str) -> Iterator[str]:
    """By rule; one general sentence where a text cannot be read as a policy, or says the same in other words."""
    before, after = _rules(old), _rules(new)
    if before is None or after is None or before == after:
        yield "its text has changed" + (", its rules have not" if before is not None and before == after else "")
        return
    for path in sorted({*before, *after}):
        if path not in after:
            yield f'the rule for "{path}" is gone (it was {before[path]})'
        elif path not in before:
            yield f'the rule for "{path}" is new: {after[path]}'
        elif before[path] != after[path]:
            yield f'the rule for "{path}" was {before[path]}, is {after[path]}'


def _rules(text: str) -> dict[str, str] | None:
    """Path -> what its rules say, in one form; None for a text that is no policy."""
    from keywave.vault.acl.policy import PolicyError, parse_policy  # only where a policy has changed

    rules: dict[str, str] = {}
    try:
        for rule in parse_policy("policy", text, duplicates=True).rules:
            said = _rule(rule._replace(line=0)._asdict())
            rules[rule.path] = f"{rules[rule.path]}; {said}" if rule.path in rules else said
    except PolicyError:
        return None
    return rules


def _rule(fields: Mapping[str, Any]) -> str:
    said = [
        f"{name}={_show(_plain(value))}"
        for name, value in fields.items()
        if value and name not in ("path", "capabilities")
    ]
    return " ".join([", ".join(sorted(fields["capabilities"])) or "nothing", *said])


def _plain(value: Any) -> Any:
    return {name: list(each) for name, each in value.items()} if isinstance(value, Mapping) else value


_TABLES: Mapping[str, tuple[str, Callable[[Any, Any], Iterator[str]]]] = {
    "mounts": ("mount", _mount),
    "auths": ("auth method", _mount),
    "secrets": ("path", _secret),
    "roles": ("role", _settings),
    "policies": ("policy", _policy),
    "entities": ("entity", _entity),
}


def _named(place: tuple[str, str]) -> str:
    return f"{place[1]} (namespace {place[0]})" if place[0] else place[1]


def _show(value: Any) -> str:
    if value is None:
        return "not set"
    return ", ".join(value) or "empty" if isinstance(value, tuple) else str(value)


def _finding(locked: Inventory, subject: str, message: str, *, warning: bool = False) -> Finding:
    severity = Severity.WARNING if warning else Severity.ERROR
    return Finding("KW8009", message, _RETAKE, Location(locked.file), severity, subject)
