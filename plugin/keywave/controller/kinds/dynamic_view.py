"""What is known of a VaultDynamicSecret before Vault is asked: its Secret, its lease, the token of the lease, and when each is due."""

from __future__ import annotations

from typing import NamedTuple

from keywave.controller import reasons
from keywave.controller.content.transformation import references
from keywave.controller.destination import Verdict, Wanted, judge
from keywave.controller.kinds import leases, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import is_held
from keywave.controller.kinds.leases import Lease, Seen
from keywave.controller.mac import same
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed, World
from keywave.controller.problems import PlanProblem
from keywave.controller.timing import first_turn, seconds
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping
from keywave.vault.values import Payload

FINALIZER = "vaultdynamicsecret.secrets.hashicorp.com/finalizer"
ASKED = ("mount", "path", "requestHTTPMethod", "params", "namespace", "vaultAuthRef", "allowStaticCreds")


class Read(NamedTuple):
    """Of credentials without a lease: what this process read last. `rotated`: 0 for no static role; `misses`: how often in a row it read
    what it had already when Vault was to have rotated."""

    rotated: int
    at: float
    ttl: int
    misses: int


class View(NamedTuple):
    """All that is known before Vault is asked."""

    resource: Resource
    destination: Body
    observed: Observed | None
    verdict: Verdict
    lease: Lease
    hashed: str
    seen: Seen


def gather(resource: Resource, world: World) -> View:
    """Raises PlanProblem where destination makes no sense."""
    destination = flow.destination_of(resource)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    lease, now = leases.lease_of(resource.status), world.now()
    shared = {key: world.lookup.find(key) for key in references(resource, destination)}
    hashed = leases.request_hash(resource, ASKED, shared)
    verdict = judge(resource, destination, _wanted(resource, lease, observed), observed)
    lost = is_lost(resource, world)
    seen = Seen(
        now,
        synced=bool(resource.status.get("lastGeneration")) and bool(resource.status.get("lastRenewalTime")),
        same=leases.same_request(resource, hashed),
        settled=_settled(resource, hashed) and _secured(resource, world),
        asked=flow.refresh_asked(resource) is not None,
        drift=_drift(verdict),
        found=_found(resource, world, lease, observed),
        leased=bool(lease.id),
        renewable=lease.renewable,
        end=lease.end,
        due=due_of(resource, world, observed),
        token_due=token_due_of(resource, world),
        lost=lost or (bool(lease.id) and _foreign(resource, observed)),
    )
    return View(resource, destination, observed, verdict, lease, hashed, seen)


def unclaimed(resource: Resource, world: World) -> str:
    """A lease that only the Secret knows of: of an object whose process ended between the two writes. Raises nothing."""
    try:
        name = flow.destination_of(resource)["name"]
        observed = world.secrets.observe(resource.key.namespace, name)
    except (PlanProblem, KubeError):
        return ""
    return _found(resource, world, leases.lease_of(resource.status), observed)


def seal_of(resource: Resource, world: World, lease: str) -> str:
    """For `leases.note_of`. No Secret has a key with such a name, so no data has this hash."""
    return world.secrets.mac({f"lease of {resource.uid}": lease.encode()})


def is_lost(resource: Resource, world: World) -> bool:
    """Whether nobody can renew the token that the lease hangs on."""
    accessor = str(leases.token_of(resource.status).get("accessor") or "")
    return bool(accessor) and world.memory.recall(resource.key, "lost token") == accessor


def note_read(resource: Resource, world: World, payload: Payload, rotation: Body | None) -> None:
    """What was read of credentials without a lease: the status is written only when they are others."""
    rotated, ttl = (int(mapping(rotation).get(name) or 0) for name in ("lastVaultRotation", "ttl"))
    before: Read | None = world.memory.recall(resource.key, "read")
    again = before is not None and before.rotated == rotated and payload.at >= before.at + before.ttl
    misses = before.misses + 1 if before is not None and again else 0
    world.memory.keep(resource.key, "read", Read(rotated, payload.at, ttl, misses))


def _wanted(resource: Resource, lease: Lease, observed: Observed | None) -> Wanted:
    """The data that we wrote: of a static role some of it changes at every read, so the Secret itself says what it was."""
    mac = str(resource.status.get("secretMAC") or "") or None
    if resource.status.get("staticCredsMetaData"):
        return Wanted(observed.annotations.get(leases.DATA, observed.mac) if observed else None)
    if lease.id and not _foreign(resource, observed):
        return Wanted(mac, {leases.LEASE: lease.id})
    return Wanted(mac)


def _foreign(resource: Resource, observed: Observed | None) -> bool:
    """Whether the lease is the incumbent's, which dies with a token that we do not have. Pure."""
    return not leases.token_of(resource.status) and not (observed and observed.annotations.get(leases.LEASE))


def _secured(resource: Resource, world: World) -> bool:
    """Whether a removal in any order would still find what revokes the lease."""
    if resource.spec.get("revoke") is False or not leases.lease_of(resource.status).id:
        return True
    return FINALIZER in resource.finalizers and is_held(resource, world)


def _drift(verdict: Verdict) -> str:
    if verdict.action in ("create", "recreate") or "data" in verdict.drifted:
        return "data"
    return "metadata" if verdict.action == "repair" else ""


def _found(resource: Resource, world: World, lease: Lease, observed: Observed | None) -> str:
    """A lease that the Secret names and the status does not: the process ended between the two. It counts only for data that we wrote."""
    named = observed.annotations.get(leases.LEASE, "") if observed else ""
    request = f"{str(resource.spec.get('mount') or '').strip('/')}/{str(resource.spec.get('path') or '').strip('/')}/"
    known = named in (lease.id, "") or any(entry.get("id") == named for entry in revoking.pending(resource))
    if observed is None or known:
        return ""
    seal = leases.noted(observed.annotations)[2]
    if not named.startswith(request) and not (seal and same(seal, seal_of(resource, world, named))):
        return ""
    mine = any(owner.get("uid") == resource.uid for owner in observed.owners)
    return named if mine and observed.annotations.get(leases.DATA) == observed.mac else ""


def _settled(resource: Resource, hashed: str) -> bool:
    if not flow.exists_for_this_generation(resource):
        return False
    if flow.condition_of(resource, "SecretSynced").get("status") != "True":
        return False  # it failed last, or the incumbent wrote it, which says nothing of the kind
    return not hashed or resource.status.get("requestHash") in (None, hashed)


def due_of(resource: Resource, world: World, observed: Observed | None) -> float | None:
    """When the credentials are renewed, or read or issued again. Drawn once for what is known of them, so that it does not move at every
    look."""
    status, lease, lost = resource.status, leases.lease_of(resource.status), is_lost(resource, world)
    rotation = mapping(status.get("staticCredsMetaData"))
    foreign = bool(lease.id) and _foreign(resource, observed)
    read: Read | None = None if lease.id else world.memory.recall(resource.key, "read")
    wishes = resource.spec.get("renewalPercent"), resource.spec.get("refreshAfter")
    mark = ("due", lease.drawn, foreign, lost, rotation.get("ttl"), status.get("lastRenewalTime"), wishes, read)
    kept = world.memory.recall(resource.key, "due")
    if kept is not None and kept[0] == mark:
        return float(kept[1]) if kept[1] is not None else None
    due: float | None
    if foreign:
        due = leases.take_over_due(world.now(), lease.end, world.chance())
        told = "the lease hangs on a token of Vault Secrets Operator: new credentials are issued within a minute"
        world.events.tell(resource, reasons.LEASE_LOST, told)
    elif lease.id:
        due = leases.renewal_due(lease, resource.spec.get("renewalPercent"), world.chance())
        if lost:
            due = leases.replacement_due(lease.end, leases.token_ends(status), world.now(), world.chance())
    elif rotation:
        known = read or Read(0, lease.since, int(rotation.get("ttl") or 0), 0)
        due = leases.rotation_due(known.at, known.ttl, world.chance(), known.misses)
    else:
        due = _refresh_due(resource, world, read.at if read else None)
    world.memory.keep(resource.key, "due", (mark, due))
    return due


def _refresh_due(resource: Resource, world: World, at: float | None) -> float | None:
    """`at`: when this process read last; a new one spreads over time what is overdue."""
    wish, now = resource.spec.get("refreshAfter"), world.now()
    if at is not None:
        return leases.refresh_due(at, wish, world.chance())
    due = leases.refresh_due(leases.lease_of(resource.status).since, wish, world.chance())
    return max(due, first_turn(now, seconds(wish), world.chance())) if due is not None and due < now else due


def token_due_of(resource: Resource, world: World) -> float | None:
    """When the token that the lease hangs on is renewed; None where there is none, or it never ends."""
    token = leases.token_of(resource.status)
    if not token.get("accessor"):
        return None
    mark = tuple(token.get(name) for name in ("accessor", "expireTime", "renewable"))
    kept = world.memory.recall(resource.key, "token due")
    if kept is None or kept[0] != mark:
        kept = (mark, leases.token_due(world.now(), token, world.chance()))
        world.memory.keep(resource.key, "token due", kept)
    return float(kept[1]) if kept[1] is not None else None
