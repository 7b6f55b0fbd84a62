"""What is known of a VaultDynamicSecret before Vault is asked: its Secret, its lease, the token of the lease, and when each is due."""

from __future__ import annotations

from typing import NamedTuple

from keywave.controller import reasons
from keywave.controller.content.transformation import references
from keywave.controller.destination import Verdict, Wanted, judge
from keywave.controller.kinds import leases, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.leases import Lease, Seen
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed, World
from keywave.controller.problems import PlanProblem
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping

ASKED = ("mount", "path", "requestHTTPMethod", "params", "namespace", "vaultAuthRef", "allowStaticCreds")


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
    ends = leases.token_ends(resource.status)
    token = str(leases.token_of(resource.status).get("accessor") or "")
    lost = bool(token) and world.memory.recall(resource.key, "lost token") == token
    seen = Seen(
        now,
        synced=bool(resource.status.get("lastGeneration")) and bool(resource.status.get("lastRenewalTime")),
        same=leases.same_request(resource, hashed),
        settled=_settled(resource, hashed),
        asked=flow.refresh_asked(resource) is not None,
        drift=_drift(verdict),
        found=_found(resource, lease, observed),
        leased=bool(lease.id),
        renewable=lease.renewable,
        end=lease.end,
        due=_due(resource, world, lease, observed, lost=lost),
        token_due=_token_due(resource, world, ends) if token else None,
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
    return _found(resource, leases.lease_of(resource.status), observed)


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


def _drift(verdict: Verdict) -> str:
    if verdict.action in ("create", "recreate") or "data" in verdict.drifted:
        return "data"
    return "metadata" if verdict.action == "repair" else ""


def _found(resource: Resource, lease: Lease, observed: Observed | None) -> str:
    """A lease that the Secret names and the status does not: the process ended between the two. It counts only for data that we wrote."""
    named = observed.annotations.get(leases.LEASE, "") if observed else ""
    request = f"{str(resource.spec.get('mount') or '').strip('/')}/{str(resource.spec.get('path') or '').strip('/')}/"
    known = named in (lease.id, "") or any(entry.get("id") == named for entry in revoking.pending(resource))
    if observed is None or known or not named.startswith(request):
        return ""
    mine = any(owner.get("uid") == resource.uid for owner in observed.owners)
    return named if mine and observed.annotations.get(leases.DATA) == observed.mac else ""


def _settled(resource: Resource, hashed: str) -> bool:
    if not flow.exists_for_this_generation(resource):
        return False
    if flow.condition_of(resource, "SecretSynced").get("status") != "True":
        return False  # it failed last, or the incumbent wrote it, which says nothing of the kind
    return not hashed or resource.status.get("requestHash") in (None, hashed)


def _due(resource: Resource, world: World, lease: Lease, observed: Observed | None, *, lost: bool) -> float | None:
    """Drawn once for what the status says, so that it does not move at every look."""
    status = resource.status
    rotation = mapping(status.get("staticCredsMetaData"))
    foreign = bool(lease.id) and _foreign(resource, observed)
    mark = (
        "due",
        lease,
        foreign,
        lost,
        rotation.get("ttl"),
        status.get("lastRenewalTime"),
        resource.spec.get("renewalPercent"),
    )
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
        due = leases.rotation_due(lease.since, int(rotation.get("ttl") or 0), world.chance())
    else:
        due = leases.refresh_due(lease.since, resource.spec.get("refreshAfter"), world.chance())
    world.memory.keep(resource.key, "due", (mark, due))
    return due


def _token_due(resource: Resource, world: World, ends: float) -> float | None:
    kept = world.memory.recall(resource.key, "token due")
    if kept is None or kept[0] != ends:
        kept = (ends, leases.token_due(world.now(), ends, world.chance()))
        world.memory.keep(resource.key, "token due", kept)
    return float(kept[1]) if kept[1] is not None else None
