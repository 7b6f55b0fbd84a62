"""The status of an object: put together from what it was and what is known now, and written only when it says something else.

A condition's time changes with its status only. Every write goes to etcd and wakes every watcher (Argo CD among them): a refresh that
changed nothing writes nothing.

The watch tells of our own write a moment later. Until then an object is taken to have the status that we wrote: a success right after a
failure would seem to say nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keywave.controller import status_beside
from keywave.controller.model import Body, Condition, Resource
from keywave.controller.ports import World
from keywave.controller.types import TYPES
from keywave.crds.incumbent_status import fitted
from keywave.objects.manifest import mapping, sequence

_MOST = 4000
"""Letters of a message that are kept: a template may quote pages."""
_NAME = "status written"
_ECHO = 60.0
"""Seconds within which the watch tells of a write, or has ended and lists anew."""


class _Written(NamedTuple):
    """`before` and `version`: the object's resourceVersion before and after the write; `status`: all of it."""

    uid: str
    before: str
    version: str
    status: Body
    at: float


def latest(resource: Resource, world: World) -> Resource:
    """An object of the watch, with the status that this process has written since."""
    known = world.memory.recall(resource.key, _NAME)
    if known is None:
        return resource
    if _older(resource, known, world.now()):
        return resource._replace(status=known.status)
    world.memory.keep(resource.key, _NAME, None)
    return resource


def write_status(resource: Resource, world: World, fields: Mapping[str, Any], conditions: Sequence[Condition]) -> bool:
    """Whether something was written. `fields` are laid over the status there is, None takes one away; `observedGeneration` comes by
    itself. Conditions of other types stay. Raises KubeError."""
    known = world.memory.recall(resource.key, _NAME)
    if known is not None and _older(resource, known, world.now()):
        resource = resource._replace(status=known.status)
    if world.status_fields is not None:
        resource = status_beside.up_to_date(resource, world.memory, world.status_fields[resource.key.kind])
    after, before = next_status(resource, fields, conditions, world.now()), resource.status
    whole = after
    if world.status_fields is not None:
        schema = world.status_fields[resource.key.kind]
        status_beside.keep(resource, world.memory, after, schema)
        after, before = fitted(after, schema), status_beside.known(before, schema)
    change = _difference(before, after)
    if not change:
        return False
    namespace, name = resource.key.namespace, resource.key.name
    body = world.kube.patch(TYPES[resource.key.kind], namespace, name, {"status": change}, subresource="status")
    if body is not None:
        version = str(mapping(body.get("metadata")).get("resourceVersion") or "")
        status = {**whole, **mapping(body.get("status"))}
        written = _Written(resource.uid, resource.version, version, status, world.now())
        world.memory.keep(resource.key, _NAME, written)
    return True


def _older(resource: Resource, written: _Written, now: float) -> bool:
    """Whether the object is from before that write. Bounded in time: a cluster that was restored counts its versions from earlier again."""
    if resource.uid != written.uid or not 0 <= now - written.at <= _ECHO:
        return False
    numbers = resource.version.isdigit() and written.version.isdigit()
    return int(resource.version) < int(written.version) if numbers else resource.version == written.before


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
    return datetime.fromtimestamp(int(moment), UTC).isoformat().removesuffix("+00:00") + "Z"


def exact(moment: float) -> str:
    """To the microsecond: two moments within a second stay two."""
    return datetime.fromtimestamp(moment, UTC).isoformat().removesuffix("+00:00") + "Z"


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
