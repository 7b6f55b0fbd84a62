"""How an object stands, for its metrics: from its own status, so that a restart forgets nothing, however rarely it is refreshed. Pure."""

from __future__ import annotations

from datetime import datetime

from keywave.controller.kinds.leases import lease_of
from keywave.controller.model import Resource
from keywave.controller.types import SECRET_KINDS
from keywave.objects.manifest import mapping, sequence

_WITH_LEASES = frozenset({"VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret"})


def out_of_sync_since(resource: Resource) -> float | None:
    """Seconds since 1970; None while it is in sync, suspended, or about to go. One that was never looked at: since it was made.

    The definitions of Vault Secrets Operator have no conditions for most kinds: there what they do have must do, until the first reconcile
    of this process."""
    if resource.deleting:
        return None
    secret, status = resource.key.kind in SECRET_KINDS, resource.status
    type = "SecretSynced" if secret else "Ready"
    conditions = [mapping(entry) for entry in sequence(resource.status.get("conditions"))]
    found = next((entry for entry in conditions if entry.get("type") == type), None)
    if found is None and not conditions:
        synced = status.get("lastGeneration") == resource.generation and bool(status.get("secretMAC"))
        if synced if secret else status.get("valid") is True:
            return None
    if found is None:
        return _seconds(resource.created)
    return _seconds(found.get("lastTransitionTime")) if found.get("status") == "False" else None


def first_end(resource: Resource) -> float | None:
    """When the first of its leases, or its certificate, ends, in seconds since 1970; None where there is none, or it is about to go."""
    status = resource.status
    if resource.deleting or resource.key.kind not in _WITH_LEASES:
        return None
    try:
        if resource.key.kind == "VaultPKISecret":
            return float(status.get("expiration") or 0) or None
        held = [lease_of(mapping(entry)) for entry in (status, *sequence(status.get("sources")))]
    except (TypeError, ValueError):  # anybody may write a status
        return None
    return min((lease.end for lease in held if lease.id), default=None)


def _seconds(moment: object) -> float | None:
    """None for what is no time: anybody may write a status."""
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
