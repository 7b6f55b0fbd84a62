"""The overlays of deploy/ as kustomize builds them, put into namespaces of a test, and a ServiceAccount that has their rights only."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from rig import REPOSITORY
from rig.cluster import Cluster
from rig.kubernetes import write_kubeconfig

DEPLOY = REPOSITORY / "deploy"
RIGHTS = ("Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
ACCOUNT = "keywave-reconciler"
_NAMES = re.compile(rf"name: {ACCOUNT}(-[a-z]+)?\n")

Objects = list[dict[str, Any]]


def built(kustomize: Path, folder: Path) -> Objects:
    done = subprocess.run([kustomize, "build", folder], capture_output=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def renamed(objects: Objects, namespace: str, team: str) -> Objects:
    """For namespaces of a test: the cluster is shared, and some of it belongs to no namespace."""
    text = yaml.safe_dump_all(objects).replace("keywave-system", namespace).replace("team-a", team)
    text = _NAMES.sub(lambda found: f"name: {ACCOUNT}{found[1] or ''}-{namespace}\n", text)
    return list(yaml.safe_load_all(text))


def token_of(cluster: Cluster, namespace: str, account: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return str(cluster.request("POST", path, request).body["status"]["token"])


def as_account(cluster: Cluster, objects: Objects, folder: Path) -> tuple[Cluster, str]:
    """The cluster as the ServiceAccount of these objects, whose rights are given to it; and a kubeconfig of it."""
    for one in objects:
        if one["kind"] in RIGHTS:
            cluster.apply(one)
    (account,) = [one["metadata"] for one in objects if one["kind"] == "ServiceAccount"]
    token = token_of(cluster, account["namespace"], account["name"])
    folder.mkdir(parents=True, exist_ok=True)
    write_kubeconfig(folder / "kubeconfig", cluster.url, token, Path(cluster.ca_file))
    return cluster.as_user(token), str(folder / "kubeconfig")
