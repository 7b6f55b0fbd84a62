"""The commands that docs/reconciler.md gives to an operator, run as they are: kustomize is real, kubectl is played on the API server.

kubectl is none of our tools; what it sends for `-k`, `annotate`, `patch`, `scale`, `delete` and `get` is sent by the rig.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rig import REPOSITORY
from rig.cluster import Cluster
from rig.http import Answer
from rig.waiting import wait_for

PAGES = [REPOSITORY / "docs/reconciler.md", REPOSITORY / "README.md"]
VSO = "secrets.hashicorp.com/v1beta1"
KINDS = {
    "deploy": ("apps/v1", "Deployment"),
    "deployment": ("apps/v1", "Deployment"),
    "lease": ("coordination.k8s.io/v1", "Lease"),
    "vaultauth": (VSO, "VaultAuth"),
    "vaultconnection": (VSO, "VaultConnection"),
    "vaultstaticsecret": (VSO, "VaultStaticSecret"),
}
ELSEWHERE = ("docker build",)
"""What no test can play."""


def commands() -> list[str]:
    text = "\n".join(page.read_text() for page in PAGES)
    found = re.findall(r"^(?:\$ |    )((?:\(cd|kubectl|docker|kustomize) .*?)(?:\s+#.*)?$", text, re.MULTILINE)
    found += re.findall(r"`(kubectl [^`]*)`", text)
    parts = dict.fromkeys(part.strip() for line in found for part in line.split("; "))
    return [part for part in parts if len(part.split()) > 2 and not part.endswith(" -k")]


class Desk:
    """A checkout whose overlays may be edited, and a cluster."""

    def __init__(self, folder: Path, cluster: Cluster, kustomize: Path) -> None:
        self.folder, self.cluster, self.kustomize = folder, cluster, kustomize

    def run(self, command: str) -> str:
        """What went wrong, "" for nothing."""
        if command.startswith("("):
            path = f"{self.kustomize.parent}:/usr/bin:/bin"
            done = subprocess.run(
                ["sh", "-ec", command], cwd=self.folder, env={"PATH": path}, capture_output=True, text=True
            )
            return done.stderr
        words = shlex.split(re.sub(r'"\$\(date \+%s\)"', "1", command))[1:]
        namespace = words[words.index("-n") + 1] if "-n" in words else "default"
        words = [word for word in words if word not in ("-n", namespace)]
        verb, rest = words[0], words[1:]
        if verb in ("create", "apply") and {"-k", "-f"} & set(rest):
            return self.sent(verb, self.folder / rest[-1])
        played = getattr(self, f"_{verb}", None)
        if played is None:
            return f"nobody plays kubectl {verb}"
        answer = played(rest, namespace)
        return "" if answer is None or answer.ok else f"{answer.status} {answer.message}"

    def sent(self, verb: str, path: Path) -> str:
        """All objects of it, as `create` or `apply` would; in dry runs, since the cluster is shared."""
        text = path.read_bytes() if path.is_file() else self.built(path)
        # Prometheus Operator's kinds are not served here.
        known = [one for one in yaml.safe_load_all(text) if not one["apiVersion"].startswith("monitoring.coreos.com/")]
        answers = [self.cluster.dry_run(one) for one in known]
        return "; ".join(answer.message for answer in answers if not answer.ok)

    def built(self, folder: Path) -> bytes:
        return subprocess.run([self.kustomize, "build", folder], capture_output=True, check=True).stdout

    def _path(self, kind: str, name: str, namespace: str) -> str:
        return self.cluster.path(*KINDS[kind], name, namespace)

    def _get(self, words: list[str], namespace: str) -> Answer | None:
        for kind in words[0].split(","):
            answer = self.cluster.request("GET", self._path(kind, "", namespace))
            if not answer.ok:
                return answer
        return None

    def _delete(self, words: list[str], namespace: str) -> Answer:
        return self.cluster.request("DELETE", self._path(words[0], words[1], namespace))

    def _merged(self, path: str, change: Any) -> Answer:
        return self.cluster.request("PATCH", path, change, content_type="application/merge-patch+json")

    def _annotate(self, words: list[str], namespace: str) -> Answer:
        name, _, value = words[2].partition("=")
        return self._merged(self._path(words[0], words[1], namespace), {"metadata": {"annotations": {name: value}}})

    def _patch(self, words: list[str], namespace: str) -> Answer:
        return self._merged(self._path(words[0], words[1], namespace), json.loads(words[words.index("-p") + 1]))

    def _scale(self, words: list[str], namespace: str) -> Answer:
        replicas = int(words[-1].removeprefix("--replicas="))
        return self._merged(self._path(words[0], words[1], namespace) + "/scale", {"spec": {"replicas": replicas}})

    def _rollout(self, words: list[str], namespace: str) -> Answer:
        return self.cluster.request("GET", self._path(words[1], words[2], namespace))

    def _create(self, words: list[str], namespace: str) -> Answer:
        assert words[0] == "namespace"
        return self.cluster.dry_run({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": words[1].lower()}})


@pytest.fixture(scope="module")
def desk(own_cluster: Cluster, kustomize: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """With what the commands speak of."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("deploy", "schemas"):
        shutil.copytree(REPOSITORY / name, folder / name)
    place = "vault-secrets-operator-system"
    for name in ("vault-secrets-operator-controller-manager", "keywave-reconciler"):
        deployment = yaml.safe_load((REPOSITORY / "deploy/base/deployment.yaml").read_text())
        own_cluster.apply({**deployment, "metadata": {"name": name, "namespace": place}})
    metadata = {"name": "b0d477c0.hashicorp.com", "namespace": place}
    own_cluster.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata})
    own_cluster.apply({"apiVersion": VSO, "kind": "VaultAuth", "metadata": {"name": "name"}, "spec": {}})
    static = {"mount": "kv", "type": "kv-v2", "path": "a", "destination": {"name": "a"}}
    own_cluster.apply(
        {"apiVersion": VSO, "kind": "VaultStaticSecret", "metadata": {"name": "payments"}, "spec": static}
    )
    made = Desk(folder, own_cluster, kustomize)
    # A definition's first list is put off (429) until the API server has read its store.
    wait_for("lists", lambda: made.run(f"kubectl get {','.join(KINDS)}") == "")
    return made


@pytest.mark.parametrize("command", [one for one in commands() if not one.startswith(ELSEWHERE)])
def test_a_command_of_the_docs_does_something(command: str, desk: Desk) -> None:
    assert desk.run(command.replace("NAME", "name")) == ""


def test_the_image_and_the_namespace_that_are_set_are_those_of_the_deployment(desk: Desk) -> None:
    edits = [one for one in commands() if "kustomize edit" in one]
    assert [desk.run(one) for one in edits] == ["" for _ in edits]

    for overlay, namespace in (("cluster", "keywave-system"), ("takeover", "vault-secrets-operator-system")):
        made = list(yaml.safe_load_all(desk.built(desk.folder / "deploy/overlays" / overlay)))
        (deployment,) = [one for one in made if one["kind"] == "Deployment"]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert deployment["metadata"]["namespace"] == namespace
        assert container["image"] == "registry.example.com/keywave-reconciler:0.1.0"
