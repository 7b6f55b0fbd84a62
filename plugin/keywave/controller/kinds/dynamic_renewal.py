"""The lease of a VaultDynamicSecret and the token that it hangs on are kept alive, also while new credentials cannot be had."""

from __future__ import annotations

import contextlib

from keywave.controller import reasons
from keywave.controller.kinds import leases
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.dynamic_view import due_of, is_lost, token_due_of
from keywave.controller.kinds.revoking import with_status
from keywave.controller.model import Resource
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import write_status
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault, lease_renew

GONE = ("forbidden", "refused", "absent")


def renewed(resource: Resource, world: World) -> tuple[Resource, bool]:
    """With its lease renewed, and whether that was enough: else only new credentials help. Raises PlanProblem, VaultFault, KubeError."""
    lease, plan = leases.lease_of(resource.status), flow.plan_of(resource, world)
    try:
        request = lease_renew(lease.id, lease.duration, str(resource.spec.get("namespace") or ""))
        payload = world.vault.issue(plan, request)
    except VaultFault as fault:
        if fault.reason not in GONE:
            raise
        told = f"the lease is not renewed, new credentials are issued: {fault.summary}"
        world.events.tell(resource, reasons.LEASE_LOST, told, warning=True)
        return resource, False
    if leases.truncated(lease, payload):
        fields = leases.extended(lease, payload)
        if fields:
            write_status(resource, world, fields, ())
        return with_status(resource, fields), False
    after = lease._replace(duration=payload.lease_duration, since=payload.at, renewable=payload.renewable, last=0.0)
    fields = {
        "secretLease": after.status(),
        "lastRenewalTime": int(after.since),
        "leaseExpireTime": leases.stamp(after.end),
    }
    write_status(resource, world, fields, ())
    return with_status(resource, fields), True


def token_renewed(resource: Resource, world: World) -> Resource:
    """The token that made the lease: maybe one of an earlier process, so by its accessor. Raises PlanProblem, VaultFault, KubeError."""
    known = leases.token_of(resource.status)
    accessor, ends = str(known.get("accessor") or ""), leases.token_ends(resource.status)
    left = world.vault.renew_token(flow.plan_of(resource, world), accessor)
    now = world.now()
    world.memory.keep(resource.key, "token due", None)
    if left is None or (left != float("inf") and now + left <= ends + 1):
        world.memory.keep(resource.key, "lost token", accessor)
        return resource
    token = {**known, "expireTime": leases.stamp(now + left)}
    if left == float("inf"):
        token = {name: value for name, value in known.items() if name != "expireTime"} | {"renewable": False}
    fields = {"token": token, "vaultClientMeta": leases.client_of(token)}
    write_status(resource, world, fields, ())
    return resource._replace(status={**resource.status, **fields})


def kept_alive(resource: Resource, world: World) -> float | None:
    """What the last good Secret holds lives on, where nothing new can be had. When to come again (seconds since 1970); None where there is
    nothing to keep. Raises nothing: who could not issue has something to tell already."""
    with contextlib.suppress(PlanProblem, VaultFault, KubeError):
        lease, token = leases.lease_of(resource.status), leases.token_of(resource.status)
        lost = not token or is_lost(resource, world)
        if not lease.id or lost or lease.end <= world.now():
            return None
        observed = world.secrets.observe(resource.key.namespace, str(resource.status.get("secretName") or ""))
        due, token_due = due_of(resource, world, observed), token_due_of(resource, world)
        if due is not None and world.now() >= due:
            resource, enough = renewed(resource, world) if lease.renewable else (resource, False)
            due = due_of(resource, world, observed) if enough else None
        if token_due is not None and world.now() >= token_due:
            resource = token_renewed(resource, world)
        dues = (due, token_due_of(resource, world))
        return min((due for due in dues if due is not None), default=None)
    return None
