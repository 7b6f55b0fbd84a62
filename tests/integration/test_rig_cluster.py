"""The rig's API server says yes and no as a real one does."""

from __future__ import annotations

import pytest

from rig.cluster import Body, Cluster, Refused
from rig.processes import Server
from rig.waiting import wait_for

VSO = "secrets.hashicorp.com/v1beta1"


def config_map(name: str, namespace: str, **data: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def static_secret(namespace: str) -> Body:
    return {
        "apiVersion": VSO,
        "kind": "VaultStaticSecret",
        "metadata": {"name": "db", "namespace": namespace},
        "spec": {
            "mount": "secret",
            "path": "team/db",
            "type": "kv-v2",
            "destination": {"name": "db", "create": True},
        },
    }


def test_a_dry_run_is_answered_and_nothing_is_kept(cluster: Cluster, namespace: str) -> None:
    answer = cluster.dry_run(config_map("one", namespace, a="b"))

    assert answer.status == 201, answer.message
    assert cluster.get("v1", "ConfigMap", "one", namespace) is None


def test_an_unknown_field_is_refused_by_name(cluster: Cluster, namespace: str) -> None:
    answer = cluster.dry_run(config_map("one", namespace) | {"dat": {}})

    assert (answer.status, 'unknown field "dat"' in answer.message) == (400, True)


def test_a_text_is_read_by_the_servers_own_parser(cluster: Cluster) -> None:
    answer = cluster.dry_run("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {a: c}\n")

    assert (answer.status, 'key "data" already set in map' in answer.message) == (400, True)


def test_the_default_validation_only_warns(cluster: Cluster, namespace: str) -> None:
    wrong = config_map("one", namespace) | {"dat": {}}

    assert cluster.dry_run(wrong, field_validation="Warn").status == 201


def test_objects_are_applied_read_patched_and_deleted(cluster: Cluster, namespace: str) -> None:
    cluster.apply(config_map("one", namespace, a="b"))
    cluster.patch("v1", "ConfigMap", "one", {"data": {"c": "d"}}, namespace)

    found = cluster.get("v1", "ConfigMap", "one", namespace)
    assert found is not None
    assert found["data"] == {"a": "b", "c": "d"}
    assert cluster.dry_run(config_map("one", namespace, a="z")).ok, "an object that exists is tried as an apply"
    assert "one" in {entry["metadata"]["name"] for entry in cluster.list("v1", "ConfigMap", namespace)}
    cluster.delete("v1", "ConfigMap", "one", namespace)
    assert cluster.get("v1", "ConfigMap", "one", namespace) is None


def test_what_the_server_refuses_is_an_error_with_its_text(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(Refused, match="RFC 1123"):
        cluster.apply(config_map("Not_A_Name", namespace))


def test_a_user_without_rights_is_forbidden(cluster: Cluster, namespace: str) -> None:
    answer = cluster.as_user("alice").request("GET", f"/api/v1/namespaces/{namespace}/secrets")

    assert (answer.status, 'User "alice" cannot list resource "secrets"' in answer.message) == (403, True)


def test_the_real_crds_accept_a_right_object_and_refuse_one_wrong_field(vso_cluster: Cluster, namespace: str) -> None:
    right = static_secret(namespace)
    wrong = static_secret(namespace)
    wrong["spec"]["refreshafter"] = "30s"

    assert vso_cluster.dry_run(right).status == 201
    answer = vso_cluster.dry_run(wrong)
    assert (answer.status, 'unknown field "spec.refreshafter"' in answer.message) == (400, True)


def test_the_test_can_play_the_operator(vso_cluster: Cluster, namespace: str) -> None:
    vso_cluster.apply(static_secret(namespace))
    vso_cluster.patch_status(VSO, "VaultStaticSecret", "db", {"lastGeneration": 1, "secretMAC": "x"}, namespace)

    found = vso_cluster.get(VSO, "VaultStaticSecret", "db", namespace)
    assert found is not None
    assert found["status"]["secretMAC"] == "x"


def test_the_controllers_end_a_namespace_with_what_is_in_it(cluster: Cluster, controllers: Server) -> None:
    cluster.ensure_namespace("to-be-ended")
    cluster.apply(config_map("one", "to-be-ended"))
    cluster.delete("v1", "Namespace", "to-be-ended")

    wait_for("the Namespace to be gone", lambda: cluster.get("v1", "Namespace", "to-be-ended") is None, timeout=60)
    assert controllers.running()
