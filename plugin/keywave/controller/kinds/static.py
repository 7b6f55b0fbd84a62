"""VaultStaticSecret: a secret of a KV engine, read every `refreshAfter`, kept in a Secret.

gather: the login's plan, the Secret as it is, what was done last. decide: read or wait, write or not, restart or not. act: the Secret, the
status, the restarts; in this order, so that a crash between two steps loses no restart (status.restartedFor lags behind secretMAC).
`syncConfig.instantUpdates` (events of Vault Enterprise) is taken and does nothing here: the refresh is what tells of a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.controller.content.data import build_data
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import Observed, World
from keywave.controller.problems import PlanProblem
from keywave.controller.restarts import restart, written_at
from keywave.controller.status import write_status
from keywave.controller.timing import DEFAULT_REFRESH, refresh, seconds
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import Payload, ValueRequest, kv1, kv2

FINALIZER = "vaultstaticsecret.secrets.hashicorp.com/finalizer"
"""The incumbent's. We need none: the Secret goes with its owner."""


class Done(NamedTuple):
    """What this process last did for the object: `mac` of the data, for which generation, and when to ask Vault again."""

    generation: int
    mac: str
    due: float


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return flow.let_go(resource, world, FINALIZER)
    return flow.guarded(resource, world, failures, _reconcile)


def _reconcile(resource: Resource, world: World) -> Result:
    destination = flow.destination_of(resource)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    interval = seconds(resource.spec.get("refreshAfter")) or DEFAULT_REFRESH
    done = known_to_be_done(resource, world, interval)
    now = world.now()
    if done is not None and now < done.due and settled(resource, destination, done, observed):
        return after_restarts(resource, world, done.due - now)
    payload = _read(resource, world, interval, first=done is None or done.generation != resource.generation)
    return _act(resource, world, destination, observed, payload, interval)


def request_of(spec: Body) -> ValueRequest:
    """Raises VaultFault(invalid)."""
    mount, path, space = (str(spec.get(name) or "") for name in ("mount", "path", "namespace"))
    if spec.get("type") == "kv-v1":
        return kv1(mount, path, space)
    return kv2(mount, path, int(spec.get("version") or 0), space)


def known_to_be_done(resource: Resource, world: World, interval: float) -> Done | None:
    """After a start of the process: what the status says, with a refresh at a random moment of the interval, so that ten thousand objects
    do not come together."""
    known: Done | None = world.memory.recall(resource.key, "done")
    if known is not None:
        return known
    mac = resource.status.get("secretMAC")
    ready = flow.condition_of(resource, "Ready")
    told = world.status_fields is not None or (
        ready.get("status") == "True" and ready.get("observedGeneration") == resource.generation
    )
    if not mac or not told or not flow.exists_for_this_generation(resource):
        return None
    if flow.condition_of(resource, "SecretSynced").get("status") == "False":
        return None  # it failed last: try at once
    made = Done(resource.generation, str(mac), world.now() + interval * world.chance())
    world.memory.keep(resource.key, "done", made)
    return made


def settled(resource: Resource, destination: Body, done: Done, observed: Observed | None) -> bool:
    """Whether there is nothing to do before the refresh is due."""
    if done.generation != resource.generation or flow.refresh_asked(resource) is not None:
        return False
    return judge(resource, destination, Wanted(done.mac), observed).action == "unchanged"


def _read(resource: Resource, world: World, interval: float, *, first: bool) -> Payload:
    plan = flow.plan_of(resource, world)
    asked = flow.refresh_asked(resource) is not None
    max_age = 0.0 if asked else 1.0 if first else min(max(1.0, 0.2 * interval), 30.0)
    return world.vault.read(plan, request_of(resource.spec), max_age=max_age)


class Written(NamedTuple):
    """What has just been brought about: `mac` of the data, the one before, whether the Secret was written, when Vault is asked again."""

    mac: str
    before: str
    wrote: bool
    due: float


def _act(
    resource: Resource, world: World, destination: Body, observed: Observed | None, payload: Payload, interval: float
) -> Result:
    transformation = flow.transformation_for(resource, world, destination)
    data = build_data(payload.data, payload.raw, transformation, resource, exclude_raw=world.exclude_raw)
    mac, before = world.secrets.mac(data), str(resource.status.get("secretMAC") or "")
    renewed = resource.status.get("lastGeneration") != resource.generation
    verdict = judge(resource, destination, Wanted(mac, renewed=renewed), observed)
    if verdict.action == "refuse":
        raise PlanProblem(verdict.reason, verdict.message)
    if verdict.action != "unchanged":
        write(world, resource, verdict, data)
    if renewed:
        prune(world, resource, destination["name"])
    due = payload.at + refresh(interval, world.chance())
    written = Written(mac, before, verdict.action != "unchanged", due)
    return tell_and_restart(resource, world, destination, written, {"version": payload.version or None})


def tell_and_restart(
    resource: Resource, world: World, destination: Body, written: Written, more: Mapping[str, Any]
) -> Result:
    """The status, then the restarts. `more`: further fields of the status."""
    mac, before = written.mac, written.before
    hashed = resource.spec.get("hmacSecretData") is not False
    rotated = bool(before) and before != mac
    targets = bool(sequence(resource.spec.get("rolloutRestartTargets")))
    restarting = hashed and targets and (rotated or _pending(resource, mac))
    if restarting and rotated:
        world.memory.keep(resource.key, "restart for", mac)
    fields = {
        "lastGeneration": resource.generation,
        "secretMAC": mac if hashed else None,
        "secretName": destination["name"],
        "lastRefreshRequest": resource.annotations.get(flow.REFRESH),
        # It lags behind secretMAC until the restart was made, whatever happens to this process.
        "restartedFor": (resource.status.get("restartedFor") or before) if restarting else mac if hashed else None,
        **more,
    }
    write_status(resource, world, fields, flow.success(f"the Secret {destination['name']} holds what Vault has"))
    flow.synced(resource, world, wrote=written.wrote, rotated=rotated)
    world.memory.keep(resource.key, "done", Done(resource.generation, mac, written.due))
    fresh = resource._replace(status={**resource.status, **fields})
    return after_restarts(fresh, world, max(written.due - world.now(), 0.5))


def _pending(resource: Resource, mac: str) -> bool:
    """A restart for these very data is still to come."""
    last = resource.status.get("restartedFor")
    return bool(last) and resource.status.get("secretMAC") == mac and last != mac


def after_restarts(resource: Resource, world: World, after: float) -> Result:
    """Restarts that are due; then the wait until the next refresh."""
    targets = [mapping(target) for target in sequence(resource.spec.get("rolloutRestartTargets"))]
    mac = str(resource.status.get("secretMAC") or "")
    asked = world.memory.recall(resource.key, "restart for")
    if not targets or not mac or not (asked == mac or _pending(resource, mac)):
        return Result(after)
    if asked != mac:  # an earlier process wrote these data, and may have restarted some
        name = str(resource.status.get("secretName") or mapping(resource.spec.get("destination")).get("name") or "")
        world.memory.keep(resource.key, "written", (mac, written_at(world, resource.key.namespace, name)))
        world.memory.keep(resource.key, "restart for", mac)
    known = world.memory.recall(resource.key, "written")
    written = float(known[1]) if known is not None and known[0] == mac else 0.0
    before = resource._replace(status={**resource.status, "restartedFor": ""})
    outcome = restart(world, before, targets, mac, written=written)
    if not outcome.done:
        return Result(min(outcome.after or after, after))
    world.memory.keep(resource.key, "restart for", None)
    current = world.lookup.find(resource.key) or resource
    write_status(current._replace(generation=resource.generation), world, {"restartedFor": mac}, ())
    return Result(after)
