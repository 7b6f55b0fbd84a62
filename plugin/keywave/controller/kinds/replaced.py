"""After new credentials: the workloads are restarted, and when none of their pods can use the old ones any more, these are revoked.

A workload that does not roll out (paused, by hand, not to be seen) keeps the old ones until they end by themselves: credentials that are
in use are worth more than a clean Vault. What has ended by itself is not waited for.
"""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import BOUND, moment
from keywave.controller.kinds.revoking import Request, orphaned, pending
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import World
from keywave.controller.restarts import changed_at, restart
from keywave.controller.rollouts import rolled_out
from keywave.controller.status import write_status
from keywave.controller.timing import backoff
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import VaultFault

SETTLED = 120.0
"""Seconds that old credentials live on where no workload is restarted: until the kubelet has put the new ones into each pod."""
LOOK = 300.0
"""Seconds after which an object is looked at again in any case: nothing watches a Secret that is not ours, or any in namespaced mode."""
_FIRST_LOOK, _LAST_LOOK = 5.0, 60.0
"""Seconds between two looks at a rollout."""
_LASTING = ("forbidden", "refused", "absent", "invalid")
_WROTE, _ROLLOUT, _TRYING = "wrote", "rollout", "revoking since"


def wrote(resource: Resource, world: World, token: str) -> None:
    """This process has written what `token` names: it knows best what was restarted since."""
    world.memory.keep(resource.key, _WROTE, (token, 0.0))


def follow_up(resource: Resource, world: World, token: str, request: Request, after: float | None) -> Result:
    """Restarts for `token` that are due, then revocations; the wait until something is due. Raises KubeError, PlanProblem."""
    waits = [LOOK] if after is None else [min(max(after, 0.1), LOOK)]
    targets = [mapping(target) for target in sequence(resource.spec.get("rolloutRestartTargets"))]
    last = str(resource.status.get("restartedFor") or "")
    restarting = bool(targets and last and token and last != token)
    if restarting:
        asked = resource._replace(status={**resource.status, "restartedFor": ""})
        outcome = restart(world, asked, targets, token, written=_written(resource, world, token))
        if outcome.done:
            write_status(resource, world, {"restartedFor": token}, ())
            resource = resource._replace(status={**resource.status, "restartedFor": token})
            restarting = False
        else:
            waits.append(outcome.after or 1.0)
    wait = _revoke_pending(resource, world, request, targets, restarting=restarting)
    waits += [] if wait is None else [wait]
    return Result(min(waits))


def _written(resource: Resource, world: World, token: str) -> float:
    """When an earlier process wrote these data; 0 where this one did."""
    known = world.memory.recall(resource.key, _WROTE)
    if known is None or known[0] != token:
        known = (token, changed_at(resource, world))
        world.memory.keep(resource.key, _WROTE, known)
    return float(known[1])


def _revoke_pending(
    resource: Resource, world: World, request: Request, targets: list[Body], *, restarting: bool
) -> float | None:
    """Seconds until the next look, None where nothing is left."""
    entries, now = pending(resource), world.now()
    if not entries:
        return None
    alive = [entry for entry in entries if not 0 < moment(str(entry.get("expireTime") or "")) <= now]
    free, wait = ([], _FIRST_LOOK) if restarting or not alive else _free(resource, world, alive, targets)
    again = float(world.memory.recall(resource.key, "revoke again") or 0.0)
    if free and now < again <= now + LOOK:
        free, wait = [], again - now
    left = [entry for entry in alive if entry not in free]
    if free:
        unrevoked = _revoked_now(resource, world, free, request)
        left += unrevoked
        wait = min(wait, backoff(3, world.chance())) if unrevoked else wait
        world.memory.keep(resource.key, "revoke again", now + wait if unrevoked else None)
    if len(left) != len(entries):
        write_status(resource, world, {"pendingRevocations": [dict(entry) for entry in left] or None}, ())
    return wait if left else None


def _free(resource: Resource, world: World, entries: list[Body], targets: list[Body]) -> tuple[list[Body], float]:
    """Those that nobody can use any more, and the seconds until more may be. A workload that does not roll out keeps them to their end."""
    now = world.now()
    since = {str(entry.get("id")): moment(str(entry.get("since") or "")) for entry in entries}
    if not targets:
        over = {id for id, at in since.items() if now - at >= SETTLED}
        wait = min((at + SETTLED - now for id, at in since.items() if id not in over), default=SETTLED)
        return [entry for entry in entries if entry.get("id") in over], max(wait, 1.0)
    mark = tuple(since)
    kept = world.memory.recall(resource.key, _ROLLOUT)
    looks, due, done = kept[1:] if kept is not None and kept[0] == mark else (0, 0.0, 0.0)
    if now < due <= now + LOOK:
        return [], due - now
    rolled = rolled_out(world, resource.key.namespace, targets)
    through = rolled is not None and any(at <= rolled.since for at in since.values())
    done = (min(done, now) or now) if through else 0.0
    ended = rolled is not None and through and now - done >= rolled.ending
    wait = min(_FIRST_LOOK * 1.5**looks, _LAST_LOOK)
    if rolled is not None and through and not ended:
        wait = min(max(done + rolled.ending - now, 1.0), LOOK)
    world.memory.keep(resource.key, _ROLLOUT, (mark, min(looks + 1, 20), now + wait, done))
    if rolled is None or not ended:
        return [], wait
    return [entry for entry in entries if since[str(entry.get("id"))] <= rolled.since], wait


def _revoked_now(resource: Resource, world: World, entries: list[Body], request: Request) -> list[Body]:
    """What is left of them."""
    plan, now = flow.plan_of(resource, world), world.now()
    began = float(world.memory.recall(resource.key, _TRYING) or now)
    left: list[Body] = []
    given_up: list[str] = []
    for entry in entries:
        id = str(entry.get("id") or "")
        try:
            world.vault.issue(plan, request(id))
            world.events.tell(resource, reasons.REVOKED, f"revoked {id}, which another has replaced")
        except VaultFault as fault:
            if fault.reason in _LASTING and now - began > BOUND:
                given_up.append(id)
            else:
                left.append(entry)
    world.memory.keep(resource.key, _TRYING, began if left else None)
    if given_up:
        orphaned(resource, world, given_up)
    return left
