"""integrations/argocd as a kustomize component over an Argo CD, built by kustomize and read by a real API server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rig import machine
from rig.cluster import Cluster

pytestmark = pytest.mark.integration

TOP = Path(__file__).resolve().parents[2]
# The parts of Argo CD's own installation that the component touches.
BASE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data: {users.anonymous.enabled: "false"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: argocd-repo-server}}
  template:
    metadata: {labels: {app.kubernetes.io/name: argocd-repo-server}}
    spec:
      automountServiceAccountToken: false
      containers:
      - {name: argocd-repo-server, image: quay.io/argoproj/argocd, volumeMounts: [{name: tmp, mountPath: /tmp}]}
      volumes:
      - {name: var-files, emptyDir: {}}
      - {name: plugins, emptyDir: {}}
      - {name: tmp, emptyDir: {}}
"""


@pytest.fixture
def built(kustomize: Path, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Kind and name -> object."""
    component = tmp_path / "component"
    component.mkdir()
    for file in (TOP / "integrations" / "argocd").iterdir():
        (component / file.name).write_text(file.read_text())
    overlay = tmp_path / "argocd"
    overlay.mkdir()
    (overlay / "base.yaml").write_text(BASE)
    (overlay / "kustomization.yaml").write_text(
        "namespace: argocd\nresources: [base.yaml]\ncomponents: [../component]\n"
        "images: [{name: keywave, newName: registry.example.com/keywave, newTag: 0.1.0}]\n"
    )
    done = subprocess.run(
        [str(kustomize), "build", str(overlay)],
        env=machine.plain_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {f"{body['kind']} {body['metadata']['name']}": body for body in yaml.safe_load_all(done.stdout)}


def test_what_argo_cd_had_is_kept_and_ours_is_added(built: dict[str, dict[str, Any]]) -> None:
    (plugin,) = [key for key in built if key.startswith("ConfigMap keywave-plugin-")]
    settings = built["ConfigMap argocd-cm"]["data"]
    pod = built["Deployment argocd-repo-server"]["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}

    assert settings["users.anonymous.enabled"] == "false"
    assert len(settings) == 9
    assert yaml.safe_load(built[plugin]["data"]["plugin.yaml"])["kind"] == "ConfigManagementPlugin"
    assert {c["name"]: c["image"] for c in pod["containers"]} == {
        "argocd-repo-server": "quay.io/argoproj/argocd",
        "keywave": "registry.example.com/keywave:0.1.0",
    }
    assert volumes["keywave-plugin"]["configMap"]["name"] == plugin.removeprefix("ConfigMap ")
    assert {"var-files", "plugins", "tmp"} < set(volumes)


def test_a_real_api_server_takes_every_object(built: dict[str, dict[str, Any]], cluster: Cluster) -> None:
    answers = {key: cluster.dry_run(body) for key, body in built.items()}

    assert {key: (answer.status, answer.message) for key, answer in answers.items() if not answer.ok} == {}
