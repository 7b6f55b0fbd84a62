"""The Secret with a login's credentials, and those with a connection's certificates, stay while something has to be revoked with them.

No watch tells of these Secrets: they have none of our labels. So the login or connection keeps an annotation with the names of those that
have the finalizer, and looks at them each half minute. It is put on where the operator may; where it may not, nothing fails.

The Secret says who holds it. What a login says of itself opens none of another namespace: whoever may write logins in one would free the
Secrets of all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keywave.controller import reasons
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Body, Key, Resource, resource_of
from keywave.controller.ports import World
from keywave.controller.status import rfc3339
from keywave.controller.types import TYPES
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.ids import CLIENT_CERTIFICATE
from keywave.objects.manifest import mapping, sequence

FINALIZER = "reconcile.keywave.dev/revokes-with-it"
HELD = "reconcile.keywave.dev/holds"
"""On a VaultAuth or VaultConnection: namespace/name of the Secrets that have the finalizer, joined by commas."""
HOLDERS = "reconcile.keywave.dev/held-by"
"""On a Secret: kind/namespace/name of each login or connection that holds it, joined by commas. Names, no uids: one made anew goes on."""
_KINDS = ("VaultAuth", "VaultConnection")
BOUND, REPLACED = 300.0, 30.0
"""Seconds after which a deleted Secret goes, whatever is left; and where nothing else is being deleted: it is being replaced."""
INTERVAL, SOON = 30.0, 2.0
MOST = 50
"""Secrets of one login (one in each namespace that uses it), and holders of one Secret. Those beyond are not held, and do not hold."""
_REFUSED_FOR = 600.0


class Place(NamedTuple):
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Seen(NamedTuple):
    """A Secret's metadata, what of it concerns us, and when it was deleted ("": it is not)."""

    metadata: Body
    finalizers: tuple[str, ...]
    holders: tuple[Key, ...]
    deleted: str


class User(NamedTuple):
    """Of the login or connection: an object that issues. `owes`: it has something to revoke."""

    namespace: str
    deleting: bool
    owes: bool


def places_of(plan: LoginPlan) -> tuple[Place, ...]:
    """The Secrets that a login of this plan reads for its VaultAuth. Pure."""
    name = dict(plan.settings).get("secretRef", "")
    return (Place(plan.consumer_namespace, name),) if name else ()


def secrets_of(connection: Resource) -> tuple[Place, ...]:
    """The Secrets that a VaultConnection names. Pure."""
    names = connection.spec.get("caCertSecretRef"), connection.annotations.get(CLIENT_CERTIFICATE)
    return tuple(Place(connection.key.namespace, str(name)) for name in names if name)


def held_by(resource: Resource) -> tuple[Place, ...]:
    """What the annotation names, which is anybody's to write: no more than `MOST`, each a request at every look. Pure."""
    parts = (entry.partition("/") for entry in resource.annotations.get(HELD, "").split(",")[:MOST])
    return tuple(dict.fromkeys(Place(space, name) for space, _, name in parts if space and name))


def holders_of(text: object) -> tuple[Key, ...]:
    """Whom the Secret's annotation names, as far as these are names, and no more than `MOST`. Pure."""
    parts = [entry.split("/") for entry in text.split(",", MOST)[:MOST]] if isinstance(text, str) else []
    return tuple(dict.fromkeys(Key(*part) for part in parts if len(part) == 3 and part[0] in _KINDS and all(part)))


def keep_secret(holder: Resource, world: World, place: Place) -> Resource:
    """The holder as it is afterwards. First its annotation, then the finalizer: a crash in between leaves none that nobody knows of.
    What the Secret's own write meets is not told of. Raises KubeError where the holder cannot be written."""
    refused = world.memory.recall(holder.key, f"not held {place}")
    if refused is not None and world.now() < refused:
        return holder
    try:
        seen = _look(world, place)
    except KubeError:
        return holder
    if seen is None or seen.deleted:
        return holder
    held, holders = held_by(holder), seen.holders
    if holder.key not in holders and len(holders) >= MOST:
        holders = _living(world, place, holders)
    if (place not in held and len(held) >= MOST) or (holder.key not in holders and len(holders) >= MOST):
        return holder
    if place not in held:
        holder = _annotate(holder, world, (*held, place))
    if FINALIZER in seen.finalizers and holder.key in holders:
        return holder
    try:
        names, named = dict.fromkeys((*seen.finalizers, FINALIZER)), dict.fromkeys((*holders, holder.key))
        body = _set(world, place, seen.metadata, tuple(names), tuple(named))
        _known_or_off(holder, world, place, seen._replace(metadata=mapping((body or {}).get("metadata"))))
    except KubeError:
        world.memory.keep(holder.key, f"not held {place}", world.now() + _REFUSED_FOR)
    return holder


def _known_or_off(holder: Resource, world: World, place: Place, before: Seen) -> None:
    """The holder may have gone a moment ago, or another worker may have taken the Secret off its list. Raises KubeError."""
    body = world.kube.get(TYPES[holder.key.kind], holder.key.namespace, holder.key.name)
    if body is None or place not in held_by(resource_of(body)):
        _set(world, place, before.metadata, before.finalizers, before.holders)


def known_again(holder: Resource, world: World, places: tuple[Place, ...]) -> Resource:
    """The holder, whose annotation names again which of these it holds: somebody may have replaced the holder. Raises nothing."""
    held, mark = held_by(holder), (holder.uid, holder.annotations.get(HELD), places)
    lost = [place for place in places if place not in held][: max(MOST - len(held), 0)]
    if not lost or world.memory.recall(holder.key, "known again") == mark:
        return holder
    world.memory.keep(holder.key, "known again", mark)
    try:
        found = [place for place in lost if _holds(holder, _look(world, place), place, places)]
        return _annotate(holder, world, (*held, *found)) if found else holder
    except KubeError:
        return holder


def _holds(holder: Resource, seen: Seen | None, place: Place, named: tuple[Place, ...]) -> bool:
    """Whether the Secret has the finalizer for this one. `named`: what the holder's plan reads: one that names nobody, since somebody took
    the annotation off, is for those who do, and for its own namespace. Pure."""
    if seen is None or FINALIZER not in seen.finalizers:
        return False
    return holder.key in seen.holders or (
        not seen.holders and (place.namespace == holder.key.namespace or place in named)
    )


def _living(world: World, place: Place, holders: tuple[Key, ...]) -> tuple[Key, ...]:
    """Those that are there and say so themselves: one that was removed by force keeps no Secret."""
    found = ((key, world.lookup.find(key)) for key in holders)
    return tuple(key for key, holder in found if holder is not None and place in held_by(holder))


def _look(world: World, place: Place) -> Seen | None:
    """None where there is none. Raises KubeError."""
    body = world.kube.get(SECRET, *place)
    if body is None:
        return None
    metadata = mapping(body.get("metadata"))
    names = tuple(str(name) for name in sequence(metadata.get("finalizers")))
    holders = holders_of(mapping(metadata.get("annotations")).get(HOLDERS))
    return Seen(metadata, names, holders, str(metadata.get("deletionTimestamp") or ""))


def sweep(
    resource: Resource,
    world: World,
    users: list[User],
    current: Callable[[Place], bool],
    named: tuple[Place, ...],
) -> float | None:
    """Lets go of the Secrets that it does not need any more. Seconds until the next look, None where none is held. `current`: whether the
    login or connection still names it; `named`: see `_holds`. Raises nothing: what fails is tried again."""
    held = held_by(resource)
    if not held:
        return None
    left, wait = [], INTERVAL
    for place in held:
        mine = [user for user in users if resource.key.kind == "VaultConnection" or user.namespace == place.namespace]
        try:
            kept = _kept(resource, world, place, mine if current(place) else [], named)
        except KubeError as problem:
            kept = problem.reason not in ("forbidden", "absent", "invalid")
        left += [place] if kept else []
        wait = SOON if kept and (resource.deleting or any(user.deleting for user in mine)) else wait
    if len(left) != len(held):
        try:
            _annotate(resource, world, tuple(left))
        except KubeError:
            return SOON
    return wait if left else None


def _kept(resource: Resource, world: World, place: Place, users: list[User], named: tuple[Place, ...]) -> bool:
    """Whether it still holds it afterwards; the finalizer goes with the last one that does. Raises KubeError."""
    seen = _look(world, place)
    if seen is None or not _holds(resource, seen, place, named):
        return bool(seen is not None and not seen.deleted and users)  # it is about to be put on, or may not be
    owing = any(user.owes for user in users)
    if needed(seen.deleted, world.now(), owing=owing, users=bool(users), removal=_removal(resource, users)):
        return True
    if owing:
        told = f"the Secret {place} goes; what it may still be needed for to revoke ends by its own time"
        world.events.tell(resource, reasons.ORPHANED, told, warning=True)
    others = tuple(key for key in seen.holders if key != resource.key)
    if _living(world, place, others):
        _set(world, place, seen.metadata, seen.finalizers, others)
    else:
        _set(world, place, seen.metadata, tuple(name for name in seen.finalizers if name != FINALIZER), ())
    return False


def needed(deleted: str, now: float, *, owing: bool, users: bool, removal: bool) -> bool:
    """Of a Secret, deleted at that time ("": it is not). `removal`: the login or a user is being deleted, too. Pure."""
    if not deleted:
        return users
    return owing and rfc3339(now - (BOUND if removal else REPLACED)) < deleted


def _removal(resource: Resource, users: list[User]) -> bool:
    return bool(resource.deleting) or any(user.deleting for user in users)


def _annotate(holder: Resource, world: World, places: tuple[Place, ...]) -> Resource:
    text = ",".join(map(str, places)) or None
    metadata = {"annotations": {HELD: text}, "resourceVersion": holder.version}
    body = world.kube.patch(TYPES[holder.key.kind], holder.key.namespace, holder.key.name, {"metadata": metadata})
    annotations = {name: value for name, value in holder.annotations.items() if name != HELD}
    version = str(mapping((body or {}).get("metadata")).get("resourceVersion") or holder.version)
    return holder._replace(annotations={**annotations, **({HELD: text} if text else {})}, version=version)


def _set(
    world: World, place: Place, metadata: Body, finalizers: tuple[str, ...], holders: tuple[Key, ...]
) -> Body | None:
    patch = {
        "finalizers": list(finalizers),
        "annotations": {HOLDERS: ",".join(map("/".join, holders)) or None},
        "resourceVersion": str(metadata.get("resourceVersion") or ""),
    }
    return world.kube.patch(SECRET, place.namespace, place.name, {"metadata": patch})
