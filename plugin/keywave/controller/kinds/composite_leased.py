"""VaultCompositeSecret with sources that have a lease: each is renewed and issued anew by itself.

Its values are in the Secret and nowhere else. When another source changes they are taken out of it again, where `keys` says which they
are and no template has mixed them; else they are issued anew with the change. What was issued is noted in the status before the
Secret is written: a crash anywhere leaves nothing that nobody will revoke.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from keywave.controller import reasons
from keywave.controller.content.transformation import references
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import leases, replaced, revoking
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.composite_parts import Part, parts_of, seen
from keywave.controller.kinds.composite_values import (
    View,
    entry_of,
    formed,
    interval_of,
    issued,
    kept_values,
    mac_of,
    read_all,
    request_of,
)
from keywave.controller.kinds.holding import keep_while_revoking
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import exact, write_status
from keywave.controller.timing import first_turn, refresh
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import Payload, VaultFault, lease_renew, lease_revoke

FINALIZER = "vaultcompositesecret.reconcile.keywave.dev/finalizer"
_GONE = ("forbidden", "refused", "absent")
_REFUSED = "refused source"


def is_leased(resource: Resource) -> bool:
    """Whether a source has a lease, by the spec or by the status."""
    named = any(mapping(source).get("dynamic") is not None for source in sequence(resource.spec.get("sources")))
    owed = named or bool(resource.status.get("pendingRevocations"))
    return owed or any(mapping(entry).get("secretLease") for entry in sequence(resource.status.get("sources")))


def revocation(resource: Resource) -> revoking.Request:
    space = str(resource.spec.get("namespace") or "")
    return lambda lease: lease_revoke(lease, space)


def reconcile_leased(resource: Resource, world: World) -> Result:
    """Raises PlanProblem, VaultFault, KubeError."""
    view = None
    if flow.never_synced(resource):
        flow.check_names(resource, world)
        _check_requests(resource, parts_of(resource))
    else:
        view = _gather(resource, world)
    if view is None or view.writing(world.now()) or set(view.steps.values()) - {"rest"}:
        found = revoking.fresh(resource, world)
        if found is None or found.deleting:
            return Result()
        view = _gather(found, world)
    view = _kept_alive(view, world)
    try:
        after = _written(view, world) if view.writing(world.now()) else view.resource
    except (PlanProblem, VaultFault, KubeError):
        _still_alive(view, world)
        raise
    return _follow_up(after, world)


def _check_requests(resource: Resource, parts: Sequence[Part]) -> None:
    """Before anything is asked or issued: all of them can be. Pure. Raises PlanProblem, VaultFault(invalid)."""
    if resource.spec.get("hmacSecretData") is False and any(part.dynamic for part in parts):
        wrong = "hmacSecretData: false cannot be with a dynamic source, whose values are in the Secret only: the hash tells that they are"
        raise PlanProblem(reasons.INVALID, wrong)
    for part in parts:
        request_of(part, resource)


def _gather(resource: Resource, world: World) -> View:
    destination = flow.destination_of(resource)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    verdict = judge(resource, destination, Wanted(str(resource.status.get("secretMAC") or "") or None), observed)
    shared = {key: world.lookup.find(key) for key in references(resource, destination)}
    form = leases.request_hash(resource, ("sources",), shared)
    parts = tuple(parts_of(resource))
    due = world.memory.recall(resource.key, "read again")
    if due is None:
        known = bool(resource.status.get("secretMAC"))
        due = first_turn(world.now(), interval_of(resource), world.chance()) if known else 0.0
        world.memory.keep(resource.key, "read again", due)
    view = View(resource, destination, observed, verdict, parts, {}, float(due), form)
    asked = flow.refresh_asked(resource) is not None
    looked = {p.name: seen(resource, world, p, drift=view.lost, asked=asked) for p in parts if p.dynamic}
    return view._replace(steps={name: leases.decide(one) for name, one in looked.items()}, due=0.0 if asked else due)


def _kept_alive(view: View, world: World) -> View:
    """Leases and tokens that are due are renewed; what cannot be is to be issued. One status write for all."""
    ahead = {name: step for name, step in view.steps.items() if step in ("renew", "token")}
    if not ahead:
        return view
    resource, steps, entries = view.resource, dict(view.steps), {part.name: dict(part.entry) for part in view.parts}
    plan, tokens = flow.plan_of(resource, world), dict[str, float | None]()
    for name, step in ahead.items():
        entry = entries[name]
        if step == "renew":
            steps[name] = "rest" if _renewed(entry, resource, world, plan) else "issue"
            continue
        known = mapping(entry.get("token"))
        accessor, ends = str(known.get("accessor") or ""), leases.token_ends(entry)
        if accessor not in tokens:
            tokens[accessor] = world.vault.renew_token(plan, accessor)
        left, now = tokens[accessor], world.now()
        world.memory.keep(resource.key, f"token due {name}", None)
        if left is None or (left != float("inf") and now + left <= ends + 1):
            world.memory.keep(resource.key, "lost token", accessor)
        else:
            never = {name: value for name, value in known.items() if name != "expireTime"} | {"renewable": False}
            entry["token"] = never if left == float("inf") else {**known, "expireTime": leases.stamp(now + left)}
    resource = _write(resource, world, {"sources": _with_known(resource, entries)}, "")
    parts = tuple(part._replace(entry=entries[part.name]) for part in view.parts)
    return view._replace(resource=resource, steps=steps, parts=parts)


def _with_known(resource: Resource, entries: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """status.sources between two syncs: one that is new has no entry yet, and that of one that is gone names a lease to revoke. Pure."""
    before = [mapping(entry) for entry in sequence(resource.status.get("sources"))]
    gone = [entry for entry in before if entry.get("name") not in entries]
    return [dict(entry) for entry in (*entries.values(), *gone) if entry]


def _still_alive(view: View, world: World) -> None:
    """What was to be issued anew, and could not be, lives on in the last good Secret. Raises nothing."""
    steps = {}
    for part in view.parts:
        if part.dynamic and part.entry.get("secretLease") and view.steps.get(part.name) == "issue":
            looked = seen(view.resource, world, part, drift=False, asked=False)
            steps[part.name] = leases.decide(looked._replace(same=True, synced=True))
    with contextlib.suppress(PlanProblem, VaultFault, KubeError):
        _kept_alive(view._replace(steps=steps), world)


def _renewed(entry: dict[str, Any], resource: Resource, world: World, plan: LoginPlan) -> bool:
    lease = leases.lease_of(entry)
    try:
        space = str(resource.spec.get("namespace") or "")
        payload = world.vault.issue(plan, lease_renew(lease.id, lease.duration, space))
    except VaultFault as fault:
        if fault.reason not in _GONE:
            raise
        told = f"source {entry['name']}: the lease is not renewed, new credentials are issued: {fault.summary}"
        world.events.tell(resource, reasons.LEASE_LOST, told, warning=True)
        return False
    if leases.truncated(lease, payload):
        entry |= leases.extended(lease, payload)
        return False
    renewed = lease._replace(duration=payload.lease_duration, since=payload.at, renewable=payload.renewable, last=0.0)
    entry["secretLease"], entry["lastRenewalTime"] = renewed.status(), int(renewed.since)
    entry["leaseExpireTime"] = leases.stamp(renewed.end)
    return True


def _written(view: View, world: World) -> Resource:
    resource, destination, plan = view.resource, view.destination, flow.plan_of(view.resource, world)
    if view.verdict.action == "refuse":
        raise PlanProblem(view.verdict.reason, view.verdict.message)
    transformation = flow.transformation_for(resource, world, destination)._replace(exclude_raw=True)
    _check_requests(resource, view.parts)
    revoking.spare(resource, world, view.form)
    read = read_all(view, world, plan)
    kept = kept_values(view, world, transformation)
    issuing = [part for part in view.parts if part.dynamic and part.name not in kept]
    # What was refused last is asked for first: the others need not be issued for nothing.
    refused = world.memory.recall(resource.key, _REFUSED)
    issuing.sort(key=lambda part: part.name != refused)
    changed = any(part.entry.get("secretMAC") != mac_of(world, read[part.name]) for part in view.parts if part.kv)
    told = flow.exists_for_this_generation(resource) and resource.status.get("requestHash") == view.form
    if told and not changed and "issue" not in view.steps.values() and view.verdict.action == "unchanged":
        return _settled(view, world, read)
    if any(part.revoked for part in issuing):
        keep_while_revoking(resource, world)
        resource = revoking.with_finalizer(resource, world, FINALIZER)
    new: dict[str, Payload] = {}
    try:
        for part in issuing:
            world.memory.keep(resource.key, _REFUSED, part.name)
            new[part.name] = issued(part, resource, world, plan)
            world.memory.keep(resource.key, _REFUSED, None)
            resource = _noted(resource, world, part, new[part.name])
        data = formed(view, transformation, read, kept, new, world)
        mac = world.secrets.mac(data)
        renewed = resource.status.get("lastGeneration") != resource.generation
        verdict = judge(resource, destination, Wanted(mac, renewed=renewed), view.observed)
        if verdict.action == "refuse":
            raise PlanProblem(verdict.reason, verdict.message)
        if verdict.action != "unchanged":
            write(world, resource, verdict, data)
    except (PlanProblem, KubeError, VaultFault) as problem:
        if not isinstance(problem, VaultFault):
            revoking.not_formed(resource, world, view.form, problem)
        for part in reversed(issuing):  # the last may not be in the status yet
            if part.name in new and part.revoked:
                lease = leases.lease_from(new[part.name])
                resource = revoking.discard(resource, world, plan, lease.id, lease.end, revocation(resource))
        raise
    before = str(resource.status.get("secretMAC") or "")
    entries = [entry_of(part, read, new, world, plan) for part in view.parts]
    after = _tell(view._replace(resource=resource), world, entries, mac, read)
    flow.synced(resource, world, wrote=verdict.action != "unchanged", rotated=bool(before) and before != mac)
    return _pruned(after, world, destination["name"])


def _pruned(resource: Resource, world: World, name: str) -> Resource:
    """After the status, so that a refusal issues nothing anew. Raises KubeError."""
    if resource.status.get("secretName") != name:
        prune(world, resource, name)
    return _write(resource, world, {"secretName": name}, "")


def _noted(resource: Resource, world: World, part: Part, payload: Payload) -> Resource:
    """To be revoked, as long as the status does not say that it is in use."""
    if not payload.lease_id or not part.revoked:
        return resource
    lease = leases.lease_from(payload)
    entries = revoking.with_pending(
        revoking.pending(resource), {lease.id: lease.end}, payload.accessor, world.now(), ""
    )
    return _write(resource, world, {"pendingRevocations": entries}, "")


def _settled(view: View, world: World, read: Mapping[str, Payload]) -> Resource:
    """Nothing has changed: the next look is set, and a failure that is over is told of."""
    entries = [dict(part.entry) for part in view.parts]
    after = _tell(view, world, entries, str(view.resource.status.get("secretMAC") or ""), read)
    return _pruned(after, world, view.destination["name"])


def _tell(view: View, world: World, entries: list[dict[str, Any]], mac: str, read: Mapping[str, Payload]) -> Resource:
    resource, status = view.resource, view.resource.status
    at = min((payload.at for payload in read.values()), default=world.now())
    world.memory.keep(resource.key, "read again", at + refresh(interval_of(resource), world.chance()))
    now = world.now()
    held = {leases.lease_of(entry).id for entry in entries}
    before = [leases.lease_of(mapping(entry)) for entry in sequence(status.get("sources"))]
    unkept = {part.name for part in view.parts if part.dynamic and not part.revoked}
    names = [str(mapping(entry).get("name") or "") for entry in sequence(status.get("sources"))]
    old = {
        lease.id: lease.may_end(now)
        for name, lease in zip(names, before, strict=True)
        if lease.id and lease.id not in held and lease.may_end(now) > now and name not in unkept
    }
    pending = revoking.with_pending(revoking.pending(resource), old, "", now, "") or []
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac,
        # Until the one that it names is deleted.
        "secretName": status.get("secretName") or view.destination["name"],
        "requestHash": view.form or None,
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        "restartedFor": revoking.restarted_for(resource, mac, str(status.get("secretMAC") or "")),
        "sources": entries,
        "pendingRevocations": [entry for entry in pending if entry.get("id") not in held] or None,
    }
    if status.get("secretMAC") != mac:
        fields["lastChangeTime"] = exact(now)
    replaced.wrote(resource, world, mac)
    return _write(resource, world, fields, f"the Secret {view.destination['name']} holds what Vault has")


def _write(resource: Resource, world: World, fields: Mapping[str, Any], message: str) -> Resource:
    write_status(resource, world, fields, flow.success(message) if message else ())
    return revoking.with_status(resource, fields)


def _follow_up(resource: Resource, world: World) -> Result:
    dues = [float(world.memory.recall(resource.key, "read again") or world.now())]
    for part in parts_of(resource):
        if part.dynamic:
            one = seen(resource, world, part, drift=False, asked=False)
            dues += [due for due in (one.due, None if one.lost else one.token_due) if due is not None]
    after = max(min(dues) - world.now(), 0.1)
    mac = str(resource.status.get("secretMAC") or "")
    return replaced.follow_up(resource, world, mac, revocation(resource), after)
