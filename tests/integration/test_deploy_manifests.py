"""deploy/: the real kustomize builds it, the real API server takes it, and it gives no right that it does not say."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from deploy_overlays import DEPLOY, Objects, as_account, built, renamed

from keywave.crds.definitions import definitions
from rig import REPOSITORY
from rig.cluster import Cluster

OVERLAYS = sorted(folder.name for folder in (DEPLOY / "overlays").iterdir() if folder.name != "monitoring")
INCUMBENT = "vault-secrets-operator-system"
LEASE = "b0d477c0.hashicorp.com"


def overlay(kustomize: Path, name: str) -> Objects:
    return built(kustomize, DEPLOY / "overlays" / name)


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_api_server_takes_it_strictly_and_the_pods_are_restricted(
    name: str, kustomize: Path, own_cluster: Cluster
) -> None:
    namespace = f"deploy-{secrets.token_hex(3)}"
    own_cluster.ensure_namespace("team-a")
    objects = renamed(overlay(kustomize, name), namespace, "team-a")
    objects = yaml.safe_load(yaml.safe_dump(objects).replace(INCUMBENT, namespace))
    restricted = yaml.safe_load((DEPLOY / "base/namespace.yaml").read_text())
    own_cluster.apply({**restricted, "metadata": {**restricted["metadata"], "name": namespace}})

    answers = [own_cluster.dry_run(one) for one in objects if one["kind"] != "Namespace"]

    assert [answer.message for answer in answers if not answer.ok] == []
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"]["template"]}
    pod["metadata"] = {"name": "x", "namespace": namespace}
    assert own_cluster.dry_run(pod).ok, own_cluster.dry_run(pod).message
    pod["spec"]["containers"][0]["securityContext"] = {}
    assert "violates PodSecurity" in own_cluster.dry_run(pod).message


def test_every_base_and_overlay_builds_and_none_brings_a_definition(kustomize: Path) -> None:
    kinds = {name: {one["kind"] for one in overlay(kustomize, name)} for name in [*OVERLAYS, "monitoring"]}

    assert [name for name, found in kinds.items() if "CustomResourceDefinition" in found] == []
    assert kinds["monitoring"] == {"PodMonitor", "PrometheusRule"}
    base = [one["metadata"].get("namespace") for one in built(kustomize, DEPLOY / "base") if one["kind"] != "Namespace"]
    assert set(base) == {"keywave-system"}


def places(objects: Objects) -> tuple[set[str], set[str], list[str]]:
    """Namespaces of objects, of subjects, and of Namespaces that it brings."""
    own = {one["metadata"]["namespace"] for one in objects if "namespace" in one["metadata"]}
    subjects = {subject["namespace"] for one in objects for subject in one.get("subjects", ())}
    return own, subjects, [one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"]


def test_the_takeover_goes_into_the_incumbents_namespace_and_neither_brings_nor_owns_it(kustomize: Path) -> None:
    assert places(overlay(kustomize, "takeover")) == ({INCUMBENT}, {INCUMBENT}, [])


@pytest.mark.parametrize(
    ("name", "namespaces"), [("takeover", []), ("cluster", ["vault"]), ("installs-definitions", ["vault"])]
)
def test_kustomize_puts_it_elsewhere_as_a_whole(
    name: str, namespaces: list[str], kustomize: Path, tmp_path: Path
) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    folder = tmp_path / "deploy/overlays" / name
    subprocess.run([kustomize, "edit", "set", "namespace", "vault"], cwd=folder, check=True, capture_output=True)

    assert places(built(kustomize, folder)) == ({"vault"}, {"vault"}, namespaces)


def account(name: str, kustomize: Path, cluster: Cluster, folder: Path, *, team: str = "team-a") -> tuple[Cluster, str]:
    """The cluster as the ServiceAccount of an overlay, and its namespace."""
    namespace = f"may-{secrets.token_hex(3)}"
    return as_account(cluster, renamed(overlay(kustomize, name), namespace, team), folder)[0], namespace


DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.mark.parametrize(("name", "status"), [("cluster", 403), ("installs-definitions", 409)])
def test_only_who_is_asked_to_may_make_definitions(
    name: str, status: int, kustomize: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    file = REPOSITORY / "schemas/crds/secrets.hashicorp.com_vaultauths.yaml"
    definition = yaml.safe_load(file.read_text())
    as_it, _ = account(name, kustomize, own_cluster, tmp_path)

    # 409: it is there, and stays as it is. That is also what `kubectl create -k schemas/crds` meets.
    assert as_it.request("POST", DEFINITIONS, definition).status == status
    one = f"{DEFINITIONS}/{definition['metadata']['name']}"
    assert as_it.request("GET", one).status == 200
    assert as_it.request("DELETE", f"{one}?dryRun=All").status == 403


def test_in_named_namespaces_it_sees_of_the_cluster_the_definitions_and_the_incumbents_lease_only(
    kustomize: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    """A list that its field selector limits to one name is judged as a request for that name."""
    team, elsewhere = f"team-{secrets.token_hex(3)}", f"vso-{secrets.token_hex(3)}"
    metadata = {"name": LEASE, "namespace": elsewhere}
    own_cluster.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata})
    as_it, _ = account("namespaced", kustomize, own_cluster, tmp_path, team=team)
    leases = "/apis/coordination.k8s.io/v1/leases"
    only = f"?fieldSelector=metadata.name%3D{LEASE}"

    found = as_it.request("GET", leases + only)

    assert elsewhere in [item["metadata"]["namespace"] for item in found.body["items"]]
    names = [definition["metadata"]["name"] for definition in definitions()]
    assert {as_it.request("GET", f"{DEFINITIONS}/{name}").status for name in names} == {200}
    refused = [
        leases,
        f"{leases}?fieldSelector=metadata.name%3Danother",
        f"{leases}{only}&watch=1",
        f"/apis/coordination.k8s.io/v1/namespaces/{elsewhere}/leases",
        f"/apis/coordination.k8s.io/v1/namespaces/{elsewhere}/leases/{LEASE}",
        DEFINITIONS,
        f"{DEFINITIONS}/another.example.com",
        "/api/v1/secrets",
        "/api/v1/secrets?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dhashicorp-vso",
        "/api/v1/namespaces",
        "/api/v1/nodes",
        "/apis/secrets.hashicorp.com/v1beta1/vaultauths",
        *(f"/api/v1/namespaces/{team}/{kind}" for kind in ("secrets", "serviceaccounts", "events", "configmaps")),
        f"/api/v1/namespaces/{team}/secrets/another",
        f"/apis/apps/v1/namespaces/{team}/deployments",
    ]
    assert [path for path in refused if as_it.request("GET", path).status != 403] == []


@pytest.mark.parametrize(
    ("name", "elsewhere"), [("cluster", True), ("takeover", True), ("cluster-by-namespace", False)]
)
def test_bound_to_the_cluster_it_may_become_any_account_and_by_namespace_those_of_its_namespaces(
    name: str, elsewhere: bool, kustomize: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    team = f"team-{secrets.token_hex(3)}"
    objects = yaml.safe_load(yaml.safe_dump(overlay(kustomize, name)).replace(INCUMBENT, "keywave-system"))
    as_it, _ = as_account(own_cluster, renamed(objects, f"may-{secrets.token_hex(3)}", team), tmp_path)

    def may(verb: str, group: str, resource: str, namespace: str) -> bool:
        plain, _, sub = resource.partition("/")
        asked = {"verb": verb, "group": group, "resource": plain, "subresource": sub, "namespace": namespace}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        answer = as_it.request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {**review, "spec": {"resourceAttributes": asked}},
        )
        return bool(answer.body["status"]["allowed"])

    serving = [
        ("create", "", "serviceaccounts/token"),
        ("update", "", "secrets"),
        ("patch", "apps", "deployments"),
        ("patch", "argoproj.io", "rollouts"),
    ]
    assert [may(*each, team) for each in serving] == [True] * len(serving)
    assert [may(*each, "kube-system") for each in serving] == [elsewhere] * len(serving)
    # What it is told of everywhere: its own kinds, with a word on each; and every Secret, since RBAC cannot limit a watch.
    seeing = [
        ("watch", "", "secrets"),
        ("patch", "secrets.hashicorp.com", "vaultstaticsecrets/status"),
        ("create", "", "events"),
    ]
    assert [may(*each, "kube-system") for each in seeing] == [True] * len(seeing)
