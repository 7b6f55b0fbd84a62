"""The values that the reconciler's parts hand to one another. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.objects.manifest import mapping, sequence

Body = Mapping[str, Any]


class Key(NamedTuple):
    """The name of an object that is reconciled: all that the queue holds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Resource(NamedTuple):
    """A custom resource as it was last seen. `deleting` is its deletionTimestamp, "" while it lives."""

    key: Key
    api_version: str
    uid: str
    generation: int
    version: str
    spec: Body
    status: Body
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    finalizers: tuple[str, ...]
    created: str
    deleting: str = ""

    @property
    def owner_reference(self) -> dict[str, Any]:
        """As Vault Secrets Operator writes it: no controller flag."""
        return {"apiVersion": self.api_version, "kind": self.key.kind, "name": self.key.name, "uid": self.uid}


def resource_of(body: Body) -> Resource:
    """From what the API server gives. Fields that are not of their type (only a hostile API server has such) are as if left out."""
    metadata = mapping(body.get("metadata"))
    return Resource(
        Key(str(body.get("kind") or ""), str(metadata.get("namespace") or ""), str(metadata.get("name") or "")),
        str(body.get("apiVersion") or ""),
        str(metadata.get("uid") or ""),
        int(metadata.get("generation") or 0),
        str(metadata.get("resourceVersion") or ""),
        mapping(body.get("spec")),
        mapping(body.get("status")),
        mapping(metadata.get("labels")),
        mapping(metadata.get("annotations")),
        tuple(str(name) for name in sequence(metadata.get("finalizers"))),
        str(metadata.get("creationTimestamp") or ""),
        str(metadata.get("deletionTimestamp") or ""),
    )


class Result(NamedTuple):
    """What a reconcile says to the queue: come back after so many seconds (None: only when something changes).

    `failed`: it counts as a failure: the next reconcile gets `failures` one higher; success sets it to 0. `reason` is a word of
    `reasons`, for metrics."""

    after: float | None = None
    failed: bool = False
    reason: str = ""


class Condition(NamedTuple):
    """A statement about an object, as in status.conditions, but for the time."""

    type: str
    status: bool | None
    reason: str
    message: str
