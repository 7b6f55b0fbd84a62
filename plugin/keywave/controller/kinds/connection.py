"""VaultConnection: whether Vault answers and takes requests, asked again each minute.

Healthy: it is unsealed and active. Ready: requests get their answers, also by way of a standby that knows its active node. So a standby
is not healthy, and Ready only as long as it can hand requests on. On definitions without conditions `valid` is Ready.
"""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import hold, look_after_secrets
from keywave.controller.kinds.holding_credentials import secrets_of
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.planning import plan_connection
from keywave.controller.ports import Health, World
from keywave.controller.problems import PlanProblem
from keywave.controller.status import latest, write_status
from keywave.controller.timing import backoff, refresh
from keywave.vault.values import VaultFault

FINALIZER = "vaultconnection.secrets.hashicorp.com/finalizer"
_INTERVAL = 60.0


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return hold(resource, world, FINALIZER)
    resource = latest(resource, world)
    named = secrets_of(resource)
    again = look_after_secrets(resource, world, lambda place: place in named)
    if flow.suspended(resource):
        return Result(again, reason=reasons.SUSPENDED)
    try:
        conditions = verdict(str(resource.spec.get("address")), world.vault.health(plan_connection(resource)))
    except (PlanProblem, VaultFault) as problem:
        what = flow.told(problem)
        conditions = _both(False, what.reason, what.message)
    _tell(resource, world, conditions)
    ready = conditions[1]
    if not ready.status:
        return Result(backoff(failures, world.chance(), first=1.0, ceiling=30.0), failed=True, reason=ready.reason)
    return Result(min(refresh(_INTERVAL, world.chance()), again or _INTERVAL))


def verdict(address: str, health: Health) -> tuple[Condition, Condition]:
    """Healthy and Ready of a Vault that answers and is unsealed. Pure."""
    if not health.standby:
        return _both(True, reasons.ACCEPTED, f"Vault at {address} answers and is unsealed")
    if not health.forwards:
        return _both(False, reasons.SEALED, f"Vault at {address} is a standby, and knows no active node")
    told = f"Vault at {address} is a standby; it hands requests on to its active node"
    return Condition("Healthy", False, reasons.STANDBY, told), Condition("Ready", True, reasons.STANDBY, told)


def _both(status: bool, reason: str, message: str) -> tuple[Condition, Condition]:
    return Condition("Healthy", status, reason, message), Condition("Ready", status, reason, message)


def _tell(resource: Resource, world: World, conditions: tuple[Condition, Condition]) -> None:
    healthy, ready = conditions
    before = flow.condition_of(resource, "Ready")
    write_status(resource, world, {"valid": ready.status}, conditions)
    if before.get("reason") != ready.reason:
        world.events.tell(resource, ready.reason, ready.message, warning=not healthy.status)
