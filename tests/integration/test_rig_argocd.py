"""The rig's Argo CD syncs for real: through a plugin, from a Git server, wave by wave."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from rig.argocd import ArgoCD
from rig.cluster import Cluster
from rig.fixtures import StartPlugin
from rig.git_daemon import GitDaemon
from rig.waiting import stays, wait_for

PLUGIN = """\
apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: rig-waves}
spec:
  generate:
    command: [sh, -c, 'if [ -f broken ]; then echo "this tree is broken" >&2; exit 1; fi; cat *.yaml']
"""
VSO = "secrets.hashicorp.com/v1beta1"
CONNECTION = f"""\
apiVersion: {VSO}
kind: VaultConnection
metadata:
  name: first
  annotations: {{argocd.argoproj.io/sync-wave: "-1"}}
spec: {{address: "http://vault.example.com"}}
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: second}
data: {a: "1"}
"""
HEALTH_KEY = "resource.customizations.health.secrets.hashicorp.com_VaultConnection"
HEALTH = """\
if obj.status ~= nil and obj.status.valid == true then return {status = "Healthy", message = "valid"} end
return {status = "Progressing", message = "waiting for the test to say so"}
"""


@pytest.fixture(scope="module")
def plugin(argocd: ArgoCD, start_plugin: StartPlugin, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("plugin") / "plugin.yaml"
    file.write_text(PLUGIN)
    return start_plugin(file, sockets=argocd.sockets).name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "all.yaml").write_text(f"{CONNECTION}---\n{CONFIG_MAP}")
    return folder


@pytest.fixture
def app() -> str:
    return f"rig-{secrets.token_hex(3)}"


def test_two_waves_are_synced_through_a_plugin(
    argocd: ArgoCD, vso_cluster: Cluster, git_daemon: GitDaemon, plugin: str, tree: Path, app: str, namespace: str
) -> None:
    repo = git_daemon.publish(tree, app)
    argocd.create(app, repo=repo, namespace=namespace, plugin=plugin)

    assert argocd.sync(app) == "Succeeded", argocd.explain(app)
    assert vso_cluster.get(VSO, "VaultConnection", "first", namespace) is not None
    assert vso_cluster.get("v1", "ConfigMap", "second", namespace) is not None


def test_with_health_lua_a_wave_waits_for_the_one_below(
    argocd: ArgoCD, vso_cluster: Cluster, git_daemon: GitDaemon, plugin: str, tree: Path, app: str, namespace: str
) -> None:
    def second() -> object:
        return vso_cluster.get("v1", "ConfigMap", "second", namespace)

    repo = git_daemon.publish(tree, app)
    argocd.create(app, repo=repo, namespace=namespace, plugin=plugin)
    with argocd.configured({HEALTH_KEY: HEALTH}):
        argocd.start_sync(app)
        wait_for(
            "the first wave",
            lambda: vso_cluster.get(VSO, "VaultConnection", "first", namespace),
            last=lambda: argocd.explain(app),
        )
        stays("the second wave not started", lambda: second() is None, seconds=6)
        assert argocd.operation_phase(app) == "Running"

        vso_cluster.patch_status(VSO, "VaultConnection", "first", {"valid": True}, namespace)
        assert argocd.wait_operation(app) == "Succeeded", argocd.explain(app)
    assert second() is not None


def test_a_plugins_refusal_is_the_applications_condition(
    argocd: ArgoCD, git_daemon: GitDaemon, plugin: str, tree: Path, app: str, namespace: str
) -> None:
    (tree / "broken").touch()
    repo = git_daemon.publish(tree, app)
    argocd.create(app, repo=repo, namespace=namespace, plugin=plugin)
    argocd.refresh(app)

    assert any("ComparisonError" in text and "this tree is broken" in text for text in argocd.conditions(app))


def test_a_new_commit_is_seen_after_a_refresh(
    argocd: ArgoCD, vso_cluster: Cluster, git_daemon: GitDaemon, plugin: str, tree: Path, app: str, namespace: str
) -> None:
    repo = git_daemon.publish(tree, app)
    argocd.create(app, repo=repo, namespace=namespace, plugin=plugin)
    assert argocd.sync(app) == "Succeeded", argocd.explain(app)
    (tree / "all.yaml").write_text(CONFIG_MAP.replace('"1"', '"2"'))
    git_daemon.publish(tree, app)
    argocd.refresh(app)

    assert argocd.sync_status(app) == "OutOfSync"
    assert argocd.sync(app, prune=True) == "Succeeded", argocd.explain(app)
    assert vso_cluster.get(VSO, "VaultConnection", "first", namespace) is None
