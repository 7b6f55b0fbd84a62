"""Which workloads are restarted, how, how often, and what is told of those that are not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from controller.model_world import NOW, TEAM, Model

from keywave.controller.model import Key, Resource, resource_of
from keywave.controller.restarts import ANNOTATION, RETRY, SKEW, WINDOW, RestartOutcome, changed_at, restart, written_at
from keywave.controller.status import exact, rfc3339
from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient
from keywave.kube.resources import SECRET
from rig.cluster import Cluster

POD = {"template": {"metadata": {"labels": {"app": "web"}}}}


def resource(name: str = "app") -> Resource:
    metadata = {"namespace": TEAM, "name": name, "uid": name, "generation": 1}
    return resource_of({"kind": "VaultStaticSecret", "metadata": metadata})


def model(kind: str = "Deployment", **spec: Any) -> Model:
    made = Model()
    made.put("Rollout" if kind == "argo.Rollout" else kind, "web", {**POD, **spec})
    return made


def ask(made: Model, *targets: tuple[str, str], token: str = "t", name: str = "app", **more: Any) -> RestartOutcome:
    wanted = [{"kind": kind, "name": target} for kind, target in targets or (("Deployment", "web"),)]
    return restart(made.world(), resource(name), wanted, token, **more)


def twice(made: Model, *targets: tuple[str, str], **more: Any) -> RestartOutcome:
    """Asked, and asked again when it is due."""
    first = ask(made, *targets, **more)
    assert (first.done, first.after) == (False, WINDOW)
    made.now += WINDOW
    return ask(made, *targets, **more)


def spec(made: Model, kind: str = "Deployment") -> dict[str, Any]:
    return dict((made.body(kind, "web") or {})["spec"])


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet"])
def test_a_workload_is_restarted_by_an_annotation_of_its_pods(kind: str) -> None:
    made = model(kind)
    assert twice(made, (kind, "web")) == RestartOutcome(True, None, (f"{kind} web",), ())
    annotations = spec(made, kind)["template"]["metadata"]["annotations"]
    assert annotations == {ANNOTATION: rfc3339(NOW + WINDOW)}
    assert made.events == [("RolloutRestartTriggered", f"{kind} web is restarted")]


def test_a_rollout_of_argo_has_a_field_for_it_and_its_pods_are_not_touched() -> None:
    made = model("argo.Rollout")
    assert twice(made, ("argo.Rollout", "web")).restarted == ("argo.Rollout web",)
    assert spec(made, "Rollout") == {**POD, "restartAt": rfc3339(NOW + WINDOW)}


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        (("Deployment", "none"), {}, "Deployment none is not restarted: there is no such workload"),
        (("Job", "web"), {}, "Job web is not restarted: that kind cannot be restarted"),
        (("Deployment", "web"), {"paused": True}, "Deployment web is not restarted: it is paused"),
    ],
)
def test_what_cannot_be_restarted_is_told_of_and_not_tried_for_ever(
    target: tuple[str, str], more: dict[str, Any], told: str
) -> None:
    made = model(**more)
    outcome = twice(made, target)
    assert (outcome.done, outcome.failed) == (True, (" ".join(target),))
    assert made.events == [("RolloutRestartFailed", told)]
    assert "annotations" not in spec(made)["template"]["metadata"]


def test_a_stateful_set_that_waits_for_a_hand_says_so() -> None:
    made = model("StatefulSet", updateStrategy={"type": "OnDelete"})
    twice(made, ("StatefulSet", "web"))
    assert made.events[0][1].endswith("its pods are replaced when somebody deletes them (OnDelete)")


def test_a_workload_is_restarted_once_for_two_objects_that_change_together() -> None:
    made = model()
    assert not ask(made, name="one").done
    made.now += 1
    assert ask(made, name="two") == RestartOutcome(False, WINDOW - 1)
    made.now += 1
    assert ask(made, name="one").restarted == ("Deployment web",)
    assert ask(made, name="two") == RestartOutcome(True)
    assert len(made.events) == 1


def test_a_change_after_a_restart_is_another_restart() -> None:
    made = model()
    twice(made, token="one")
    made.now += 10
    assert twice(made, token="two").restarted == ("Deployment web",)
    assert len(made.events) == 2


def test_what_was_restarted_for_is_not_restarted_again() -> None:
    made = model()
    done = resource()._replace(status={"restartedFor": "t"})
    assert restart(made.world(), done, [{"kind": "Deployment", "name": "web"}], "t") == RestartOutcome(True)
    assert (made.calls, made.events) == (0, [])


@pytest.mark.parametrize(("reason", "done"), [("forbidden", True), ("unreachable", False)])
def test_a_refusal_that_lasts_is_told_of_and_another_is_tried_again(reason: str, done: bool) -> None:
    made = model()
    patched, world = [KubeError(reason, "CANARY")], made.world

    def refusing() -> Any:
        found = world()
        patch = found.kube.patch

        def once(*given: Any, **more: Any) -> Any:
            if patched:
                raise patched.pop()
            return patch(*given, **more)

        found.kube.patch = once  # type: ignore[method-assign]
        return found

    made.world = refusing  # type: ignore[method-assign]
    outcome = twice(made)
    assert (outcome.done, outcome.after) == (done, None if done else RETRY)
    assert "CANARY" not in str(made.events)
    made.now += RETRY
    assert ask(made).restarted == (() if done else ("Deployment web",))


@pytest.mark.parametrize("theirs", [NOW + 3, 0.0])
@pytest.mark.parametrize("written", [NOW, 0.0])
def test_a_workload_that_changes_between_look_and_patch_is_looked_at_again(theirs: float, written: float) -> None:
    """A restart that another replica made is not made twice, known or not when the Secret was written; anything else is no restart."""
    made = model()
    patch, patched = made.world().kube.patch, list[float]()

    def late(*given: Any, **more: Any) -> Any:
        if not patched:
            patched.append(theirs)
            annotations = {ANNOTATION: rfc3339(theirs)} if theirs else {}
            made.put("Deployment", "web", {"template": {"metadata": {"annotations": annotations}}})
        return patch(*given, **more)

    world = made.world()
    world.kube.patch = late  # type: ignore[method-assign]
    made.world = lambda: world  # type: ignore[method-assign]

    assert twice(made, written=written).done
    assert [reason for reason, _ in made.events] == ([] if theirs else ["RolloutRestartTriggered"])
    annotations = spec(made)["template"]["metadata"]["annotations"]
    assert annotations == {ANNOTATION: rfc3339(theirs or NOW + WINDOW)}


@pytest.mark.parametrize(("newer", "moment"), [(False, NOW + WINDOW), (True, NOW + WINDOW + RETRY)])
def test_a_restart_whose_answer_was_lost_is_asked_again_with_the_same_time(newer: bool, moment: float) -> None:
    """So that it changes nothing where it was made; a change that came after it takes a time of its own."""
    made = model()
    world = made.world()
    patch, lost = world.kube.patch, [KubeError("timeout", "no answer")]

    def once(*given: Any, **more: Any) -> Any:
        answer = patch(*given, **more)
        if lost:
            raise lost.pop()
        return answer

    world.kube.patch = once  # type: ignore[method-assign]
    made.world = lambda: world  # type: ignore[method-assign]
    assert twice(made).after == RETRY
    made.now += RETRY
    if newer:
        ask(made, name="newer")
        assert ask(made).restarted == ()
    assert ask(made).restarted == (() if newer else ("Deployment web",))
    assert spec(made)["template"]["metadata"]["annotations"] == {ANNOTATION: rfc3339(moment)}
    assert [reason for reason, _ in made.events] == ["RolloutRestartTriggered"]


@pytest.mark.parametrize(("at", "restarted"), [(NOW - 1, True), (NOW + 1, True), (NOW + 2, False)])
def test_after_a_crash_the_workload_itself_says_whether_it_was_restarted(at: float, restarted: bool) -> None:
    annotations = {"annotations": {ANNOTATION: rfc3339(at)}}
    made = model(template={"metadata": annotations})
    outcome = twice(made, written=NOW + SKEW)
    assert (outcome.done, bool(made.events)) == (True, restarted)


@pytest.mark.parametrize(("at", "restarted"), [(NOW + 0.1, True), (NOW + 0.3, True), (NOW + 0.5, False)])
def test_after_a_crash_a_restart_in_the_second_of_the_change_counts(at: float, restarted: bool) -> None:
    made = model(template={"metadata": {"annotations": {ANNOTATION: exact(at)}}})
    changed = resource()._replace(status={"lastChangeTime": exact(NOW + 0.2)})
    twice(made, written=changed_at(changed, made.world()))
    assert bool(made.events) == restarted


def test_when_a_secret_was_written_is_what_the_api_server_noted_of_us() -> None:
    made = Model()
    entries = [
        {"manager": "keywave-reconciler", "time": rfc3339(NOW)},
        {"manager": "keywave-reconciler", "time": rfc3339(NOW - 5)},
        {"manager": "kubectl", "time": rfc3339(NOW + 9)},
        {"manager": "keywave-reconciler", "time": "nonsense"},
    ]
    made.put("Secret", "creds", {}, managedFields=entries)
    made.put("Secret", "foreign", {}, managedFields=entries[2:3])
    assert [written_at(made.world(), TEAM, name) for name in ("creds", "foreign", "none")] == [NOW, 0.0, 0.0]
    assert Key("Secret", TEAM, "creds") in made.objects


def test_the_real_api_server_notes_our_writes_and_not_those_of_others(cluster: Cluster, namespace: str) -> None:
    ca = Path(cluster.ca_file).read_text(encoding="utf-8")
    kube = KubeClient(ApiServer(cluster.url, ca=ca, token=cluster.token))
    world = Model().world()._replace(kube=kube)
    metadata = {"name": "creds", "namespace": namespace}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "eA=="}}

    began = int(time.time())
    kube.apply(SECRET, body)
    first = written_at(world, namespace, "creds")
    assert began <= first <= time.time()

    time.sleep(1.1)
    labels = {"metadata": {"labels": {"by": "another"}}}
    cluster.patch("v1", "Secret", "creds", labels, namespace)
    kube.apply(SECRET, body)
    assert written_at(world, namespace, "creds") == first

    kube.apply(SECRET, {**body, "data": {"a": "eQ=="}})
    assert written_at(world, namespace, "creds") >= first + 1
    kube.close()


@pytest.mark.parametrize("meanwhile", ["a restart is due", "it was restarted"])
def test_a_clock_that_is_set_back_delays_no_restart_for_long(meanwhile: str) -> None:
    made = model()
    if meanwhile == "it was restarted":
        twice(made, token="one")
    else:
        ask(made, token="one")
    made.now -= 3600

    assert ask(made, token="two").after == WINDOW
    made.now += WINDOW
    assert ask(made, token="two").restarted == ("Deployment web",)


def test_a_secret_that_was_written_in_the_second_of_a_restart_is_another_restart() -> None:
    made = model()
    made.now += 0.2
    twice(made, token="one")
    made.now += 0.6

    assert not ask(made, name="two", token="two", written=int(made.now) + SKEW).done
    made.now += WINDOW
    assert ask(made, name="two", token="two", written=int(made.now - WINDOW) + SKEW).restarted == ("Deployment web",)
