"""A login and a connection stay while something that refers to them still has a lease or a certificate to revoke: a removal knows no order.

Bounded: after five minutes they go, whatever is left. The finalizers are the incumbent's. Their Secrets: `holding_credentials`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from keywave.controller import reasons
from keywave.controller.kinds import holding_credentials as credentials
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Body, Key, Resource, Result, resource_of
from keywave.controller.ports import World
from keywave.controller.types import TYPES
from keywave.objects.manifest import mapping, sequence

BOUND = 300.0
_FINALIZERS = ("vaultauth.secrets.hashicorp.com/finalizer", "vaultconnection.secrets.hashicorp.com/finalizer")
_REVOKING = ("VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret")


def hold(resource: Resource, world: World, finalizer: str) -> Result:
    """Lets it go when nothing needs it, or when the time is over; its Secret before it. Raises KubeError."""
    if finalizer not in resource.finalizers:
        return Result()
    users = _users(resource.key, world, set())
    leases = [lease for user in users for lease in to_revoke(user)]
    waited = world.now() - moment(resource.deleting)
    if leases and waited < BOUND:
        look_after_secrets(resource, world, lambda place: True)
        return Result(min(2.0, BOUND - waited))
    if leases:
        told = f"it goes, and what hangs on it cannot be revoked any more: {', '.join(leases)[:900]}"
        world.events.tell(resource, reasons.ORPHANED, told, warning=True)
        world.counting.count("keywave_orphaned_leases_total")
    if credentials.sweep(resource, world, [], lambda place: False) is not None and waited < 2 * BOUND:
        return Result(credentials.SOON)
    return flow.let_go(resource, world, finalizer)


def look_after_secrets(resource: Resource, world: World, current: Callable[[credentials.Place], bool]) -> float | None:
    """Of a login or connection: see `credentials.sweep`."""
    if not credentials.held_by(resource):
        return None
    users = [
        credentials.User(user.key.namespace, bool(user.deleting), bool(to_revoke(user)))
        for user in _users(resource.key, world, set())
    ]
    return credentials.sweep(resource, world, users, current)


def keep_while_revoking(resource: Resource, world: World) -> None:
    """Puts the finalizers on the login and the connection of an object that is about to have something to revoke, and on the Secrets of
    these. Raises KubeError."""
    plan = flow.plan_of(resource, world)
    for key, finalizer in zip(_needs(plan), _FINALIZERS, strict=True):
        found = world.lookup.find(key)
        if found is None or found.deleting:
            continue
        if finalizer not in found.finalizers:
            found = _with_finalizer(found, world, finalizer)
        for place in credentials.places_of(plan, key.kind):
            found = credentials.keep_secret(found, world, place)


def _with_finalizer(found: Resource, world: World, finalizer: str) -> Resource:
    metadata = {"finalizers": [*found.finalizers, finalizer], "resourceVersion": found.version}
    body = world.kube.patch(TYPES[found.key.kind], found.key.namespace, found.key.name, {"metadata": metadata})
    return found._replace(version=resource_of(body).version) if body is not None else found


def to_revoke(resource: Resource) -> tuple[str, ...]:
    """Ids of leases and certificates that Vault has not yet been told to end. Pure."""
    status, found = resource.status, []
    if resource.key.kind == "VaultDynamicSecret" and resource.spec.get("revoke") is not False:
        found.append(str(mapping(status.get("secretLease")).get("id") or ""))
    if resource.key.kind == "VaultPKISecret" and resource.spec.get("revoke") is True:
        found.append(str(status.get("serialNumber") or ""))
    found += [str(mapping(entry).get("id") or "") for entry in sequence(status.get("pendingRevocations"))]
    kept = {source.get("name") for source in map(mapping, sequence(resource.spec.get("sources"))) if _stays(source)}
    for entry in map(mapping, sequence(status.get("sources"))):
        if entry.get("name") not in kept:
            found.append(str(mapping(entry.get("secretLease")).get("id") or ""))
    return tuple(name for name in found if name)


def _stays(source: Body) -> bool:
    return mapping(source.get("dynamic")).get("revoke") is False


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


def _needs(plan: LoginPlan) -> tuple[Key, Key]:
    (auth_space, _, auth), (space, _, name) = plan.auth_ref.partition("/"), plan.connection.ref.partition("/")
    return Key("VaultAuth", auth_space, auth), Key("VaultConnection", space, name)
