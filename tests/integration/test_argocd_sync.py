"""The real Argo CD controller syncs what the plugin renders, from a Git daemon, wave by wave. The test plays the operator."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
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


NOT_COPIED = shutil.ignore_patterns("expected", "vault.lock.d")
"""An example's lock is for the example's own namespaces; here it goes into others."""


def published(git_daemon: GitDaemon, tmp_path: Path, name: str) -> str:
    """The quickstart in a namespace of its own, in a repository of its own; returns its URL."""
    tree = tmp_path / name
    shutil.copytree(EXAMPLES / "01-quickstart", tree, ignore=NOT_COPIED)
    kustomization = tree / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("namespace: payments", f"namespace: {name}"))
    profile = tree / "profile.yaml"
    profile.write_text(profile.read_text() + "  operator: {kind: vso, version: 0.10.0}\n")
    return git_daemon.publish(tree, name)


def there(cluster: Cluster, namespace: str) -> Callable[..., dict[str, Any] | None]:
    def get(kind: str, api: str = VSO) -> dict[str, Any] | None:
        return cluster.get(api, kind, "payments", namespace)

    return get


def status_of(found: dict[str, Any]) -> dict[str, Any]:
    """The status that Vault Secrets Operator 0.10 writes after success."""
    generation = found["metadata"]["generation"]
    secret: dict[str, Any] = {"lastGeneration": generation, "secretMAC": "bWFj"}
    lease = {"id": "database/creds/x/1", "duration": 3600, "renewable": True, "requestID": "r"}
    return {
        "VaultConnection": {"valid": True},
        "VaultAuth": {"valid": True, "error": ""},
        "SecretTransformation": {"valid": True, "error": ""},
        "VaultStaticSecret": secret,
        "VaultDynamicSecret": {"lastGeneration": generation, "lastRenewalTime": 1, "secretLease": lease},
        "VaultPKISecret": {**secret, "lastRotation": 1, "valid": True, "error": "", "serialNumber": "01"},
    }[str(found["kind"])]


KINDS = (
    "VaultConnection",
    "VaultAuth",
    "SecretTransformation",
    "VaultStaticSecret",
    "VaultDynamicSecret",
    "VaultPKISecret",
)


def report_healthy(cluster: Cluster, namespace: str, kind: str) -> None:
    found = cluster.get(VSO, kind, "payments", namespace)
    assert found is not None
    cluster.patch_status(VSO, kind, "payments", status_of(found), namespace)


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


@contextlib.contextmanager
def operator_played(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Report every object of the operator's kinds in a namespace as done, as soon as it is there."""
    done = threading.Event()

    def play() -> None:
        while not done.wait(0.5):
            for kind in KINDS:
                for found in cluster.list(VSO, kind, namespace):
                    if not found.get("status"):
                        cluster.patch_status(VSO, kind, found["metadata"]["name"], status_of(found), namespace)

    thread = threading.Thread(target=play, name="operator", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


EXAMPLES_TO_SYNC = {
    "03-dev-prod-overlays": "overlays/prod",
    "05-multi-cluster": "clusters/eu",
    "06-dynamic-database": ".",
    "07-pki": ".",
    "09-transformation-templates": ".",
    "10-fan-in": ".",
}


@pytest.mark.parametrize("example", EXAMPLES_TO_SYNC)
def test_an_example_syncs_to_its_end(
    example: str, argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, vso_cluster: Cluster, tmp_path: Path
) -> None:
    tree = tmp_path / example
    shutil.copytree(EXAMPLES / example, tree, ignore=NOT_COPIED)
    for profile in tree.rglob("profile.yaml"):
        if profile.parent.name not in ("dev", "prod"):  # a patch, not the profile itself
            profile.write_text(profile.read_text() + "  operator: {kind: vso, version: 0.10.0}\n")
    name = f"example-{example[:2]}"
    kustomization = tree / EXAMPLES_TO_SYNC[example] / "kustomization.yaml"
    lines = [line for line in kustomization.read_text().splitlines() if not line.startswith("namespace:")]
    kustomization.write_text("\n".join([*lines, f"namespace: {name}"]) + "\n")
    with argocd.configured(health_checks()), operator_played(vso_cluster, name):
        argocd.create(
            name,
            repo=git_daemon.publish(tree, name),
            path=EXAMPLES_TO_SYNC[example],
            namespace=name,
            plugin=argocd_keywave,
        )
        phase = argocd.sync(name)

    assert phase == "Succeeded", argocd.explain(name)
    assert vso_cluster.list("apps/v1", "Deployment", name) or vso_cluster.list("apps/v1", "StatefulSet", name)


def test_app_of_apps_makes_an_application_a_layer_and_the_layers_wait(
    argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, vso_cluster: Cluster, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(EXAMPLES / "11-app-of-apps", tree, ignore=NOT_COPIED)
    profile = tree / "profile.yaml"
    profile.write_text(profile.read_text() + "  operator: {kind: vso, version: 0.10.0}\n")
    with argocd.configured(health_checks()), operator_played(vso_cluster, "ledger"):
        argocd.create(
            "ledger",
            repo=git_daemon.publish(tree, "ledger"),
            namespace="ledger",
            plugin=argocd_keywave,
            parameters=[
                {"name": "layer", "string": "all"},
                {"name": "destination", "string": argocd.destination},
            ],
        )
        vso_cluster.ensure_namespace("ledger")
        phase = argocd.sync("ledger", timeout=150)
        wait_for("the workload", lambda: vso_cluster.get("apps/v1", "Deployment", "ledger", "ledger"), timeout=60)

    assert phase == "Succeeded", argocd.explain("ledger")
    assert [argocd.sync_status(f"ledger-{layer}") for layer in ("setup", "secrets")] == ["Synced", "Synced"]


def test_a_finding_is_shown_as_the_application_s_condition(
    argocd: ArgoCD, argocd_keywave: str, git_daemon: GitDaemon, tmp_path: Path
) -> None:
    tree = tmp_path / "broken"
    shutil.copytree(EXAMPLES / "01-quickstart", tree, ignore=NOT_COPIED)
    (tree / "intent.yaml").write_text((tree / "intent.yaml").read_text().replace("  keys:", "  kees:"))
    argocd.create("broken", repo=git_daemon.publish(tree, "broken"), namespace="broken", plugin=argocd_keywave)
    wait_for("the condition", lambda: argocd.conditions("broken"), timeout=60)

    assert 'did you mean "keys"?' in " ".join(argocd.conditions("broken"))
