"""VaultDynamicSecret: credentials with a lease, kept alive; issued anew when they cannot be; static roles read after each rotation.

gather: the Secret, the lease and its token as the status has them. decide: `leases.decide`. act: the finalizer, Vault, the Secret with the
lease's name on it, the status, the restarts, and last the revocation of what was replaced: a crash anywhere loses no lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller.content.data import build_data
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import leases, replaced, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.dynamic_renewal import GONE, kept_alive, renewed, token_renewed
from keywave.controller.kinds.dynamic_view import ASKED, FINALIZER, View, gather, note_read, seal_of, unclaimed
from keywave.controller.kinds.holding import keep_while_revoking, to_revoke
from keywave.controller.kinds.leases import Lease
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import exact, latest, write_status
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping
from keywave.vault.values import ValueRequest, VaultFault, dynamic, lease_renew, lease_revoke

__all__ = ["ASKED", "FINALIZER", "reconcile", "request_of"]


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        ids = (*to_revoke(resource), unclaimed(resource, world)) if _revokes(resource) else ()
        ids = tuple(filter(None, ids))
        return revoking.end(resource, world, failures, finalizer=FINALIZER, ids=ids, request=_revocation(resource))
    result = flow.guarded(resource, world, failures, _reconcile)
    if result.failed and result.after is not None:
        due = kept_alive(latest(resource, world), world)
        soonest = result.after if due is None else min(result.after, max(due - world.now(), 1.0))
        return result._replace(after=soonest)
    return result


def _reconcile(resource: Resource, world: World) -> Result:
    view = None if flow.never_synced(resource) else gather(resource, world)
    step = leases.decide(view.seen) if view is not None else "issue"
    if step == "issue":
        flow.check_names(resource, world)
        request_of(resource.spec)
    if view is None or step != "rest":
        found = revoking.fresh(resource, world)
        if found is None or found.deleting:
            return Result()
        view = gather(found, world)
        step = leases.decide(view.seen)
    if view.verdict.action == "refuse":
        raise PlanProblem(view.verdict.reason, view.verdict.message)
    after = view.resource
    if step == "adopt":
        after = _adopt(view, world)
    elif step == "issue":
        after = _issue(view, world)
    elif step == "renew":
        resource, enough = renewed(view.resource, world)
        view = view._replace(resource=resource, lease=leases.lease_of(resource.status))
        after = _settle(view, world) if enough else _issue(view, world)
    elif step == "token":
        after = token_renewed(view.resource, world)
    elif step == "metadata":
        revoking.mend_metadata(view.resource, world, view.verdict.target, view.verdict.uid)
        after = _settle(view, world)
    elif step == "settle":
        after = _settle(view, world)
    return _follow_up(after, world)


def request_of(spec: Body) -> ValueRequest:
    """Raises VaultFault(invalid)."""
    mount, path, space = (str(spec.get(name) or "") for name in ("mount", "path", "namespace"))
    params = {str(name): str(value) for name, value in mapping(spec.get("params")).items()}
    return dynamic(mount, path, str(spec.get("requestHTTPMethod") or "GET"), params, space)


def _issue(view: View, world: World, found: str = "") -> Resource:
    """`found`: a lease that only the Secret knows of, and that this one replaces."""
    resource = view.resource
    revoking.spare(resource, world, view.hashed)
    transformation = flow.transformation_for(resource, world, view.destination)
    plan, request = flow.plan_of(resource, world), request_of(resource.spec)
    resource = _secured(resource, world)
    repeatable = bool(resource.status.get("staticCredsMetaData")) and resource.spec.get("allowStaticCreds") is True
    payload = world.vault.read(plan, request, max_age=0.0) if repeatable else world.vault.issue(plan, request)
    lease, token = leases.lease_from(payload), leases.token_from(payload, plan.auth_ref)
    rotation = leases.rotation_of(payload.data) if resource.spec.get("allowStaticCreds") is True else None
    try:
        resource = _noted(view._replace(resource=resource), world, lease, payload.accessor, found)
        data = build_data(payload.data, payload.raw, transformation, resource, exclude_raw=world.exclude_raw)
        whole = world.secrets.mac(data)
        mac = world.secrets.mac(leases.stable(data)) if rotation else whole
        annotations = {leases.DATA: whole} if lease.id or rotation else {}
        if lease.id:
            annotations |= {
                leases.LEASE: lease.id,
                leases.ISSUED: leases.note_of(token, view.hashed, seal_of(resource, world, lease.id)),
            }
        verdict = judge(resource, view.destination, Wanted(whole, annotations), view.observed)
        if verdict.action == "refuse":
            raise PlanProblem(verdict.reason, verdict.message)
        if verdict.action != "unchanged":
            write(world, resource, verdict, data)
    except (PlanProblem, KubeError) as problem:
        revoking.not_formed(resource, world, view.hashed, problem)
        revoking.discard(resource, world, plan, lease.id, lease.end, _revocation(resource))
        raise
    note_read(resource, world, payload, rotation)
    first, before = not resource.status.get("lastGeneration"), view.lease
    changed = not first and (before.id != lease.id or resource.status.get("secretMAC") != mac)
    after = _written(view._replace(resource=resource), world, lease, token, mac, rotation)
    flow.synced(resource, world, wrote=verdict.action != "unchanged", rotated=changed)
    return _pruned(after, world, view.destination["name"])


def _secured(resource: Resource, world: World) -> Resource:
    """With its finalizer, and those of what it needs to revoke. Raises KubeError."""
    if _revokes(resource):
        keep_while_revoking(resource, world)
    return revoking.with_finalizer(resource, world, FINALIZER)


def _noted(view: View, world: World, lease: Lease, accessor: str, found: str) -> Resource:
    """To be revoked, as long as the status does not say that it is in use: what the Secret cannot name, or will not name any more."""
    resource, ends = view.resource, {found: 0.0} if found else {}
    if lease.id and view.destination.get("create") is not True:
        ends[lease.id] = lease.end
    if not ends or not _revokes(resource):
        return resource
    entries = revoking.with_pending(revoking.pending(resource), ends, accessor, world.now(), "")
    return _write(resource, world, {"pendingRevocations": entries}, "")


def _written(view: View, world: World, lease: Lease, token: Body, mac: str, rotation: Body | None) -> Resource:
    resource, before, status, name = view.resource, view.lease, view.resource.status, view.destination["name"]
    now = world.now()
    lives = _revokes(resource) and before.id != lease.id and before.may_end(now) > now
    old = {before.id: before.may_end(now)} if before.id and lives else {}
    accessor = str(leases.token_of(status).get("accessor") or "")
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac,
        # Until the one that it names is deleted.
        "secretName": status.get("secretName") or name,
        "requestHash": view.hashed or None,
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        "restartedFor": revoking.restarted_for(resource, lease.id or mac, _token_of(status)),
        "pendingRevocations": revoking.with_pending(revoking.pending(resource), old, accessor, now, lease.id),
        "staticCredsMetaData": rotation,
        **leases.lease_fields(lease, token),
    }
    if before.id != lease.id or status.get("secretMAC") != mac:
        fields["lastChangeTime"] = exact(now)
    rotated = [mapping(known).get("lastVaultRotation") for known in (rotation, status.get("staticCredsMetaData"))]
    if not lease.id and not before.id and status.get("secretMAC") == mac and rotated[0] == rotated[1]:
        # Read again, and the same: when it was read is remembered, and not written.
        fields |= {name: status.get(name) for name in ("staticCredsMetaData", "secretLease", "lastRenewalTime")}
    replaced.wrote(resource, world, lease.id or mac)
    return _write(resource, world, fields, _told(name))


def _pruned(resource: Resource, world: World, name: str) -> Resource:
    """After the status, so that a refusal issues nothing anew. Raises KubeError."""
    prune(world, resource, name)
    return _write(resource, world, {"secretName": name}, "")


def _adopt(view: View, world: World) -> Resource:
    """Makes the lease that the Secret names the object's own: renewed, so that its time is known. Where it was asked for otherwise, or by a
    token that nobody knows, another replaces it."""
    resource, found, before = view.resource, view.seen.found, view.lease
    flow.transformation_for(resource, world, view.destination)
    plan = flow.plan_of(resource, world)
    token, hashed, _ = leases.noted(view.observed.annotations) if view.observed else ({}, "", "")
    if not token or hashed != view.hashed or view.observed is None:
        return _issue(view, world, found)
    try:
        request = lease_renew(found, before.duration or 3600, str(resource.spec.get("namespace") or ""))
        payload = world.vault.issue(plan, request)
    except VaultFault as fault:
        if fault.reason not in GONE:
            raise
        return _issue(view, world, found)
    if not payload.lease_duration:
        return _issue(view, world, found)
    lease = leases.lease_from(payload._replace(lease_id=found, request_id=""))
    resource = _secured(resource, world)
    after = _written(view._replace(resource=resource), world, lease, token, view.observed.mac, None)
    return _pruned(after, world, view.destination["name"])


def _settle(view: View, world: World) -> Resource:
    """The new generation asks for nothing new, or a failure is over."""
    name = view.destination["name"]
    resource = _secured(view.resource, world) if view.lease.id else view.resource
    prune(world, resource, name)
    fields = {
        "lastGeneration": resource.generation,
        "requestHash": view.hashed or resource.status.get("requestHash"),
        "secretName": name,
    }
    return _write(resource, world, fields, _told(name))


def _told(name: str) -> str:
    return f"the Secret {name} holds what Vault has issued"


def _write(resource: Resource, world: World, fields: Mapping[str, Any], message: str) -> Resource:
    """The object with its new status. Without a message nothing is said of the Secret."""
    write_status(resource, world, fields, flow.success(message) if message else ())
    return revoking.with_status(resource, fields)


def _follow_up(resource: Resource, world: World) -> Result:
    view = gather(resource, world)
    seen = view.seen
    dues = [due for due in (seen.due, None if seen.lost else seen.token_due) if due is not None]
    after = max(min(dues) - world.now(), 0.1) if dues else None
    return replaced.follow_up(resource, world, _token_of(resource.status), _revocation(resource), after)


def _token_of(status: Body) -> str:
    """What the workloads are restarted for."""
    return leases.lease_of(status).id or str(status.get("secretMAC") or "")


def _revokes(resource: Resource) -> bool:
    return resource.spec.get("revoke") is not False


def _revocation(resource: Resource) -> revoking.Request:
    space = str(resource.spec.get("namespace") or "")
    return lambda lease: lease_revoke(lease, space)
