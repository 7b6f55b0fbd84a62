"""The definitions in the cluster: installed where they are absent and that is wanted, never changed; and which status fields they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from keywave.controller.model import Body
from keywave.controller.ports import Kube
from keywave.crds.definitions import definitions
from keywave.crds.incumbent_status import status_of
from keywave.errors import KeywaveError
from keywave.kube.api_server import KubeError
from keywave.kube.resources import DEFINITION
from keywave.objects.manifest import mapping, sequence

_SERVED_SECONDS = 60.0


class MissingDefinitions(KeywaveError):
    """The cluster does not know our kinds."""

    exit_code = 3


def install_absent(kube: Kube, log: Callable[..., None]) -> None:
    """Raises KubeError, MissingDefinitions when they are not served in time."""
    for wanted in definitions():
        name = wanted["metadata"]["name"]
        if kube.get(DEFINITION, "", name) is not None:
            continue
        try:
            kube.create(DEFINITION, wanted)
            log("info", "installed a definition", name=name)
        except KubeError as problem:
            if problem.reason != "exists":  # another replica was faster
                raise


class Served(NamedTuple):
    """`fields`: None where every definition is ours, of this version, else kind -> schema of the status that there is. `absent`: kinds that
    the cluster does not have, and can do without."""

    fields: Mapping[str, Mapping[str, Any]] | None
    absent: frozenset[str] = frozenset()


class Api(Kube, Protocol):
    def request(self, method: str, path: str, body: Body | None = None) -> Body: ...


def served(kube: Api, wait: Callable[[float], object] = time.sleep, seconds: float = _SERVED_SECONDS) -> Served:
    """Waits until they are served. Who may not read definitions looks at what the API server tells everybody of its types.

    Raises KubeError, MissingDefinitions that names what is absent."""
    end, ours, found = time.monotonic() + seconds, True, {}
    absent = set()
    for wanted in definitions():
        kind = wanted["spec"]["names"]["kind"]
        while (status := _status(kube, wanted)) is not None and not status.served and time.monotonic() < end:
            wait(0.5)
        if status is not None and status.served:
            found[kind] = status.schema
            ours = ours and status.ours
        elif kind == "VaultCompositeSecret":  # our own kind; a cluster of the incumbent's does without it
            absent.add(kind)
        else:
            hint = "kubectl create -k schemas/crds, or start with --install-crds"
            raise MissingDefinitions(f"the cluster does not serve {wanted['metadata']['name']}", hint=hint)
    return Served(None if ours else found, frozenset(absent))


class _Status(NamedTuple):
    schema: Mapping[str, Any]
    ours: bool
    served: bool = True


_NONE: Mapping[str, Any] = {"type": "object", "properties": {}}


def _status(kube: Api, wanted: Body) -> _Status | None:
    """Of one definition; None where there is none."""
    version = wanted["spec"]["versions"][0]["name"]
    try:
        body = kube.get(DEFINITION, "", wanted["metadata"]["name"])
    except KubeError as problem:
        if problem.reason != "forbidden":
            raise
        return _published(kube, wanted, version)
    if body is None:
        return None
    return _status_in(body, wanted, version)._replace(served=_established(body))


def _published(kube: Api, wanted: Body, version: str) -> _Status | None:
    """From the OpenAPI document of the group, which every known caller may read."""
    group, kind = wanted["spec"]["group"], wanted["spec"]["names"]["kind"]
    try:
        document = kube.request("GET", f"/openapi/v3/apis/{group}/{version}")
    except KubeError as problem:
        if problem.reason == "absent":
            return None
        if problem.reason != "forbidden":
            raise
        hint = "allow get on customresourcedefinitions, or bind the ClusterRole system:discovery"
        raise MissingDefinitions("whether the cluster has the definitions cannot be seen", hint=hint) from None
    for schema in map(mapping, mapping(mapping(document.get("components")).get("schemas")).values()):
        named = [mapping(entry) for entry in sequence(schema.get("x-kubernetes-group-version-kind"))]
        if any((entry.get("group"), entry.get("kind")) == (group, kind) for entry in named):
            body = {"spec": {"versions": [{"name": version, "schema": {"openAPIV3Schema": schema}}]}}
            return _status_in(body, wanted, version)
    return None


def _status_in(body: Body, wanted: Body, version: str) -> _Status:
    """Ours is what has all the fields of ours. Those of an earlier version have not, and the API server drops what they do not name."""
    status, own = status_of(body, version) or _NONE, status_of(wanted, version) or _NONE
    return _Status(status, _covers(status, own))


def _covers(status: Body, own: Body) -> bool:
    """Whether each field of the one schema, at any depth, is one of the other."""
    if "items" in own:
        return _covers(mapping(status.get("items")), own["items"])
    there = mapping(status.get("properties"))
    return all(name in there and _covers(there[name], field) for name, field in mapping(own.get("properties")).items())


def _established(body: Body) -> bool:
    conditions = [mapping(entry) for entry in sequence(mapping(body.get("status")).get("conditions"))]
    return any(entry.get("type") == "Established" and entry.get("status") == "True" for entry in conditions)
