"""The whole product: the real Argo CD, and the real Flux, apply what keywave renders; our reconciler fetches from the real Vault.

Waves and layers wait for the Secret; a wrong role holds the workload back, and mending it in Vault is enough; a rotation restarts the
workload once and leaves nothing OutOfSync.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from examples import EXAMPLES
from keywave.cli import run
from rig import argocd as argocd_driver
from rig import flux as flux_driver
from rig import vault as vault_driver
from rig.argocd import ArgoCD
from rig.cluster import Cluster
from rig.flux import Flux
from rig.git_daemon import GitDaemon
from rig.machine import program
from rig.operators import Operator, reconciler
from rig.redis import Redis
from rig.vault import Vault
from rig.waiting import stays, wait_for

TOP = Path(__file__).resolve().parents[2]
VSO = "secrets.hashicorp.com/v1beta1"


@pytest.fixture(scope="module")
def server(rig_folder: Path, own_cluster: Cluster) -> Iterator[Vault]:
    """A Vault of its own, with the mounts that the example names."""
    with vault_driver.vault(rig_folder / "gitops-vault") as started:
        started.enable("kv", "kv", options={"version": "2"})
        started.write("sys/auth/kubernetes", {"type": "kubernetes"})
        trust = {
            "kubernetes_host": own_cluster.url,
            "kubernetes_ca_cert": Path(own_cluster.ca_file).read_text(),
            "token_reviewer_jwt": own_cluster.token,
        }
        started.write("auth/kubernetes/config", trust)
        started.policy("payments", 'path "kv/data/prod/payments/config" { capabilities = ["read"] }')
        wait_for(
            "the fresh KV mount to take writes", lambda: started.request("POST", "kv/data/x", {"data": {"a": "b"}}).ok
        )
        yield started


@pytest.fixture(scope="module")
def operator(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / "gitops", own_cluster, namespace="gitops-op") as started:
        yield started


class Shop(NamedTuple):
    """The quickstart in a namespace of its own."""

    cluster: Cluster
    vault: Vault
    name: str

    def put(self, password: str) -> None:
        self.vault.put_kv("prod/payments/config", {"username": "app", "password": password}, mount="kv")

    def role(self, namespace: str) -> None:
        role = {
            "bound_service_account_names": "payments",
            "bound_service_account_namespaces": namespace,
            "audience": "vault",
            "token_policies": "payments",
        }
        self.vault.write(f"auth/kubernetes/role/{self.name}-payments", role)

    def get(self, kind: str, api: str = VSO) -> dict[str, Any] | None:
        return self.cluster.get(api, kind, "payments", self.name)

    def ready(self, kind: str) -> tuple[str, str]:
        status = (self.get(kind) or {}).get("status") or {}
        for condition in status.get("conditions") or ():
            if condition["type"] == "Ready":
                return condition["status"], condition["reason"]
        return "", ""

    def restarted_at(self) -> str:
        found = self.get("Deployment", "apps/v1") or {}
        template = (found.get("spec") or {}).get("template") or {}
        annotations = (template.get("metadata") or {}).get("annotations") or {}
        return str(annotations.get("vso.secrets.hashicorp.com/restartedAt", ""))


def tree_of(shop: Shop, folder: Path, **more: Any) -> Path:
    """The quickstart with this Vault's address."""
    shutil.copytree(EXAMPLES / "01-quickstart", folder, ignore=shutil.ignore_patterns("expected", "vault.lock.d"))
    kustomization = folder / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("namespace: payments", f"namespace: {shop.name}"))
    profile = yaml.safe_load((folder / "profile.yaml").read_text())
    del profile["spec"]["caCertSecret"], profile["spec"]["external"]
    profile["spec"] |= {"address": shop.vault.url, "operator": {"kind": "keywave"}, **more}
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile))
    intent = yaml.safe_load((folder / "intent.yaml").read_text())
    intent["spec"]["refreshAfter"] = "2s"
    (folder / "intent.yaml").write_text(yaml.safe_dump(intent))
    return folder


def story(shop: Shop, explain: Callable[[], str]) -> None:
    """From the sync's start with a role that does not know the ServiceAccount, to one restart after a rotation."""
    wait_for(
        "the login to be refused",
        lambda: shop.ready("VaultAuth") == ("False", "VaultLoginFailed"),
        timeout=90,
        last=explain,
    )
    stays("the workload held back", lambda: shop.get("Deployment", "apps/v1") is None, seconds=4)

    shop.role(shop.name)

    wait_for("the workload", lambda: shop.get("Deployment", "apps/v1"), timeout=120, last=explain)
    assert shop.cluster.get("v1", "Secret", "payments", shop.name) is not None
    shop.put("two")
    first = wait_for("the restart", shop.restarted_at, timeout=30, last=explain)
    stays("one restart", lambda: shop.restarted_at() == first, seconds=5)


@pytest.mark.timeout(400)
def test_argo_cd_and_the_reconciler(
    operator: Operator,
    own_cluster: Cluster,
    server: Vault,
    redis: Redis,
    git_daemon: GitDaemon,
    start_plugin: Callable[..., Any],
    product_path: str,
    rig_folder: Path,
    tmp_path: Path,
) -> None:
    shop = Shop(own_cluster, server, "argo-shop")
    shop.put("one")
    shop.role("somewhere-else")
    tree = tree_of(shop, tmp_path / "tree")
    health = yaml.safe_load((TOP / "integrations/argocd/argocd-cm-health.yaml").read_text())["data"]
    with argocd_driver.argocd(rig_folder / "gitops-argocd", own_cluster, redis) as argocd:
        plugin = start_plugin(TOP / "argocd-cmp.yaml", env={"PATH": product_path}, sockets=argocd.sockets)
        with argocd.configured(health):
            argo_story(shop, argocd, git_daemon.publish(tree, "argo-shop"), plugin.name)


def argo_story(shop: Shop, argocd: ArgoCD, url: str, plugin: str) -> None:
    argocd.create("argo-shop", repo=url, namespace=shop.name, plugin=plugin)
    argocd.start_sync("argo-shop")

    story(shop, lambda: argocd.explain("argo-shop"))

    assert argocd.wait_operation("argo-shop") == "Succeeded", argocd.explain("argo-shop")
    argocd.refresh("argo-shop")
    assert argocd.sync_status("argo-shop") == "Synced", argocd.explain("argo-shop")


@pytest.mark.timeout(400)
def test_flux_and_the_reconciler(
    operator: Operator,
    own_cluster: Cluster,
    server: Vault,
    rig_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(own_cluster, server, "flux-shop")
    shop.put("one")
    shop.role("somewhere-else")
    source = {"sourceRef": {"kind": "GitRepository", "name": "flux-shop"}, "interval": "1h", "retryInterval": "2s"}
    tree = tree_of(shop, tmp_path / "tree", flux=source)
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(program("kustomize")))
    out = tmp_path / "out"
    assert run(["render", str(tree), "--target", "flux", "--out", str(out)]) == 0
    first = sorted(path for path in out.iterdir() if path.is_dir())[0]
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {shop.name}\n"
    (first / "namespace.yaml").write_text(namespace)
    with flux_driver.flux(rig_folder / "gitops-flux", own_cluster) as flux:
        flux_story(shop, flux, out)


def flux_story(shop: Shop, flux: Flux, out: Path) -> None:
    flux.publish(out, "flux-shop")
    flux.kustomization("flux-shop-way-in", source="flux-shop")

    story(shop, lambda: flux.explain("flux-shop-way-in"))

    names = [k["metadata"]["name"] for k in yaml.safe_load_all((out / "kustomizations.yaml").read_text())]
    # The last layer is the workload, which no node ever runs here.
    for name in names[:-1]:
        flux.wait_ready(name)
