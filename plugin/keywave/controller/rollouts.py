"""Whether the pods of a workload are all from after its last restart, as `kubectl rollout status` tells it, but for all replicas.

Facts: the API reference of apps/v1 (status of Deployment, StatefulSet, DaemonSet) and of Argo Rollouts (restartAt in spec,
restartedAt in status).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keywave.controller.model import Body
from keywave.controller.ports import World
from keywave.controller.restarts import moment_of, restarted_at
from keywave.kube.api_server import KubeError
from keywave.kube.resources import WORKLOADS
from keywave.objects.manifest import mapping

_ENDING = 30
"""Seconds that a pod may take to end, where the workload does not say: Kubernetes' own default."""


class Rolled(NamedTuple):
    """`since`: all pods were started after that moment (seconds since 1970); `ending`: seconds that those before may still take to end."""

    since: float
    ending: float


def rolled_out(world: World, namespace: str, targets: Sequence[Body]) -> Rolled | None:
    """Of all of them together; None where one is on its way, was never restarted by us, or cannot be seen. Raises nothing."""
    found: list[Rolled] = []
    for kind, name in dict.fromkeys((str(t.get("kind") or ""), str(t.get("name") or "")) for t in targets):
        type = WORKLOADS.get(kind)
        try:
            body = world.kube.get(type, namespace, name) if type is not None else None
        except KubeError:
            return None
        one = rolled(kind, body) if body is not None else None
        if one is None:
            return None
        found.append(one)
    return Rolled(min(one.since for one in found), max(one.ending for one in found)) if found else None


def rolled(kind: str, body: Body) -> Rolled | None:
    """Of one workload. Pure."""
    spec, status = mapping(body.get("spec")), mapping(body.get("status"))
    since = restarted_at(kind, spec)
    pods = mapping(mapping(spec.get("template")).get("spec"))
    ending = float(_number(pods, "terminationGracePeriodSeconds", _ENDING))
    if not since or not _complete(kind, body, spec, status):
        return None
    return Rolled(since, ending)


def _complete(kind: str, body: Body, spec: Body, status: Body) -> bool:
    if kind == "argo.Rollout":
        return moment_of(status.get("restartedAt")) >= moment_of(spec.get("restartAt")) and _all(
            _number(spec, "replicas", 1), status, "availableReplicas"
        )
    if _number(status, "observedGeneration") < _number(mapping(body.get("metadata")), "generation"):
        return False
    if kind == "DaemonSet":
        wanted = _number(status, "desiredNumberScheduled")
        return _all(wanted, status, "updatedNumberScheduled", "numberAvailable")
    wanted = _number(spec, "replicas", 1)
    if kind == "StatefulSet":
        return _all(wanted, status, "updatedReplicas", "readyReplicas")
    # More pods than updated ones: old ones are still to end.
    left = _number(status, "replicas") > _number(status, "updatedReplicas")
    return not left and _all(wanted, status, "updatedReplicas", "availableReplicas")


def _all(wanted: int, status: Body, *counts: str) -> bool:
    return all(_number(status, name) >= wanted for name in counts)


def _number(body: Body, name: str, default: int = 0) -> int:
    value = body.get(name, default)
    return value if isinstance(value, int) else default
