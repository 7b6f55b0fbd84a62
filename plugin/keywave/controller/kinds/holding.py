"""A login, what it shares with others, and a connection stay while something that refers to them still has a lease or a certificate to
revoke: a removal knows no order.

Bounded: after five minutes they go, whatever is left. Until then they may be used on: one that is only replaced stops nobody. The
finalizers are the incumbent's, but for that of a VaultAuthGlobal, which has none there. Their Secrets: `holding_credentials`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from keywave.controller import reasons
from keywave.controller.kinds import holding_credentials as credentials
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Body, Key, Resource, Result, resource_of
from keywave.controller.planning_globals import global_of
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.types import TYPES
from keywave.objects.manifest import mapping, sequence

BOUND = 300.0
FINALIZERS = {
    "VaultAuth": "vaultauth.secrets.hashicorp.com/finalizer",
    "VaultConnection": "vaultconnection.secrets.hashicorp.com/finalizer",
    "VaultAuthGlobal": credentials.FINALIZER,
}
_REVOKING = ("VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret")


def hold(resource: Resource, world: World, finalizer: str) -> Result:
    """Lets it go when nothing needs it, or when the time is over; its Secret before it. Raises KubeError."""
    if finalizer not in resource.finalizers:
        return Result()
    owing = [(user, ids) for user in _users(resource.key, world, set()) if (ids := to_revoke(user))]
    waited = world.now() - moment(resource.deleting)
    places = _places(resource, world)
    resource = credentials.known_again(resource, world, places)
    if owing and waited < BOUND:
        look_after_secrets(resource, world, lambda place: True)
        return Result(min(2.0, max(BOUND - waited, 0.1)))
    if owing:
        _tell_of(resource, world, owing)
    if credentials.sweep(resource, world, [], lambda place: False, places) is not None and waited < 2 * BOUND:
        return Result(credentials.SOON)
    return flow.let_go(resource, world, finalizer)


def look_after_secrets(resource: Resource, world: World, current: Callable[[credentials.Place], bool]) -> float | None:
    """Of a login or connection: see `credentials.sweep`."""
    places = _places(resource, world)
    resource = credentials.known_again(resource, world, places)
    if not credentials.held_by(resource):
        return None
    users = [
        credentials.User(user.key.namespace, bool(user.deleting), bool(to_revoke(user)))
        for user in _users(resource.key, world, set())
    ]
    return credentials.sweep(resource, world, users, current, places)


def is_held(resource: Resource, world: World) -> bool:
    """Whether what `keep_while_revoking` did still stands: somebody may have made the login anew. True where nothing can be told."""
    try:
        found = [world.lookup.find(key) for key in _needs(flow.plan_of(resource, world), world)]
    except PlanProblem:
        return True
    return all(one is None or one.deleting or FINALIZERS[one.key.kind] in one.finalizers for one in found)


def keep_while_revoking(resource: Resource, world: World) -> None:
    """Puts the finalizers on the login of an object that is about to have something to revoke, what that shares with others, the
    connection, and the Secrets of these. Raises PlanProblem, KubeError."""
    plan = flow.plan_of(resource, world)
    for key in _needs(plan, world):
        found, finalizer = world.lookup.find(key), FINALIZERS[key.kind]
        if found is None or found.deleting:
            continue
        if finalizer not in found.finalizers:
            found = _with_finalizer(found, world, finalizer)
        # A VaultAuthGlobal holds none: what it names is read for the VaultAuth, or the connection.
        named = {"VaultAuth": credentials.places_of(plan), "VaultConnection": credentials.secrets_of(found)}
        for place in named.get(key.kind, ()):
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


def _needs(plan: LoginPlan, world: World) -> tuple[Key, ...]:
    """What a login of this plan is made of. Raises PlanProblem."""
    (auth_space, _, auth), (space, _, name) = plan.auth_ref.partition("/"), plan.connection.ref.partition("/")
    keys = Key("VaultAuth", auth_space, auth), Key("VaultConnection", space, name)
    found = world.lookup.find(keys[0])
    shared = global_of(found, world.lookup, world.operator_namespace, world.default_globals) if found else None
    return (*keys, shared.key) if shared is not None else keys


def _places(resource: Resource, world: World) -> tuple[credentials.Place, ...]:
    """The Secrets that a login or connection names, in each namespace that uses it."""
    if resource.key.kind == "VaultConnection":
        return credentials.secrets_of(resource)
    if resource.key.kind != "VaultAuth":
        return ()
    spaces = dict.fromkeys((resource.key.namespace, *(u.key.namespace for u in _users(resource.key, world, set()))))
    try:
        plan = flow.plan_of(resource, world)
    except PlanProblem:
        return ()
    found = [credentials.places_of(plan._replace(consumer_namespace=space)) for space in spaces]
    return tuple(place for places in found for place in places)


def _tell_of(resource: Resource, world: World, owing: list[tuple[Resource, tuple[str, ...]]]) -> None:
    """It goes although something hangs on it: what ends with it is lost; what lives on needs another one of that name."""
    lost = [id for user, ids in owing if user.deleting for id in ids]
    if lost:
        told = f"it goes, and what hangs on it cannot be revoked any more: {', '.join(lost)[:900]}"
        world.events.tell(resource, reasons.ORPHANED, told, warning=True)
        # A namespace that is being deleted takes no event.
        world.log(
            "warning", "it goes, and what hangs on it is not revoked", object=str(resource.key), ids=" ".join(lost)
        )
        world.counting.count("keywave_orphaned_leases_total")
        return
    names = ", ".join(str(user.key) for user, _ in owing)[:900]
    told = f"it goes, and these need another one of its name to log in and to revoke: {names}"
    world.events.tell(resource, reasons.INVALID_REFERENCE, told, warning=True)
