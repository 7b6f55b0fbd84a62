"""What a reference needs of Vault, as grants on exact paths.

Sources: Vault's policies ("a path ending in * is a prefix, + stands for one segment"), the operator's controllers (a lease is revoked
when its VaultDynamicSecret is deleted, a certificate where `spec.revoke` says so; leases are renewed, which the `default` policy allows).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from keywave.policy.model import NO_PARAMETERS, Grant
from keywave.references.model import Reference
from keywave.references.needs import beneath, need_of
from keywave.references.resolve import resolve
from keywave.vault.inventory import Inventory

REVOKE_LEASE = "sys/leases/revoke"


class Asked(NamedTuple):
    """The grants of one reference, or the reason why there are none; `note` says what they take on trust."""

    grants: tuple[Grant, ...]
    problem: str = ""
    note: str = ""


def grants_of(reference: Reference, inventory: Inventory) -> Asked:
    """What the reader needs, and nothing else. `inventory` may be empty: then the object is believed about its mount.

    Paths begin with the Vault namespace where the secret lies below that of the login.
    """
    before = beneath(reference.identity.vault_namespace, reference.vault_namespace)
    if before is None:
        return Asked(
            (),
            f"the login is in the Vault namespace {reference.identity.vault_namespace!r}, which is not above "
            f"{reference.vault_namespace!r}: no policy there can grant it",
        )
    resolved = resolve(reference, inventory)
    need = need_of(reference, resolved)
    why = (reference.manifest.subject,)
    # A rule without the slash holds for the listing as well, and reads better.
    found = [Grant(need.api_path.rstrip("/"), (need.capability,), why=why)]
    found += _operators(reference, need.api_path)
    for grant in found:
        problem = inexact(grant.path)
        if problem:
            return Asked((), problem)
    granted = tuple(grant._replace(path=before + grant.path, why=why) for grant in found)
    return Asked(
        granted, note=_events(reference) or _lists(reference) or (_trusted(reference) if resolved.mount is None else "")
    )


def _events(reference: Reference) -> str:
    """Events are Vault Enterprise's, and their right is a pattern over all of an engine: nothing that is granted unasked."""
    sync = reference.manifest.spec.get("syncConfig")
    if reference.family != "vso" or not isinstance(sync, Mapping) or sync.get("instantUpdates") is not True:
        return ""
    return (
        f"{reference.manifest.subject}: instantUpdates needs subscribe and list on its path and read on sys/events/subscribe/kv* too "
        "(Vault Enterprise), which is not written"
    )


def _lists(reference: Reference) -> str:
    """What a listing finds is not known here, and a pattern is nothing that is granted unasked."""
    if reference.method != "LIST":
        return ""
    return (
        f"{reference.manifest.subject} lists {reference.path}: reading what it finds there is not written, since that would be a "
        "pattern; add it, or name each secret"
    )


def _trusted(reference: Reference) -> str:
    """The Vault Agent of the injector finds out the KV version by itself, and adds data/."""
    if reference.family != "injector" or reference.engine == 2 or "data" in reference.path.split("/")[1:-1]:
        return ""
    return (
        f"{reference.manifest.subject}: {reference.path} is granted as it is written; if its mount is KV version 2, the agent "
        "asks below data/: run with --lock or --live"
    )


def _operators(reference: Reference, api_path: str) -> list[Grant]:
    """What the reconciler does besides reading."""
    if reference.family == "eso":
        return _metadata(reference)
    if reference.family != "vso":
        return []
    if reference.kind == "dynamic":
        # It hands back a lease by its id, which begins with the path: no other lease than these.
        return [Grant(REVOKE_LEASE, ("update",), {"lease_id": (f"{api_path}/*",)})]
    if reference.kind == "pki" and reference.manifest.spec.get("revoke") is True:
        return [Grant(f"{reference.mount}/revoke", ("update",))]
    return []


def _metadata(reference: Reference) -> list[Grant]:
    """External Secrets reads a secret's custom metadata where a remoteRef says `metadataPolicy: Fetch`."""
    if reference.kind == "kv" and reference.engine != 1 and _fetches(reference.manifest.spec, reference.path):
        return [Grant(f"{reference.mount}/metadata/{reference.path}", ("read",))]
    return []


def _fetches(value: object, path: str) -> bool:
    if isinstance(value, Mapping):
        key = value.get("key")
        if value.get("metadataPolicy") == "Fetch" and isinstance(key, str) and path.endswith(key.strip("/")):
            return True
        return any(_fetches(each, path) for each in value.values())
    return isinstance(value, (list, tuple)) and any(_fetches(each, path) for each in value)


def inexact(path: str) -> str:
    """Why a policy cannot name just this path; "" where it can."""
    segments = path.split("/")
    if path.endswith("*") or "+" in segments:
        return f"a policy takes * at the end and + as a segment for patterns, so it cannot name just {path}"
    if "{{" in path:
        return f"a policy takes {{{{ for a template, so it cannot name just {path}"
    if "" in segments:
        return f"{path!r} is no path of Vault's"
    if not all(one.isprintable() for one in path):
        return f"{path!r} has characters that do not print"
    return ""


def united(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """One grant a path, sorted: capabilities and reasons together. Limits on parameters stay only where all have them."""
    by_path: dict[str, Grant] = {}
    for grant in grants:
        there = by_path.get(grant.path)
        by_path[grant.path] = grant if there is None else _both(there, grant)
    return tuple(
        grant._replace(capabilities=tuple(sorted(set(grant.capabilities))), why=tuple(sorted(set(grant.why))))
        for _, grant in sorted(by_path.items())
    )


def _both(one: Grant, other: Grant) -> Grant:
    allowed: Mapping[str, tuple[str, ...]] = NO_PARAMETERS
    if one.allowed and other.allowed:
        names = sorted({*one.allowed, *other.allowed})
        allowed = {name: tuple(sorted({*one.allowed.get(name, ()), *other.allowed.get(name, ())})) for name in names}
    return Grant(one.path, (*one.capabilities, *other.capabilities), allowed, (*one.why, *other.why))
