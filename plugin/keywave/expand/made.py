"""How a made object looks: one builder, so that every object has the same order of keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.findings import Finding
from keywave.objects.manifest import Manifest

VSO = "secrets.hashicorp.com/v1beta1"
RECONCILE = "reconcile.keywave.dev/v1alpha1"


class Made(NamedTuple):
    """What a step made, and what it found."""

    manifests: list[Manifest]
    findings: list[Finding]

    def add(self, other: Made) -> None:
        """Take over all of another."""
        self.manifests.extend(other.manifests)
        self.findings.extend(other.findings)


def nothing() -> Made:
    """An empty result to add to."""
    return Made([], [])


def build(
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str,
    made_by: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: Any,
) -> Manifest:
    """`apiVersion, kind, metadata{name, namespace, labels, annotations}`, then the content as given; empty metadata is left out."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
    return Manifest(body, made_by=made_by)


def kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that say something: None, "" and empty collections are left out; False and 0 stay."""
    return {
        name: value for name, value in fields.items() if value is not None and value != "" and value not in ({}, [], ())
    }


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid upon `base`: maps are merged, everything else is replaced, null removes."""
    result = dict(base)
    for name, value in over.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result
