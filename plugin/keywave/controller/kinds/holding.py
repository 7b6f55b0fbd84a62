"""A login and a connection stay while something that refers to them still has a lease or a certificate to revoke: a removal knows no order.

Bounded: after five minutes they go, whatever is left. The finalizers are the incumbent's.
"""

from __future__ import annotations

from datetime import datetime

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.model import Key, Resource, Result
from keywave.controller.ports import World
from keywave.objects.manifest import mapping, sequence

BOUND = 300.0
_REVOKING = ("VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret")


def hold(resource: Resource, world: World, finalizer: str) -> Result:
    """Lets it go when nothing needs it, or when the time is over. Raises KubeError."""
    if finalizer not in resource.finalizers:
        return Result()
    leases = [lease for user in _users(resource.key, world, set()) for lease in to_revoke(user)]
    waited = world.now() - moment(resource.deleting)
    if leases and waited < BOUND:
        return Result(min(2.0, BOUND - waited))
    if leases:
        told = f"it goes, and what hangs on it cannot be revoked any more: {', '.join(leases)[:900]}"
        world.events.tell(resource, reasons.ORPHANED, told, warning=True)
        world.counting.count("keywave_orphaned_leases_total")
    return flow.let_go(resource, world, finalizer)


def keep_while_revoking(resource: Resource, world: World) -> None:
    """Puts the finalizers on the login and the connection of an object that is about to have something to revoke. Raises KubeError."""
    for kind, finalizer in (
        ("VaultAuth", "vaultauth.secrets.hashicorp.com/finalizer"),
        ("VaultConnection", "vaultconnection.secrets.hashicorp.com/finalizer"),
    ):
        for key in _needs(resource, world):
            found = world.lookup.find(key) if key.kind == kind else None
            if found is not None and not found.deleting and finalizer not in found.finalizers:
                flow.set_finalizers(found, world, [*found.finalizers, finalizer])


def to_revoke(resource: Resource) -> tuple[str, ...]:
    """Ids of leases and certificates that Vault has not yet been told to end. Pure."""
    status, found = resource.status, []
    if resource.key.kind == "VaultDynamicSecret" and resource.spec.get("revoke") is not False:
        found.append(str(mapping(status.get("secretLease")).get("id") or ""))
    if resource.key.kind == "VaultPKISecret" and resource.spec.get("revoke") is True:
        found.append(str(status.get("serialNumber") or ""))
    found += [str(mapping(entry).get("id") or "") for entry in sequence(status.get("pendingRevocations"))]
    found += [
        str(mapping(mapping(entry).get("secretLease")).get("id") or "") for entry in sequence(status.get("sources"))
    ]
    return tuple(name for name in found if name)


def moment(text: str) -> float:
    """Seconds since 1970 of a time as Kubernetes writes it; 0 for anything else."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _users(key: Key, world: World, seen: set[Key]) -> list[Resource]:
    found = []
    for user in world.lookup.referrers(key):
        if user.key not in seen:
            seen.add(user.key)
            found += [user] if user.key.kind in _REVOKING else _users(user.key, world, seen)
    return found


def _needs(resource: Resource, world: World) -> list[Key]:
    plan = flow.plan_of(resource, world)
    (auth_space, _, auth), (space, _, name) = plan.auth_ref.partition("/"), plan.connection.ref.partition("/")
    return [Key("VaultAuth", auth_space, auth), Key("VaultConnection", space, name)]
