"""What of a status the installed definitions cannot hold: the API server drops it, so it stays in this process, beside the object.

On the definitions of Vault Secrets Operator that is most of what only keywave keeps: what the workloads were restarted for, what is still
to be revoked, which refresh was answered, the conditions. A new process starts without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.controller.model import Key, Resource
from keywave.controller.ports import Lookup, Memory

_NAME = "status beside"
_REFRESH, _ANSWERED = "reconcile.keywave.dev/refresh", "lastRefreshRequest"
Schemas = Mapping[str, Mapping[str, Any]]


def known(status: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the definition has. Pure."""
    return {name: value for name, value in status.items() if name in schema["properties"]}


def keep(resource: Resource, memory: Memory, status: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Remembers what `status` has beyond the definition."""
    more = {name: value for name, value in status.items() if name not in schema["properties"]}
    memory.keep(resource.key, _NAME, (resource.uid, more))


def whole(resource: Resource, memory: Memory, schema: Mapping[str, Any]) -> Resource:
    """The object with all of its status."""
    kept = memory.recall(resource.key, _NAME)
    if kept is not None and kept[0] == resource.uid:
        more: Mapping[str, Any] = kept[1]
    else:
        # Nobody knows whether the refresh that the annotation asks for was answered before this process: the object is synced, so it was.
        asked = resource.annotations.get(_REFRESH) if resource.status.get("lastGeneration") else None
        more = {_ANSWERED: asked} if asked and _ANSWERED not in schema["properties"] else {}
        memory.keep(resource.key, _NAME, (resource.uid, more))
    return resource._replace(status={**more, **resource.status}) if more else resource


def up_to_date(resource: Resource, memory: Memory, schema: Mapping[str, Any]) -> Resource:
    """The object with what was last kept, whatever it was before: a write of nothing else leaves no trace in its version."""
    kept = memory.recall(resource.key, _NAME)
    if kept is None or kept[0] != resource.uid:
        return resource
    return resource._replace(status={**known(resource.status, schema), **kept[1]})


def seen(resource: Resource, memory: Memory) -> Resource:
    """The object with what is known of its status; remembers nothing, so that anybody may ask."""
    kept = memory.recall(resource.key, _NAME)
    known = kept is not None and kept[0] == resource.uid and kept[1]
    return resource._replace(status={**kept[1], **resource.status}) if known else resource


class WholeLookup:
    """Satisfies ports.Lookup: the objects of another one, with all of their status. `schemas`: kind -> of the status that there is."""

    def __init__(self, lookup: Lookup, memory: Memory, schemas: Schemas) -> None:
        self._lookup, self._memory, self._schemas = lookup, memory, schemas

    def find(self, key: Key) -> Resource | None:
        found = self._lookup.find(key)
        return found and self._whole(found)

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        return tuple(map(self._whole, self._lookup.referrers(key)))

    def _whole(self, resource: Resource) -> Resource:
        schema = self._schemas.get(resource.key.kind)
        return whole(resource, self._memory, schema) if schema is not None else resource
