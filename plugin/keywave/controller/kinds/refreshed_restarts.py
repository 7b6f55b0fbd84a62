"""The restarts that follow a change of what is `refreshed`: noted before the status says that the data is new, made after it."""

from __future__ import annotations

from keywave.controller.model import Resource, Result
from keywave.controller.ports import World
from keywave.controller.restarts import changed_at, restart
from keywave.controller.status import write_status
from keywave.objects.manifest import mapping, sequence

_FOR = "restart for"


def begin(resource: Resource, world: World, mac: str, *, rotated: bool) -> bool:
    """Whether workloads are to be restarted for these data; `rotated`: they are new."""
    wanted = resource.spec.get("hmacSecretData") is not False and bool(
        sequence(resource.spec.get("rolloutRestartTargets"))
    )
    if wanted and rotated:
        world.memory.keep(resource.key, _FOR, mac)
        # Of an earlier time at which the data was the same.
        world.memory.keep(resource.key, "written", None)
    return wanted and (rotated or _pending(resource, mac))


def begun(resource: Resource, world: World, mac: str) -> bool:
    """Whether this process is at it already."""
    return bool(world.memory.recall(resource.key, _FOR) == mac)


def after_restarts(resource: Resource, world: World, after: float) -> Result:
    """Restarts that are due; then the wait until the next refresh."""
    targets = [mapping(target) for target in sequence(resource.spec.get("rolloutRestartTargets"))]
    mac = str(resource.status.get("secretMAC") or "")
    if not targets or not mac or not (begun(resource, world, mac) or _pending(resource, mac)):
        return Result(after)
    if not begun(resource, world, mac):  # an earlier process wrote these data, and may have restarted some
        world.memory.keep(resource.key, "written", (mac, changed_at(resource, world)))
        world.memory.keep(resource.key, _FOR, mac)
    known = world.memory.recall(resource.key, "written")
    written = float(known[1]) if known is not None and known[0] == mac else 0.0
    before = resource._replace(status={**resource.status, "restartedFor": ""})
    outcome = restart(world, before, targets, mac, written=written)
    if not outcome.done:
        return Result(min(outcome.after or after, after))
    world.memory.keep(resource.key, _FOR, None)
    current = world.lookup.find(resource.key) or resource
    write_status(current._replace(generation=resource.generation), world, {"restartedFor": mac}, ())
    return Result(after)


def _pending(resource: Resource, mac: str) -> bool:
    """A restart for these very data is still to come."""
    last = resource.status.get("restartedFor")
    return bool(last) and resource.status.get("secretMAC") == mac and last != mac
