"""When a workload has rolled out: every pod is from after its last restart."""

from __future__ import annotations

from typing import Any

import pytest
from controller.model_world import NOW, TEAM, Model

from keywave.controller.restarts import ANNOTATION
from keywave.controller.rollouts import Rolled, rolled, rolled_out
from keywave.controller.status import rfc3339

POD = {"metadata": {"annotations": {ANNOTATION: rfc3339(NOW)}}}
UP = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}
DAEMON = {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}
ARGO = {"restartedAt": rfc3339(NOW), "availableReplicas": 3}
WHOLE = {"Deployment": UP, "StatefulSet": UP, "DaemonSet": DAEMON, "argo.Rollout": ARGO}
LACKING = [
    ("Deployment", {"observedGeneration": 1}),
    ("Deployment", {"updatedReplicas": 2}),
    ("Deployment", {"availableReplicas": 2}),
    ("Deployment", {"replicas": 4}),
    ("StatefulSet", {"observedGeneration": 1}),
    ("StatefulSet", {"updatedReplicas": 2}),
    ("StatefulSet", {"readyReplicas": 2}),
    ("DaemonSet", {"observedGeneration": 1}),
    ("DaemonSet", {"updatedNumberScheduled": 2}),
    ("DaemonSet", {"numberAvailable": 2}),
    ("argo.Rollout", {"restartedAt": rfc3339(NOW - 1)}),
    ("argo.Rollout", {"availableReplicas": 2}),
]


def body(kind: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    restart = {"restartAt": rfc3339(NOW)} if kind == "argo.Rollout" else {}
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 3, "template": POD, **restart, **spec},
        "status": status,
    }


@pytest.mark.parametrize("kind", WHOLE)
def test_a_workload_whose_pods_are_all_new_has_rolled_out(kind: str) -> None:
    assert rolled(kind, body(kind, WHOLE[kind])) == Rolled(NOW, 30)


@pytest.mark.parametrize(("kind", "status"), LACKING)
def test_one_with_an_old_pod_or_too_few_new_ones_has_not(kind: str, status: dict[str, Any]) -> None:
    assert rolled(kind, body(kind, {**WHOLE[kind], **status})) is None


def test_one_that_we_never_restarted_tells_nothing() -> None:
    assert rolled("Deployment", body("Deployment", UP, template={})) is None
    assert (
        rolled("Deployment", body("Deployment", UP, template={"metadata": {"annotations": {ANNOTATION: "?"}}})) is None
    )


def test_a_workload_without_pods_has_rolled_out_and_says_how_long_its_pods_take_to_end() -> None:
    pod = {**POD, "spec": {"terminationGracePeriodSeconds": 5}}

    assert rolled("Deployment", body("Deployment", {"observedGeneration": 2}, replicas=0, template=pod)) == Rolled(
        NOW, 5
    )


def test_of_several_the_one_that_was_restarted_first_counts_and_none_may_lack() -> None:
    made = Model()
    for name, at in (("web", NOW + 9), ("api", NOW)):
        pod = {"metadata": {"annotations": {ANNOTATION: rfc3339(at)}}}
        made.put("Deployment", name, {"replicas": 0, "template": pod})
        (made.body("Deployment", name) or {})["status"] = {"observedGeneration": 1}
    web, api, none = ({"kind": "Deployment", "name": name} for name in ("web", "api", "none"))

    found = [
        rolled_out(made.world(), TEAM, targets)
        for targets in ([web, api], [web, none], [{"kind": "Job", "name": "web"}])
    ]

    assert found == [Rolled(NOW, 30), None, None]
