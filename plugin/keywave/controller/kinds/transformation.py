"""SecretTransformation: its templates and patterns are read, so that what is wrong is told here, once. Those that refer to it judge it by
themselves, and are woken by its change."""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.content.transformation import problems_of
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.ports import World
from keywave.controller.status import latest, write_status


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    resource = latest(resource, world)
    if resource.deleting or flow.suspended(resource):
        return Result()
    problems = problems_of(resource)
    valid, message = not problems, "; ".join(problems)
    reason = reasons.ACCEPTED if valid else reasons.TRANSFORMATION
    before = flow.condition_of(resource, "Ready")
    conditions = [Condition(type, valid, reason, message or "can be used") for type in ("Healthy", "Ready")]
    write_status(resource, world, {"valid": valid, "error": message}, conditions)
    if before.get("reason") != reason:
        world.events.tell(resource, reason, message or "can be used", warning=not valid)
    return Result()
