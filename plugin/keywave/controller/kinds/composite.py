"""VaultCompositeSecret: several Vault paths in one Secret, all of them or none. Those with a lease are in `composite_leased`."""

from __future__ import annotations

from keywave.controller.content.data import build_data
from keywave.controller.content.transformation import Transformation
from keywave.controller.kinds import refreshed, revoking, static
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.composite_leased import FINALIZER, is_leased, reconcile_leased, revocation
from keywave.controller.kinds.composite_parts import merge
from keywave.controller.kinds.composite_values import named
from keywave.controller.kinds.holding import to_revoke
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import World
from keywave.objects.manifest import mapping, sequence
from keywave.vault.values import Payload, ValueRequest, VaultFault


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        ids, request = to_revoke(resource), revocation(resource)
        return revoking.end(resource, world, failures, finalizer=FINALIZER, ids=ids, request=request)
    work = reconcile_leased if is_leased(resource) else _reconcile
    return flow.guarded(resource, world, failures, work)


def _reconcile(resource: Resource, world: World) -> Result:
    first = next(map(mapping, sequence(resource.spec.get("sources"))), {})
    return refreshed.reconcile(resource, world, _of(resource, first), _read_all)


def _of(resource: Resource, source: Body) -> Body:
    """What a source reads, as a VaultStaticSecret would say it."""
    return {**mapping(source.get("kv")), "namespace": resource.spec.get("namespace")}


def _read_all(resource: Resource, world: World, max_age: float) -> refreshed.Read:
    """Raises VaultFault of the first source that fails, with its name."""
    plan = flow.plan_of(resource, world)
    requests: dict[str, tuple[ValueRequest, Body]] = {}
    found: dict[str, tuple[Payload, Body]] = {}
    name = ""
    try:
        for source in map(mapping, sequence(resource.spec.get("sources"))):
            name = str(source.get("name") or "")
            requests[name] = static.request_of(_of(resource, source)), mapping(source.get("keys"))
        for name, (request, keys) in requests.items():
            found[name] = world.vault.read(plan, request, max_age=max_age), keys
    except VaultFault as fault:
        raise named(name, fault) from None

    def data(transformation: Transformation) -> dict[str, bytes]:
        merged = merge({name: (payload.data, keys) for name, (payload, keys) in found.items()})
        return build_data(merged, {}, transformation._replace(exclude_raw=True), resource, exclude_raw=True)

    versions = [
        {"name": name, **({"version": payload.version} if payload.version else {})}
        for name, (payload, _) in found.items()
    ]
    values = [(name, payload.data) for name, (payload, _) in found.items()]
    return refreshed.Read(min(payload.at for payload, _ in found.values()), values, data, {"sources": versions})
