"""The rig's Flux applies for real: from an artifact, in the order of dependsOn."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from rig.cluster import Cluster
from rig.flux import Flux
from rig.waiting import stays, wait_for

VSO = "secrets.hashicorp.com/v1beta1"
CONNECTION = f"apiVersion: {VSO}\nkind: VaultConnection\nmetadata: {{name: first}}\nspec: {{address: 'http://vault.example.com'}}\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: second}\n"
HEALTH = [{"apiVersion": VSO, "kind": "VaultConnection", "current": "has(status.valid) && status.valid"}]


@pytest.fixture
def source(flux: Flux, tmp_path: Path) -> str:
    name = f"rig-{secrets.token_hex(3)}"
    for folder, text in (("one", CONNECTION), ("two", CONFIG_MAP)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "all.yaml").write_text(text)
    flux.publish(tmp_path, name)
    return name


def test_a_layer_waits_until_the_one_it_depends_on_is_healthy(
    flux: Flux, vso_cluster: Cluster, source: str, namespace: str
) -> None:
    def second() -> object:
        return vso_cluster.get("v1", "ConfigMap", "second", namespace)

    one, two = f"{source}-one", f"{source}-two"
    layer = {"source": source, "targetNamespace": namespace, "wait": True, "timeout": "1m"}
    flux.kustomization(two, path="./two", dependsOn=[{"name": one}], **layer)
    flux.kustomization(one, path="./one", healthCheckExprs=HEALTH, **layer)
    wait_for(
        "the first layer",
        lambda: vso_cluster.get(VSO, "VaultConnection", "first", namespace),
        last=lambda: flux.explain(one),
    )
    stays("the second layer not applied", lambda: second() is None, seconds=4)
    status, reason, _ = flux.condition(two)
    assert (status, reason) == ("False", "DependencyNotReady")

    vso_cluster.patch_status(VSO, "VaultConnection", "first", {"valid": True}, namespace)
    flux.wait_ready(two)
    assert flux.ready(one)
    assert second() is not None


def test_a_new_artifact_is_applied(flux: Flux, cluster: Cluster, source: str, namespace: str, tmp_path: Path) -> None:
    name = f"{source}-two"
    flux.kustomization(name, source=source, path="./two", targetNamespace=namespace)
    flux.wait_ready(name)
    (tmp_path / "two" / "all.yaml").write_text(CONFIG_MAP + "data: {a: b}\n")
    flux.wait_ready(name, revision=flux.publish(tmp_path, source))

    found = cluster.get("v1", "ConfigMap", "second", namespace)
    assert found is not None
    assert found["data"] == {"a": "b"}


def test_a_broken_layer_says_why(flux: Flux, source: str, namespace: str) -> None:
    name = f"{source}-absent"
    flux.kustomization(name, source=source, path="./absent", targetNamespace=namespace)

    wait_for("a refusal", lambda: flux.condition(name)[0] == "False", last=lambda: flux.explain(name))
    assert "no such file or directory" in flux.condition(name)[2]
