"""VaultDynamicSecret: credentials with a lease, kept alive; issued anew when they cannot be; static roles read after each rotation.

gather: the Secret, the lease and its token as the status has them. decide: `leases.decide`. act: the finalizer, Vault, the Secret with the
lease's name on it, the status, the restarts, and last the revocation of what was replaced: a crash anywhere loses no lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller import reasons
from keywave.controller.content.data import build_data
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import leases, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.dynamic_view import View, gather, unclaimed
from keywave.controller.kinds.holding import keep_while_revoking, to_revoke
from keywave.controller.kinds.leases import Lease
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import rfc3339, write_status
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping
from keywave.vault.values import Payload, ValueRequest, VaultFault, dynamic, lease_renew, lease_revoke

FINALIZER = "vaultdynamicsecret.secrets.hashicorp.com/finalizer"


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        ids = (*to_revoke(resource), unclaimed(resource, world)) if resource.spec.get("revoke") is not False else ()
        ids = tuple(filter(None, ids))
        return revoking.end(resource, world, failures, finalizer=FINALIZER, ids=ids, request=_revocation(resource))
    return flow.guarded(resource, world, failures, _reconcile)


def _reconcile(resource: Resource, world: World) -> Result:
    view = gather(resource, world)
    step = leases.decide(view.seen)
    if step != "rest":
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
        after = _renew(view, world)
    elif step == "token":
        after = _renew_token(view, world)
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


def _issue(view: View, world: World) -> Resource:
    resource, before = view.resource, view.lease
    revoking.spare(resource, world, view.hashed)
    transformation = flow.transformation_for(resource, world, view.destination)
    plan, request = flow.plan_of(resource, world), request_of(resource.spec)
    if resource.spec.get("revoke") is not False:
        keep_while_revoking(resource, world)
    resource = revoking.with_finalizer(resource, world, FINALIZER)
    repeatable = bool(resource.status.get("staticCredsMetaData")) and resource.spec.get("allowStaticCreds") is True
    payload = world.vault.read(plan, request, max_age=0.0) if repeatable else world.vault.issue(plan, request)
    lease = leases.lease_from(payload)
    rotation = leases.rotation_of(payload.data) if resource.spec.get("allowStaticCreds") is True else None
    try:
        data = build_data(payload.data, payload.raw, transformation, resource, exclude_raw=world.exclude_raw)
        whole = world.secrets.mac(data)
        mac = world.secrets.mac(leases.stable(data)) if rotation else whole
        annotations = {leases.DATA: whole} | ({leases.LEASE: lease.id} if lease.id else {})
        if not (lease.id or rotation):
            annotations = {}
        verdict = judge(resource, view.destination, Wanted(whole, annotations), view.observed)
        if verdict.action == "refuse":
            raise PlanProblem(verdict.reason, verdict.message)
        if verdict.action != "unchanged":
            write(world, resource, verdict, data)
    except (PlanProblem, KubeError) as problem:
        if isinstance(problem, PlanProblem):
            revoking.not_formed(resource, world, view.hashed, problem)
        revoking.discard(resource, world, plan, lease.id, _revocation(resource))
        raise
    prune(world, resource, view.destination["name"])
    after = _written(view, resource, world, plan, payload, mac, rotation)
    first = not resource.status.get("lastGeneration")
    changed = not first and (before.id != lease.id or resource.status.get("secretMAC") != mac)
    flow.synced(resource, world, wrote=verdict.action != "unchanged", rotated=changed)
    return after


def _written(
    view: View, resource: Resource, world: World, plan: LoginPlan, payload: Payload, mac: str, rotation: Any
) -> Resource:
    lease, before, status = leases.lease_from(payload), view.lease, resource.status
    name = view.destination["name"]
    token = lease.id or mac
    old = [before.id] if before.id and before.id != lease.id and before.end > world.now() else []
    accessor = str(leases.token_of(status).get("accessor") or "")
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac,
        "secretName": name,
        "requestHash": view.hashed or None,
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        "restartedFor": revoking.restarted_for(resource, token, _token_of(status)),
        "pendingRevocations": revoking.with_pending(revoking.pending(resource), old, accessor, world.now(), lease.id),
        "staticCredsMetaData": rotation or _NO_ROTATION,
        **lease_fields(lease, world, plan, payload.accessor),
    }
    return _write(resource, world, fields, f"the Secret {name} holds what Vault has issued")


_NO_ROTATION: Mapping[str, Any] | None = None


def lease_fields(lease: Lease, world: World, plan: LoginPlan, accessor: str) -> dict[str, Any]:
    """Raises nothing: a token whose end cannot be told is looked at soon."""
    fields: dict[str, Any] = {"secretLease": lease.status(), "lastRenewalTime": int(lease.since)}
    if not lease.id:
        return fields | {"leaseExpireTime": None, "token": None, "vaultClientMeta": None}
    fields["leaseExpireTime"] = rfc3339(lease.end)
    try:
        token = world.vault.log_in(plan)
    except VaultFault:
        token = None
    known: dict[str, Any] = {"accessor": accessor, "vaultAuthRef": plan.auth_ref}
    if token is not None and token.accessor == accessor:
        known["renewable"] = token.renewable
        if token.expires:
            known["expireTime"] = rfc3339(token.expires)
    return fields | {"token": known, "vaultClientMeta": leases.client_of(known)}


def _adopt(view: View, world: World) -> Resource:
    """Makes the lease that the Secret names the object's own: renewed, so that its time is known."""
    resource, found, before = view.resource, view.seen.found, view.lease
    plan = flow.plan_of(resource, world)
    try:
        increment = before.duration or 3600
        payload = world.vault.issue(plan, lease_renew(found, increment, str(resource.spec.get("namespace") or "")))
    except VaultFault as fault:
        if fault.reason not in ("forbidden", "refused", "absent"):
            raise
        payload = None
    if payload is None or not payload.lease_duration or view.observed is None:
        pending = revoking.with_pending(revoking.pending(resource), [found], "", world.now(), before.id)
        resource = _write(resource, world, {"pendingRevocations": pending}, "")
        return _issue(view._replace(resource=resource), world)
    renewed = payload._replace(lease_id=found, request_id="")
    adopted = resource._replace(finalizers=(*resource.finalizers,))
    return _written(view, adopted, world, plan, renewed, view.observed.mac, None)


def _renew(view: View, world: World) -> Resource:
    resource, lease = view.resource, view.lease
    plan = flow.plan_of(resource, world)
    try:
        payload = world.vault.issue(
            plan, lease_renew(lease.id, lease.duration, str(resource.spec.get("namespace") or ""))
        )
    except VaultFault as fault:
        if fault.reason not in ("forbidden", "refused", "absent"):
            raise
        told = f"the lease is not renewed, new credentials are issued: {fault.summary}"
        world.events.tell(resource, reasons.LEASE_LOST, told, warning=True)
        return _issue(view, world)
    if leases.truncated(lease, payload):
        return _issue(view, world)
    renewed = lease._replace(duration=payload.lease_duration, since=payload.at, renewable=payload.renewable)
    fields = {
        "secretLease": renewed.status(),
        "lastRenewalTime": int(renewed.since),
        "leaseExpireTime": rfc3339(renewed.end),
        "lastGeneration": resource.generation,
        "requestHash": view.hashed or resource.status.get("requestHash"),
    }
    return _write(resource, world, fields, f"the Secret {view.destination['name']} holds what Vault has issued")


def _renew_token(view: View, world: World) -> Resource:
    """Of the token that made the lease: maybe one of an earlier process, so by its accessor."""
    resource, known = view.resource, leases.token_of(view.resource.status)
    accessor, ends = str(known.get("accessor") or ""), leases.token_ends(resource.status)
    left = world.vault.renew_token(flow.plan_of(resource, world), accessor)
    now = world.now()
    world.memory.keep(resource.key, "token due", None)
    if left is None or (left != float("inf") and now + left <= ends + 1):
        world.memory.keep(resource.key, "lost token", accessor)
        return resource
    token = {**known, "expireTime": None if left == float("inf") else rfc3339(now + left)}
    fields = {"token": token, "vaultClientMeta": leases.client_of(token)}
    write_status(resource, world, fields, ())
    return resource._replace(status={**resource.status, **fields})


def _settle(view: View, world: World) -> Resource:
    """The new generation asks for nothing new, or a failure is over."""
    resource = view.resource
    fields = {
        "lastGeneration": resource.generation,
        "requestHash": view.hashed or resource.status.get("requestHash"),
        "secretName": view.destination["name"],
    }
    return _write(resource, world, fields, f"the Secret {view.destination['name']} holds what Vault has issued")


def _write(resource: Resource, world: World, fields: Mapping[str, Any], message: str) -> Resource:
    """The object with its new status. Without a message nothing is said of the Secret."""
    write_status(resource, world, fields, flow.success(message) if message else ())
    return resource._replace(status={**resource.status, **fields})


def _follow_up(resource: Resource, world: World) -> Result:
    view = gather(resource, world)
    seen = view.seen
    dues = [due for due in (seen.due, None if seen.lost else seen.token_due) if due is not None]
    after = max(min(dues) - world.now(), 0.1) if dues else None
    return revoking.follow_up(resource, world, _token_of(resource.status), _revocation(resource), after)


def _token_of(status: Body) -> str:
    """What the workloads are restarted for."""
    return leases.lease_of(status).id or str(status.get("secretMAC") or "")


def _revocation(resource: Resource) -> revoking.Request:
    space = str(resource.spec.get("namespace") or "")
    return lambda lease: lease_revoke(lease, space)
