"""Secrets written to the real API server: created, repaired, made anew, left alone."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keywave.controller.destination import OWNER_LABELS, OWNER_UID, Wanted, judge
from keywave.controller.destination_write import prune, write
from keywave.controller.mac import MacKey
from keywave.controller.model import Key, Resource
from keywave.controller.ports import World
from keywave.controller.restarts import ANNOTATION, restart
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.secret_view import SecretView
from keywave.controller.watching.metrics import Metrics
from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient
from rig.cluster import Cluster

DESTINATION = {"name": "made", "create": True, "labels": {"team": "a"}}


class Told:
    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def tell(self, resource: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        self.events.append((reason, message))


class Setting:
    def __init__(self, cluster: Cluster, namespace: str) -> None:
        ca = Path(cluster.ca_file).read_text(encoding="utf-8")
        self.client = client = KubeClient(ApiServer(cluster.url, ca=ca, token=cluster.token))
        self.cluster, self.namespace, self.told, self.moment = cluster, namespace, Told(), time.time()
        self.secrets = SecretView(client, MacKey(b"k" * 16), watched=False)
        nothing: Any = None
        self.world = World(
            client, nothing, nothing, self.secrets, self.told, ProcessMemory(), Metrics(),
            lambda: self.moment, lambda: 0.5, lambda key: None, namespace,
        )  # fmt: skip
        owner = cluster.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": namespace}}
        )
        key = Key("ConfigMap", namespace, "owner")
        self.resource = Resource(key, "v1", owner["metadata"]["uid"], 1, "1", {}, {}, {}, {}, (), "")

    def sync(self, data: dict[str, bytes], destination: dict[str, Any] = DESTINATION) -> tuple[str, tuple[str, ...]]:
        seen = self.secrets.observe(self.namespace, destination["name"])
        verdict = judge(self.resource, destination, Wanted(self.secrets.mac(data)), seen)
        if verdict.action not in ("unchanged", "refuse"):
            write(self.world, self.resource, verdict, data)
        return verdict.action, verdict.drifted

    def secret(self, name: str = "made") -> dict[str, Any]:
        return self.cluster.get("v1", "Secret", name, self.namespace) or {}


@pytest.fixture
def setting(cluster: Cluster, namespace: str) -> Iterator[Setting]:
    made = Setting(cluster, namespace)
    yield made
    made.client.close()


def test_a_secret_is_created_as_the_incumbent_would_and_then_left_alone(setting: Setting) -> None:
    assert setting.sync({"a": b"1"}) == ("create", ())
    made = setting.secret()
    uid = setting.resource.uid
    assert made["data"] == {"a": base64.b64encode(b"1").decode()}
    assert made["metadata"]["labels"] == {"team": "a", **OWNER_LABELS, OWNER_UID: uid}
    assert made["metadata"]["ownerReferences"] == [setting.resource.owner_reference]
    assert setting.sync({"a": b"1"}) == ("unchanged", ())


@pytest.mark.parametrize(
    ("change", "drifted"),
    [
        ({"data": {"a": "Mg==", "more": "Mg=="}}, ("data",)),
        ({"metadata": {"labels": {"team": "b", "foreign": "x"}}}, ("labels",)),
        ({"metadata": {"ownerReferences": None}}, ("owner",)),
    ],
    ids=["data", "labels", "the owner"],
)
def test_drift_is_repaired_and_foreign_labels_stay(
    setting: Setting, change: dict[str, Any], drifted: tuple[str, ...]
) -> None:
    setting.sync({"a": b"1"})
    before = setting.secret()
    setting.cluster.patch("v1", "Secret", "made", change, setting.namespace)
    assert setting.sync({"a": b"1"}) == ("repair", drifted)
    after = setting.secret()
    assert (after["data"], after["metadata"]["uid"]) == (before["data"], before["metadata"]["uid"])
    assert after["metadata"]["ownerReferences"] == [setting.resource.owner_reference]
    foreign = {"foreign": "x"} if drifted == ("labels",) else {}
    assert after["metadata"]["labels"] == {**before["metadata"]["labels"], **foreign}
    assert setting.sync({"a": b"1"}) == ("unchanged", ())


def test_keys_that_another_manager_set_too_go_when_they_are_not_wanted(setting: Setting) -> None:
    setting.sync({"a": b"1", "b": b"2"})
    found = setting.secret()
    path = f"/api/v1/namespaces/{setting.namespace}/secrets/made"
    answer = setting.cluster.request("PUT", path, {**found, "data": {**found["data"], "c": "Mw=="}})
    assert answer.ok
    assert setting.sync({"a": b"1"}) == ("repair", ("data",))
    assert setting.secret()["data"] == {"a": "MQ=="}


def test_another_type_makes_the_secret_anew_and_a_refusal_puts_the_old_one_back(setting: Setting) -> None:
    setting.sync({"a": b"1"})
    first = setting.secret()
    with pytest.raises(KubeError, match="did not take the Secret made"):
        setting.sync({"a": b"1"}, {**DESTINATION, "type": "kubernetes.io/tls"})
    assert (setting.secret()["data"], setting.secret()["type"]) == (first["data"], "Opaque")
    assert setting.sync({"username": b"u"}, {**DESTINATION, "type": "kubernetes.io/basic-auth"})[0] == "recreate"
    assert (setting.secret()["data"], setting.secret()["type"]) == ({"username": "dQ=="}, "kubernetes.io/basic-auth")


def test_a_foreign_secret_is_refused_taken_over_or_filled(setting: Setting) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "made", "namespace": setting.namespace}}
    setting.cluster.create({**body, "data": {"x": "MQ=="}})
    assert setting.sync({"a": b"1"})[0] == "refuse"
    metadata = setting.secret()["metadata"]
    assert setting.sync({"a": b"1"}, {"name": "made"}) == ("repair", ("data",))
    assert setting.secret()["data"] == {"a": "MQ=="}
    assert setting.secret()["metadata"].get("labels") == metadata.get("labels")
    assert setting.sync({"a": b"1"}, {**DESTINATION, "overwrite": True})[0] == "repair"
    assert setting.sync({"a": b"1"}) == ("unchanged", ())


@pytest.mark.parametrize("action", ["create", "recreate"])
def test_a_secret_that_somebody_makes_at_the_same_moment_is_not_taken(setting: Setting, action: str) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "made", "namespace": setting.namespace}}
    data, destination = {"username": b"u"}, {**DESTINATION, "type": "kubernetes.io/basic-auth"}
    if action == "recreate":
        setting.sync(data)
    verdict = judge(setting.resource, destination, Wanted("other"), setting.secrets.observe(setting.namespace, "made"))
    assert verdict.action == action
    apply = setting.client.apply

    def meanwhile(*asked: Any, **more: Any) -> Any:
        setting.cluster.create({**body, "data": {"theirs": "MQ=="}})
        return apply(*asked, **more)

    setting.client.apply = meanwhile  # type: ignore[method-assign]
    with pytest.raises(KubeError) as refused:
        write(setting.world, setting.resource, verdict, data)
    assert refused.value.reason in ("conflict", "exists")
    assert (setting.secret()["data"], setting.secret()["metadata"].get("labels")) == ({"theirs": "MQ=="}, None)


def test_keys_and_annotations_that_are_no_longer_wanted_go(setting: Setting) -> None:
    setting.sync({"a": b"1", "b": b"2"}, {**DESTINATION, "annotations": {"x": "y"}})
    assert setting.sync({"a": b"1"}, {"name": "made", "create": True}) == ("repair", ("data",))
    after = setting.secret()
    assert (after["data"], after["metadata"].get("annotations")) == ({"a": "MQ=="}, None)
    assert after["metadata"]["labels"] == {**OWNER_LABELS, OWNER_UID: setting.resource.uid}


def test_a_refusal_quotes_no_value(setting: Setting, canary: str) -> None:
    with pytest.raises(KubeError) as refused:
        setting.sync({"a": canary.encode() * 60_000})
    assert canary not in str(refused.value)


def test_only_our_own_secrets_are_pruned(setting: Setting) -> None:
    setting.sync({"a": b"1"})
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": setting.namespace}}
    setting.cluster.create(other)
    mine = setting.resource._replace(status={"secretName": "other"})
    assert prune(setting.world, mine, "new") == ()
    mine = setting.resource._replace(status={"secretName": "made"})
    assert prune(setting.world, mine, "new") == ("made",)
    assert (setting.secret(), bool(setting.secret("other"))) == ({}, True)


def test_two_changes_restart_a_workload_once(setting: Setting) -> None:
    labels = {"app": "x"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    setting.cluster.create(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": setting.namespace}, "spec": spec}
    )  # fmt: skip
    targets = [{"kind": "Deployment", "name": "x"}]
    twin = setting.resource._replace(key=Key("ConfigMap", setting.namespace, "twin"))
    assert restart(setting.world, setting.resource, targets, "one").after == 2.0
    setting.moment += 1
    assert restart(setting.world, twin, targets, "two").after == pytest.approx(1.0)
    setting.moment += 1
    assert restart(setting.world, setting.resource, targets, "one").restarted == ("Deployment x",)
    assert restart(setting.world, twin, targets, "two") == (True, None, (), ())
    found = setting.cluster.get("apps/v1", "Deployment", "x", setting.namespace) or {}
    assert list(found["spec"]["template"]["metadata"]["annotations"]) == [ANNOTATION]
    assert found["metadata"]["generation"] == 2
    assert [reason for reason, _ in setting.told.events] == ["RolloutRestartTriggered"]
