"""VaultConnection: whether Vault answers and takes requests, asked again each minute. A sealed Vault is not healthy."""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import hold, look_after_secrets
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.planning import plan_connection
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import write_status
from keywave.controller.timing import backoff, refresh
from keywave.vault.values import VaultFault

FINALIZER = "vaultconnection.secrets.hashicorp.com/finalizer"
_INTERVAL = 60.0


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return hold(resource, world, FINALIZER)
    ca = (resource.key.namespace, str(resource.spec.get("caCertSecretRef") or ""))
    again = look_after_secrets(resource, world, lambda place: place == ca)
    if flow.suspended(resource):
        return Result(again, reason=reasons.SUSPENDED)
    try:
        world.vault.health(plan_connection(resource))
    except (PlanProblem, VaultFault) as problem:
        what = flow.told(problem)
        _tell(resource, world, False, what.reason, what.message)
        return Result(backoff(failures, world.chance(), first=1.0, ceiling=30.0), failed=True, reason=what.reason)
    address = resource.spec.get("address")
    _tell(resource, world, True, reasons.ACCEPTED, f"Vault at {address} answers and is unsealed")
    return Result(min(refresh(_INTERVAL, world.chance()), again or _INTERVAL))


def _tell(resource: Resource, world: World, ready: bool, reason: str, message: str) -> None:
    before = flow.condition_of(resource, "Ready")
    conditions = [Condition(type, ready, reason, message) for type in ("Healthy", "Ready")]
    write_status(resource, world, {"valid": ready}, conditions)
    if before.get("reason") != reason:
        world.events.tell(resource, reason, message, warning=not ready)
