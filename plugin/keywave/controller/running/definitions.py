"""The definitions in the cluster: installed where they are absent and that is wanted, never changed; and which status fields they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.model import Body
from keywave.controller.ports import Kube
from keywave.crds.definitions import PART_OF, definitions
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


def served(kube: Kube) -> Mapping[str, Mapping[str, Any]] | None:
    """None where every definition is ours, else kind -> schema of the status that there is. Waits until they are served.

    Who may not read definitions takes them to be ours. Raises KubeError, MissingDefinitions that names what is absent."""
    end = time.monotonic() + _SERVED_SECONDS
    ours, found = True, {}
    for wanted in definitions():
        name, kind = wanted["metadata"]["name"], wanted["spec"]["names"]["kind"]
        while True:
            try:
                body = kube.get(DEFINITION, "", name)
            except KubeError as problem:
                if problem.reason == "forbidden":
                    return None
                raise
            if body is not None and _established(body):
                break
            if body is None or time.monotonic() > end:
                if kind == "VaultCompositeSecret":  # our own kind; a cluster of the incumbent's does without it
                    body = None
                    break
                hint = "kubectl create -k schemas/crds, or start with --install-crds"
                raise MissingDefinitions(f"the cluster does not serve {name}", hint=hint)
            time.sleep(0.5)
        if body is None:
            continue
        ours = ours and PART_OF.items() <= mapping(mapping(body.get("metadata")).get("labels")).items()
        found[kind] = status_of(body, wanted["spec"]["versions"][0]["name"]) or {"type": "object", "properties": {}}
    return None if ours else found


def absent_kinds(kube: Kube) -> frozenset[str]:
    """Kinds that are not watched, since the cluster does not have them."""
    try:
        return frozenset(
            wanted["spec"]["names"]["kind"]
            for wanted in definitions()
            if kube.get(DEFINITION, "", wanted["metadata"]["name"]) is None
        )
    except KubeError:
        return frozenset()


def _established(body: Body) -> bool:
    conditions = [mapping(entry) for entry in sequence(mapping(body.get("status")).get("conditions"))]
    return any(entry.get("type") == "Established" and entry.get("status") == "True" for entry in conditions)
