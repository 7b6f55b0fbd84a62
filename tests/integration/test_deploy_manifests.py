"""deploy/: the real kustomize builds it, the real API server takes it, and its rights are enough for the reconciler and no more."""

from __future__ import annotations

import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from reconciler_tenant import tenant

from rig import REPOSITORY
from rig.cluster import Cluster
from rig.kubernetes import write_kubeconfig
from rig.operators import reconciler
from rig.vault import Vault

DEPLOY = REPOSITORY / "deploy"


def built(kustomize: Path, overlay: str) -> list[dict[str, Any]]:
    done = subprocess.run([kustomize, "build", DEPLOY / "overlays" / overlay], capture_output=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def renamed(objects: list[dict[str, Any]], namespace: str, team: str) -> list[dict[str, Any]]:
    """For namespaces of this test: the cluster is shared."""
    text = yaml.safe_dump_all(objects).replace("keywave-system", namespace).replace("team-a", team)
    text = re.sub(r"name: keywave-reconciler((?:-definitions)?)\n", rf"name: keywave-reconciler\1-{namespace}\n", text)
    return list(yaml.safe_load_all(text))


OVERLAYS = sorted(folder.name for folder in (DEPLOY / "overlays").iterdir() if folder.name != "monitoring")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_api_server_takes_it_strictly_and_the_pods_are_restricted(
    overlay: str, kustomize: Path, own_cluster: Cluster
) -> None:
    namespace = f"deploy-{secrets.token_hex(3)}"
    own_cluster.ensure_namespace("team-a")
    objects = renamed(built(kustomize, overlay), namespace, "team-a")
    own_cluster.apply(next(one for one in objects if one["kind"] == "Namespace"))

    answers = [own_cluster.dry_run(one) for one in objects if one["kind"] != "Namespace"]

    assert [answer.message for answer in answers if not answer.ok] == []
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"]["template"]}
    pod["metadata"] = {"name": "x", "namespace": namespace}
    assert own_cluster.dry_run(pod).ok, own_cluster.dry_run(pod).message
    pod["spec"]["containers"][0]["securityContext"] = {}
    assert "violates PodSecurity" in own_cluster.dry_run(pod).message


def test_every_base_and_overlay_builds_and_none_brings_a_definition(kustomize: Path) -> None:
    kinds = {overlay: {one["kind"] for one in built(kustomize, overlay)} for overlay in [*OVERLAYS, "monitoring"]}

    assert [overlay for overlay, found in kinds.items() if "CustomResourceDefinition" in found] == []
    assert kinds["monitoring"] == {"PodMonitor", "PrometheusRule"}
    base = subprocess.run([kustomize, "build", DEPLOY / "base"], capture_output=True, check=True)
    names = [one["metadata"].get("namespace") for one in yaml.safe_load_all(base.stdout) if one["kind"] != "Namespace"]
    assert set(names) == {"keywave-system"}


@pytest.mark.parametrize(("overlay", "status"), [("cluster", 403), ("installs-definitions", 409)])
def test_only_who_is_asked_to_may_make_definitions(
    overlay: str, status: int, kustomize: Path, own_cluster: Cluster
) -> None:
    namespace = f"define-{secrets.token_hex(3)}"
    kinds = {"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
    for one in renamed(built(kustomize, overlay), namespace, "team-a"):
        if one["kind"] in kinds:
            own_cluster.apply(one)
    file = REPOSITORY / "schemas/crds/secrets.hashicorp.com_vaultauths.yaml"
    definition = yaml.safe_load(file.read_text())
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    as_it = own_cluster.as_user(token_of(own_cluster, namespace))

    # 409: it is there, and stays as it is. That is also what `kubectl create -k schemas/crds` meets.
    assert as_it.request("POST", path, definition).status == status
    name = definition["metadata"]["name"]
    assert as_it.request("GET", f"{path}/{name}").status == 200
    assert as_it.request("DELETE", f"{path}/{name}?dryRun=All").status == 403


def token_of(cluster: Cluster, namespace: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/keywave-reconciler-{namespace}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return str(cluster.request("POST", path, request).body["status"]["token"])


@pytest.mark.parametrize("overlay", ["cluster", "namespaced"])
def test_its_rights_are_enough(
    overlay: str, kustomize: Path, own_cluster: Cluster, vault: Vault, rig_folder: Path, tmp_path: Path
) -> None:
    shop = tenant(own_cluster, vault)
    namespace = f"rights-{secrets.token_hex(3)}"
    kinds = {"Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    for one in renamed(built(kustomize, overlay), namespace, shop.namespace):
        if one["kind"] in kinds:
            own_cluster.apply(one)
    token = token_of(own_cluster, namespace)
    kubeconfig = tmp_path / "kubeconfig"
    write_kubeconfig(kubeconfig, own_cluster.url, token, Path(own_cluster.ca_file))
    only = [f"--namespace={shop.namespace}"] if overlay == "namespaced" else []
    shop.deployment("app")
    shop.put("app", password="one")
    shop.connect()
    shop.static("app", rolloutRestartTargets=[{"kind": "Deployment", "name": "app"}])

    with reconciler(
        rig_folder / namespace, own_cluster, *only, namespace=namespace, kubeconfig=str(kubeconfig)
    ) as operator:
        shop.wait_secret("app", password="one")
        shop.put("app", password="two")
        shop.wait_secret("app", password="two")
        assert operator.value("keywave_bugs_total") == 0
        refused = [line for line in operator.server.output().splitlines() if "forbidden" in line]

    assert refused == []
    neighbours = own_cluster.as_user(token)
    asked = [f"/api/v1/namespaces/{shop.namespace}/configmaps", "/api/v1/nodes"]
    asked += [f"/api/v1/namespaces/{shop.namespace}/secrets"] if overlay == "namespaced" else []
    assert {neighbours.request("GET", each).status for each in asked} == {403}
