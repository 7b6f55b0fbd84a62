"""VaultStaticSecret: a secret of a KV engine, read every `refreshAfter`, kept in a Secret. How: `refreshed`.

`syncConfig.instantUpdates` (events of Vault Enterprise) is taken and does nothing here: the refresh is what tells of a change.
"""

from __future__ import annotations

from keywave.controller.content.data import build_data
from keywave.controller.kinds import refreshed
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.model import Body, Resource, Result
from keywave.controller.ports import World
from keywave.vault.values import ValueRequest, kv1, kv2

FINALIZER = "vaultstaticsecret.secrets.hashicorp.com/finalizer"
"""The incumbent's. We need none: the Secret goes with its owner."""


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return flow.let_go(resource, world, FINALIZER)
    return flow.guarded(
        resource, world, failures, lambda found, _: refreshed.reconcile(found, world, found.spec, _read)
    )


def request_of(spec: Body) -> ValueRequest:
    """Raises VaultFault(invalid)."""
    mount, path, space = (str(spec.get(name) or "") for name in ("mount", "path", "namespace"))
    if spec.get("type") == "kv-v1":
        return kv1(mount, path, space)
    return kv2(mount, path, int(spec.get("version") or 0), space)


def _read(resource: Resource, world: World, max_age: float) -> refreshed.Read:
    payload = world.vault.read(flow.plan_of(resource, world), request_of(resource.spec), max_age=max_age)
    return refreshed.Read(
        payload.at,
        payload.raw,
        lambda transformation: build_data(
            payload.data, payload.raw, transformation, resource, exclude_raw=world.exclude_raw
        ),
        {"version": payload.version or None},
    )
