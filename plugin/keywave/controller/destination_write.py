"""Writes the Secret that `destination.judge` asks for, and deletes those that are no longer wanted."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.destination import OWNER_LABELS, OWNER_UID, Verdict
from keywave.controller.model import Body, Resource
from keywave.controller.ports import Observed, World
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping, sequence

_FIELD = re.compile(r"(?:metadata\.(?:labels|annotations|name)|data\[[-._a-zA-Z0-9]{1,253}\]|\btype\b)")
_NEEDED = {"kubernetes.io/tls": ("tls.crt", "tls.key")}
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink")


def write(world: World, resource: Resource, verdict: Verdict, data: Mapping[str, bytes]) -> Observed:
    """What the Secret is afterwards. Raises KubeError in our own words; conflict: judge anew."""
    encoded = {name: base64.b64encode(value).decode() for name, value in data.items()}
    if not verdict.target.create:
        body = _careful(verdict, lambda: _data_only(world, resource, verdict, encoded))
    elif verdict.action == "recreate":
        body = _careful(verdict, lambda: _recreated(world, resource, verdict, encoded))
    else:
        body = _careful(verdict, lambda: _applied(world, resource, verdict, encoded))
    return world.secrets.note(body)


def prune(world: World, resource: Resource, keep: str) -> tuple[str, ...]:
    """Names of the other Secrets of this object, deleted. Raises KubeError."""
    namespace = resource.key.namespace
    names = {*world.secrets.owned(resource), str(resource.status.get("secretName") or "")} - {keep, ""}
    gone = []
    for name in sorted(names):
        seen = world.secrets.observe(namespace, name)
        if seen is None or not {**OWNER_LABELS, OWNER_UID: resource.uid}.items() <= seen.labels.items():
            continue
        try:
            world.kube.delete(SECRET, namespace, name, uid=seen.uid)
        except KubeError as problem:
            if problem.reason != "conflict":  # another Secret has the name by now
                raise
            continue
        world.secrets.forget(namespace, name)
        gone.append(name)
    return tuple(gone)


def empty(world: World, resource: Resource, name: str, observed: Observed) -> None:
    """Takes the data out of a Secret that stays; keys that its type wants are left, with nothing in them. Raises KubeError."""
    found = world.kube.get(SECRET, resource.key.namespace, name)
    if found is None or mapping(found.get("metadata")).get("uid") != observed.uid:
        return
    kept = _NEEDED.get(observed.type, ())
    world.secrets.note(world.kube.replace(SECRET, {**found, "data": dict.fromkeys(kept, "")}))


def _body(resource: Resource, verdict: Verdict, data: Mapping[str, str], uid: str = "") -> dict[str, Any]:
    target = verdict.target
    metadata: dict[str, Any] = {
        "name": target.name,
        "namespace": resource.key.namespace,
        "labels": dict(target.labels),
        "ownerReferences": [resource.owner_reference],
    }
    if target.annotations:
        metadata["annotations"] = dict(target.annotations)
    # Only the Secret that was judged; where there was none, none that somebody made meanwhile: no Secret has that version.
    metadata |= {"uid": uid} if uid else {"resourceVersion": "1"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": target.type, "data": dict(data)}


def _applied(world: World, resource: Resource, verdict: Verdict, data: Mapping[str, str]) -> Body:
    uid = verdict.uid if verdict.action == "repair" else ""
    answer = world.kube.apply(SECRET, _body(resource, verdict, data, uid), force=bool(uid))
    owners = [resource.owner_reference]
    metadata = mapping(answer.get("metadata"))
    if mapping(answer.get("data")) == data and sequence(metadata.get("ownerReferences")) == owners:
        return answer
    # An apply leaves what another manager has set, too (the incumbent wrote by updates).
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    whole = {**answer, "metadata": {**kept, "ownerReferences": owners}, "data": dict(data)}
    return world.kube.replace(SECRET, whole)


def _data_only(world: World, resource: Resource, verdict: Verdict, data: Mapping[str, str]) -> Body:
    for last in (False, True):
        found = world.kube.get(SECRET, resource.key.namespace, verdict.target.name)
        if found is None:
            raise KubeError("absent", f"the Secret {verdict.target.name} is gone")
        try:
            return world.kube.replace(SECRET, {**found, "data": dict(data)})
        except KubeError as problem:
            if problem.reason != "conflict" or last:
                raise
    raise AssertionError


def _recreated(world: World, resource: Resource, verdict: Verdict, data: Mapping[str, str]) -> Body:
    namespace, name = resource.key.namespace, verdict.target.name
    before = world.kube.get(SECRET, namespace, name)
    world.kube.delete(SECRET, namespace, name, uid=verdict.uid)
    try:
        return world.kube.apply(SECRET, _body(resource, verdict, data), force=False)
    except KubeError:
        if before is not None:  # the last good Secret stays
            _put_back(world, before)
        raise


def _put_back(world: World, before: Body) -> None:
    metadata = {name: value for name, value in before["metadata"].items() if name not in _OF_THE_SERVER}
    world.kube.create(SECRET, {**before, "metadata": metadata})


def _careful(verdict: Verdict, ask: Callable[[], Body]) -> Body:
    """A refusal may quote what was sent: only the names of fields are kept."""
    try:
        return ask()
    except KubeError as problem:
        fields = ", ".join(dict.fromkeys(_FIELD.findall(str(problem)))) if problem.reason == "invalid" else ""
        told = f"Kubernetes did not take the Secret {verdict.target.name} ({problem.reason}{': ' + fields if fields else ''})"
        refused = KubeError(problem.reason, told, retry_after=problem.retry_after)
    raise refused
