"""VaultCompositeSecret: several Vault paths in one Secret, all of them or none. Those with a lease are in `composite_leased`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller.content.data import build_data
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import revoking, static
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.composite_leased import FINALIZER, is_leased, reconcile_leased, revocation
from keywave.controller.kinds.composite_parts import merge
from keywave.controller.kinds.composite_values import named
from keywave.controller.kinds.holding import to_revoke
from keywave.controller.model import Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.timing import DEFAULT_REFRESH, refresh, seconds
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import Payload, VaultFault


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        ids, request = to_revoke(resource), revocation(resource)
        return revoking.end(resource, world, failures, finalizer=FINALIZER, ids=ids, request=request)
    work = reconcile_leased if is_leased(resource) else _reconcile
    return flow.guarded(resource, world, failures, work)


def _reconcile(resource: Resource, world: World) -> Result:
    destination = flow.destination_of(resource)
    observed = world.secrets.observe(resource.key.namespace, destination["name"])
    interval = seconds(resource.spec.get("refreshAfter")) or DEFAULT_REFRESH
    done = static.known_to_be_done(resource, world, interval)
    now = world.now()
    if done is not None and now < done.due and static.settled(resource, destination, done, observed):
        return static.after_restarts(resource, world, done.due - now)
    payloads = _read_all(
        resource, world, first=done is None or done.generation != resource.generation, interval=interval
    )
    merged = merge({name: (payload.data, keys) for name, payload, keys in payloads})
    transformation = flow.transformation_for(resource, world, destination)._replace(exclude_raw=True)
    data = build_data(merged, {}, transformation, resource, exclude_raw=True)
    mac, before = world.secrets.mac(data), str(resource.status.get("secretMAC") or "")
    verdict = judge(
        resource,
        destination,
        Wanted(mac, renewed=resource.status.get("lastGeneration") != resource.generation),
        observed,
    )
    if verdict.action == "refuse":
        raise PlanProblem(verdict.reason, verdict.message)
    if verdict.action != "unchanged":
        write(world, resource, verdict, data)
    if resource.status.get("lastGeneration") != resource.generation:
        prune(world, resource, destination["name"])
    sources = [
        {"name": name, **({"version": payload.version} if payload.version else {})} for name, payload, _ in payloads
    ]
    at = min(payload.at for _, payload, _ in payloads)
    written = static.Written(mac, before, verdict.action != "unchanged", at + refresh(interval, world.chance()))
    return static.tell_and_restart(resource, world, destination, written, {"sources": sources})


def _read_all(
    resource: Resource, world: World, *, first: bool, interval: float
) -> list[tuple[str, Payload, Mapping[str, Any]]]:
    """Each source's name, answer and keys. Raises VaultFault of the first that fails, with its name."""
    plan = flow.plan_of(resource, world)
    asked = flow.refresh_asked(resource) is not None
    max_age = 0.0 if asked else 1.0 if first else min(max(1.0, 0.2 * interval), 30.0)
    found = []
    for source in map(mapping, sequence(resource.spec.get("sources"))):
        name = str(source.get("name") or "")
        spec = {**mapping(source.get("kv")), "namespace": resource.spec.get("namespace")}
        try:
            payload = world.vault.read(plan, static.request_of(spec), max_age=max_age)
        except VaultFault as fault:
            raise named(name, fault) from None
        found.append((name, payload, mapping(source.get("keys"))))
    return found
