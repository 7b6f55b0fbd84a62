"""The status of an object: put together from what it was and what is known now, and written only when it says something else.

A condition's time changes with its status only. Every write goes to etcd and wakes every watcher (Argo CD among them): a refresh that
changed nothing writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from keywave.controller import status_beside
from keywave.controller.model import Body, Condition, Resource
from keywave.controller.ports import World
from keywave.controller.types import TYPES
from keywave.crds.incumbent_status import fitted
from keywave.objects.manifest import mapping, sequence

_MOST = 4000
"""Letters of a message that are kept: a template may quote pages."""


def write_status(resource: Resource, world: World, fields: Mapping[str, Any], conditions: Sequence[Condition]) -> bool:
    """Whether something was written. `fields` are laid over the status there is, None takes one away; `observedGeneration` comes by
    itself. Conditions of other types stay. Raises KubeError."""
    after, before = next_status(resource, fields, conditions, world.now()), resource.status
    if world.status_fields is not None:
        schema = world.status_fields[resource.key.kind]
        status_beside.keep(resource, world.memory, after, schema)
        after, before = fitted(after, schema), status_beside.known(before, schema)
    change = _difference(before, after)
    if not change:
        return False
    namespace, name = resource.key.namespace, resource.key.name
    world.kube.patch(TYPES[resource.key.kind], namespace, name, {"status": change}, subresource="status")
    return True


def next_status(
    resource: Resource, fields: Mapping[str, Any], conditions: Sequence[Condition], now: float
) -> dict[str, Any]:
    """The status as it should read at `now` (seconds since 1970). Pure."""
    laid = {**resource.status, "observedGeneration": resource.generation, **fields}
    after = {name: value for name, value in laid.items() if value is not None}
    after["conditions"] = _conditions(resource, conditions, now)
    return after


def _conditions(resource: Resource, conditions: Sequence[Condition], now: float) -> list[dict[str, Any]]:
    before = {mapping(old).get("type"): mapping(old) for old in sequence(resource.status.get("conditions"))}
    made = [_condition(condition, before.get(condition.type, {}), resource.generation, now) for condition in conditions]
    said = {condition.type for condition in conditions}
    return [*(dict(old) for type, old in before.items() if type not in said), *made]


def _condition(condition: Condition, before: Body, generation: int, now: float) -> dict[str, Any]:
    status = "Unknown" if condition.status is None else str(condition.status)
    kept = before.get("lastTransitionTime") if before.get("status") == status else None
    return {
        "type": condition.type,
        "status": status,
        "reason": condition.reason,
        "message": condition.message[:_MOST],
        "observedGeneration": generation,
        "lastTransitionTime": kept or rfc3339(now),
    }


def rfc3339(moment: float) -> str:
    """Whole seconds in UTC, as Kubernetes writes times."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _difference(before: Body, after: Body) -> dict[str, Any]:
    """A merge patch: lists whole, None for what is gone."""
    change: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            inner = _difference(old, value)
            if inner:
                change[name] = inner
        elif value != old or name not in before:
            change[name] = value
    return change
