"""VaultCompositeSecret: several Vault paths in one Secret, all of them or none.

Sources of KV engines; one with a lease is refused with a clear word until leases are kept for each source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller import reasons
from keywave.controller.content.data import build_data
from keywave.controller.destination import Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds import static
from keywave.controller.model import Resource, Result
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.timing import DEFAULT_REFRESH, refresh, seconds
from keywave.kube.api_server import KubeError
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import Payload, VaultFault


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return flow.let_go(resource, world)
    if flow.suspended(resource):
        return flow.suspend(resource, world)
    try:
        return _reconcile(resource, world)
    except (PlanProblem, VaultFault, KubeError) as problem:
        return flow.failed(resource, world, problem, failures)


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
        if source.get("dynamic") is not None:
            told = f"source {name}: leased credentials in a composite are not offered yet; use a VaultDynamicSecret"
            raise PlanProblem(reasons.INVALID, told)
        spec = {**mapping(source.get("kv")), "namespace": resource.spec.get("namespace")}
        try:
            payload = world.vault.read(plan, static.request_of(spec), max_age=max_age)
        except VaultFault as fault:
            summary = f"source {name}: {fault.summary}"
            raise VaultFault(fault.reason, summary, status=fault.status, retry_after=fault.retry_after) from None
        found.append((name, payload, mapping(source.get("keys"))))
    return found


def merge(sources: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    """The keys of all sources. `sources`: name -> (what Vault has, key of the Secret -> key in Vault; {} = all). Raises PlanProblem."""
    made: dict[str, Any] = {}
    owner: dict[str, str] = {}
    problems = []
    for name, (secrets, keys) in sources.items():
        wanted = {str(key): str(theirs) for key, theirs in keys.items()} or {key: key for key in secrets}
        for key, theirs in wanted.items():
            if theirs not in secrets:
                problems.append(f"source {name} has no key {theirs!r}")
            elif key in owner:
                problems.append(f"the key {key!r} comes from the sources {owner[key]} and {name}")
            else:
                made[key], owner[key] = secrets[theirs], name
    if problems:
        raise PlanProblem(reasons.INVALID, "; ".join(problems))
    return made
