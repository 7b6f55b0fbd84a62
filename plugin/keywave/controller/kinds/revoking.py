"""What is to be revoked, and what is done before and after something is issued; with an object its credentials end.

Bounded: what Vault refuses to revoke for five minutes is told of and left to its own end; nothing hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller import reasons, status_beside
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import BOUND, moment
from keywave.controller.kinds.leases import stamp
from keywave.controller.model import Body, Resource, Result, resource_of
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import exact, write_status
from keywave.controller.timing import backoff
from keywave.controller.types import TYPES
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import ValueRequest, VaultFault

SPARED = 300.0
"""Seconds without a new try after credentials that could not be made a Secret."""

Request = Callable[[str], ValueRequest]


def pending(resource: Resource) -> list[Body]:
    return [mapping(entry) for entry in sequence(resource.status.get("pendingRevocations"))]


def with_pending(
    entries: list[Body], ends: Mapping[str, float], accessor: str, now: float, keep: str
) -> list[dict[str, Any]] | None:
    """The list with those, each once, never the one that is in use. None for an empty one. `ends`: id -> when it ends by itself (seconds
    since 1970; 0: not known). Pure."""
    known = {str(entry.get("id")): dict(entry) for entry in entries}
    for id, end in ends.items():
        made: dict[str, Any] = {"id": id, "since": exact(now)}
        made |= {"expireTime": stamp(end)} if end else {}
        known.setdefault(id, made | ({"tokenAccessor": accessor} if accessor else {}))
    return [entry for id, entry in known.items() if id and id != keep] or None


def restarted_for(resource: Resource, token: str, before: str) -> str | None:
    """status.restartedFor with a write: it stays behind `token` where restarts are to come; never at the first sync. Pure."""
    targets = sequence(resource.spec.get("rolloutRestartTargets"))
    last = str(resource.status.get("restartedFor") or "") or before
    return (last if targets and last else token) or None


def fresh(resource: Resource, world: World) -> Resource | None:
    """The object as the API server has it: before anything is issued, which a watch that lags would do twice. None: gone, or another one.
    Raises KubeError."""
    body = world.kube.get(TYPES[resource.key.kind], resource.key.namespace, resource.key.name)
    found = resource_of(body) if body is not None else None
    if found is None or found.uid != resource.uid:
        return None
    found = found._replace(key=resource.key, api_version=found.api_version or resource.api_version)
    if world.status_fields is None:
        return found
    return status_beside.whole(found, world.memory, world.status_fields[found.key.kind])


def with_status(resource: Resource, fields: Mapping[str, Any]) -> Resource:
    """The object as it is after a write of these fields, None for what is gone. Pure."""
    laid = {**resource.status, **fields}
    return resource._replace(status={name: value for name, value in laid.items() if value is not None})


def with_finalizer(resource: Resource, world: World, finalizer: str) -> Resource:
    """The object with it, put on by one patch. Raises KubeError(conflict)."""
    if finalizer in resource.finalizers:
        return resource
    names = [*resource.finalizers, finalizer]
    flow.set_finalizers(resource, world, names)
    return resource._replace(finalizers=tuple(names))


def spare(resource: Resource, world: World, hashed: str) -> None:
    """Before anything is issued: what could not be formed into a Secret a few minutes ago will not be now, and each try costs credentials.
    Raises PlanProblem again."""
    kept = world.memory.recall(resource.key, "not formed")
    same = kept is not None and kept[0] == (resource.generation, hashed, flow.refresh_asked(resource))
    if same and world.now() < kept[1]:
        raise PlanProblem(kept[2], kept[3])


def not_formed(resource: Resource, world: World, hashed: str, problem: PlanProblem | KubeError) -> None:
    """Remembers that for `spare`; of Kubernetes only what another try would not change."""
    if isinstance(problem, KubeError) and problem.reason not in ("forbidden", "invalid"):
        return
    mark, what = (resource.generation, hashed, flow.refresh_asked(resource)), flow.told(problem)
    world.memory.keep(resource.key, "not formed", (mark, world.now() + SPARED, what.reason, what.message))


def mend_metadata(resource: Resource, world: World, target: Any, uid: str) -> None:
    """Labels, annotations and owner of a Secret, without touching its data, which nobody has any more. Raises KubeError."""
    metadata = {
        "uid": uid,
        "labels": dict(target.labels),
        "annotations": dict(target.annotations),
        "ownerReferences": [resource.owner_reference],
    }
    body = world.kube.patch(SECRET, resource.key.namespace, target.name, {"metadata": metadata})
    if body is not None:
        world.secrets.note(body)


def discard(resource: Resource, world: World, plan: Any, id: str, end: float, request: Request) -> Resource:
    """Revokes what was issued and could not be written; what cannot be revoked now is kept in the status, what was noted there goes. The
    object as it is then. Raises nothing."""
    if not id:
        return resource
    before, revoked = pending(resource), True
    try:
        world.vault.issue(plan, request(id))
        entries = with_pending(before, {}, "", world.now(), id)
    except VaultFault:
        entries, revoked = with_pending(before, {id: end}, "", world.now(), ""), False
    if (entries or []) == before:
        return resource
    try:
        write_status(resource, world, {"pendingRevocations": entries}, ())
    except KubeError:
        if not revoked:
            orphaned(resource, world, [id])
        return resource
    return with_status(resource, {"pendingRevocations": entries})


def end(
    resource: Resource,
    world: World,
    failures: int,
    *,
    finalizer: str,
    ids: tuple[str, ...],
    request: Request,
    last: Callable[[], None] | None = None,
) -> Result:
    """Of an object that is being deleted: does `last`, revokes, and lets it go; after five minutes whatever happens."""
    if finalizer not in resource.finalizers:
        world.memory.forget(resource.key)
        return Result()
    unfinished: flow.Problem | None = None
    try:
        if last is not None:
            last()
    except (KubeError, PlanProblem) as refused:
        unfinished = refused
    left, problem = _revoked(resource, world, ids, request)
    problem = problem or unfinished
    waited = world.now() - moment(resource.deleting)
    if problem is not None and waited < BOUND:
        what = flow.told(problem)
        if not failures:
            world.events.tell(resource, what.reason, f"not yet revoked: {what.message}", warning=True)
        wait = max(backoff(failures, world.chance(), first=1.0, ceiling=20.0), min(what.retry_after, 20.0))
        return Result(max(min(wait, BOUND - waited), 0.1), failed=True, reason=what.reason)
    if left:
        orphaned(resource, world, left)
    try:
        return flow.let_go(resource, world, finalizer)
    except KubeError as refused:
        return Result(
            backoff(failures, world.chance(), first=0.5, ceiling=20.0), failed=True, reason=flow.told(refused).reason
        )


def _revoked(
    resource: Resource, world: World, ids: tuple[str, ...], request: Request
) -> tuple[list[str], flow.Problem | None]:
    """What is left, and why."""
    if not ids:
        return [], None
    try:
        plan = flow.plan_of(resource, world)
    except PlanProblem as problem:
        return list(ids), problem
    left, last = [], None
    for id in dict.fromkeys(ids):
        try:
            world.vault.issue(plan, request(id))
        except VaultFault as problem:
            left.append(id)
            last = problem
    if len(left) < len(ids):
        world.events.tell(resource, reasons.REVOKED, "revoked what Vault had issued for it")
    return left, last


def orphaned(resource: Resource, world: World, ids: list[str]) -> None:
    """Tells of what nobody will revoke any more."""
    told = f"could not be revoked, and will end by its own time: {', '.join(ids)[:900]}"
    world.events.tell(resource, reasons.ORPHANED, told, warning=True)
    # A namespace that is being deleted takes no event.
    world.log(
        "warning", "could not be revoked, and will end by its own time", object=str(resource.key), ids=" ".join(ids)
    )
    for _ in ids:
        world.counting.count("keywave_orphaned_leases_total")
