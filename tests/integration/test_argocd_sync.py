"""The real Argo CD controller syncs what the plugin renders, from a Git daemon, wave by wave. The test plays the operator."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import EXAMPLES
from rig.argocd import ArgoCD
from rig.cluster import Cluster
from rig.git_daemon import GitDaemon
from rig.waiting import wait_for

pytestmark = pytest.mark.integration

TOP = Path(__file__).resolve().parents[2]
VSO = "secrets.hashicorp.com/v1beta1"


def health_checks() -> dict[str, str]:
    """The entries of argocd-cm that integrations/argocd ships."""
    data: dict[str, str] = yaml.safe_load((TOP / "integrations/argocd/argocd-cm-health.yaml").read_text())["data"]
    return data


def published(git_daemon: GitDaemon, tmp_path: Path, name: str) -> str:
    """The quickstart in a namespace of its own, in a repository of its own; returns its URL."""
    tree = tmp_path / name
    shutil.copytree(EXAMPLES / "01-quickstart", tree, ignore=shutil.ignore_patterns("expected"))
    kustomization = tree / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("namespace: payments", f"namespace: {name}"))
    profile = tree / "profile.yaml"
    profile.write_text(profile.read_text() + "  operator: {kind: vso, version: 0.10.0}\n")
    return git_daemon.publish(tree, name)


def there(cluster: Cluster, namespace: str) -> Callable[..., dict[str, Any] | None]:
    def get(kind: str, api: str = VSO) -> dict[str, Any] | None:
        return cluster.get(api, kind, "payments", namespace)

    return get


def report_healthy(cluster: Cluster, namespace: str, kind: str) -> None:
    """Write the status that Vault Secrets Operator 0.10 writes after success."""
    found = cluster.get(VSO, kind, "payments", namespace)
    assert found is not None
    status: dict[str, Any] = {"valid": True, "error": ""} if kind == "VaultAuth" else {"valid": True}
    if kind == "VaultStaticSecret":
        status = {"lastGeneration": found["metadata"]["generation"], "secretMAC": "bWFj"}
    cluster.patch_status(VSO, kind, "payments", status, namespace)


def test_a_wave_does_not_start_before_the_one_below_is_healthy(
    argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, vso_cluster: Cluster, tmp_path: Path
) -> None:
    url = published(git_daemon, tmp_path, "gated")
    get = there(vso_cluster, "gated")
    with argocd.configured(health_checks()):
        argocd.create("gated", repo=url, namespace="gated", plugin=argocd_keywave)
        argocd.start_sync("gated")
        wait_for("the first wave", lambda: get("VaultAuth") and get("VaultConnection"), timeout=60)
        time.sleep(5)
        first = (get("VaultStaticSecret"), get("Deployment", "apps/v1"))
        for kind in ("VaultConnection", "VaultAuth"):
            report_healthy(vso_cluster, "gated", kind)
        wait_for("the second wave", lambda: get("VaultStaticSecret"), timeout=60)
        time.sleep(5)
        second = get("Deployment", "apps/v1")
        report_healthy(vso_cluster, "gated", "VaultStaticSecret")
        phase = argocd.wait_operation("gated")

    assert first == (None, None)
    assert second is None
    assert phase == "Succeeded", argocd.explain("gated")
    assert get("Deployment", "apps/v1") is not None


def test_without_our_health_checks_the_waves_run_ahead(
    argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, vso_cluster: Cluster, tmp_path: Path
) -> None:
    url = published(git_daemon, tmp_path, "ungated")
    argocd.create("ungated", repo=url, namespace="ungated", plugin=argocd_keywave)
    phase = argocd.sync("ungated")

    assert phase == "Succeeded", argocd.explain("ungated")
    assert there(vso_cluster, "ungated")("Deployment", "apps/v1") is not None
    assert (there(vso_cluster, "ungated")("VaultStaticSecret") or {}).get("status") is None


def test_a_finding_is_shown_as_the_application_s_condition(
    argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, tmp_path: Path
) -> None:
    tree = tmp_path / "broken"
    shutil.copytree(EXAMPLES / "01-quickstart", tree, ignore=shutil.ignore_patterns("expected"))
    (tree / "intent.yaml").write_text((tree / "intent.yaml").read_text().replace("  keys:", "  kees:"))
    argocd.create("broken", repo=git_daemon.publish(tree, "broken"), namespace="broken", plugin=argocd_keywave)
    wait_for("the condition", lambda: argocd.conditions("broken"), timeout=60)

    assert 'did you mean "keys"?' in " ".join(argocd.conditions("broken"))
