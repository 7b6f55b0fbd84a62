"""VaultAuthGlobal: read by the VaultAuths that refer to it; by itself it only says whether it makes sense."""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.auth_methods.catalogue import AUTH_METHODS
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.kinds.holding import FINALIZERS, hold
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.ports import World
from keywave.controller.status import write_status


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting:
        return hold(resource, world, FINALIZERS["VaultAuthGlobal"])
    if flow.suspended(resource):
        return Result()
    method = resource.spec.get("defaultAuthMethod")
    wrong = f"defaultAuthMethod {method!r} is not offered: one of {', '.join(AUTH_METHODS)}"
    valid = not method or method in AUTH_METHODS
    message = "can be referred to" if valid else wrong
    ready = Condition("Ready", valid, reasons.ACCEPTED if valid else reasons.INVALID, message)
    write_status(resource, world, {"valid": valid, "error": "" if valid else wrong}, [ready])
    return Result()
