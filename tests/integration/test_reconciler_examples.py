"""Every example, through the real Argo CD and through the real Flux, while our reconciler fetches from real Vaults, all at once.

Nothing that consumes a Secret comes before it: a login that Vault refuses holds all of it back, and so does a secret that is deleted in
Vault; mending it in Vault is enough. A rotation restarts each workload once and leaves nothing OutOfSync.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from gitops_examples import LAYERED, PATHS, TENANTS, VSO, Setting, copied, ready

from keywave.cli import run
from rig import REPOSITORY
from rig import argocd as argocd_driver
from rig import flux as flux_driver
from rig import vault as vault_driver
from rig.argocd import ArgoCD
from rig.cluster import Cluster
from rig.flux import Flux
from rig.git_daemon import GitDaemon
from rig.machine import program
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.redis import Redis
from rig.waiting import stays, wait_for

Settings = dict[str, Setting]


@pytest.fixture(scope="module")
def operator(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / "examples", own_cluster, namespace="examples-op") as started:
        yield started


@contextlib.contextmanager
def settings(
    prefix: str, folder: Path, cluster: Cluster, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Each example with its Vault, filled; no login works yet."""
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(program("kustomize")))
    with contextlib.ExitStack() as ends:
        made = {}
        for short in PATHS:
            namespace = f"{prefix}-{short}"
            vault = ends.enter_context(vault_driver.vault(folder / namespace / "vault"))
            cluster.ensure_namespace(namespace)
            tree = folder / namespace / "tree"
            project = short if short in TENANTS else ""
            made[short] = Setting(cluster, vault, namespace, tree, copied(short, tree, namespace, vault), project)
            made[short].fill(postgresql, monkeypatch)
        yield made


def story(examples: Settings, explain: Callable[[str], str]) -> None:
    """From syncs that stand before a refused login to one restart after a rotation."""

    def until(what: str, reached: Callable[[Setting], object], timeout: float) -> None:
        def missing() -> list[str]:
            return [short for short, one in examples.items() if not reached(one)]

        def last() -> str:
            return "\n".join(f"{short}:\n{examples[short].told()}\n{explain(short)}" for short in missing())

        wait_for(what, lambda: not missing(), timeout=timeout, every=1, last=last)

    until("all logins to be refused", Setting.logins_refused, 150)
    stays("the workloads held back", lambda: not any(one.workloads() for one in examples.values()), seconds=3)

    deleted = examples["quickstart"]
    assert deleted.vault.request("DELETE", "kv/data/prod/payments/config").ok
    for one in examples.values():
        one.open()
    wait_for(
        "the deleted secret to be told",
        lambda: [ready(one) for one in deleted.objects(VSO, "VaultStaticSecret")] == [("False", "VaultSecretDeleted")],
        timeout=120,
        last=lambda: f"{deleted.told()}\n{explain('quickstart')}",
    )
    stays("its workload held back", lambda: not deleted.workloads(), seconds=3)
    deleted.vault.write("kv/undelete/prod/payments/config", {"versions": [1]})

    until("the workloads", Setting.workloads, 240)
    assert {short: [name for name, there in one.secrets().items() if not there] for short, one in examples.items()} == {
        short: [] for short in examples
    }
    restarting = {short: one for short, one in examples.items() if one.restarts()}
    assert {short for short in examples if short not in restarting} == {"dynamic", "pki"}
    assert not any(when for one in restarting.values() for when in one.restarts().values())
    for one in examples.values():
        one.rotate()
    wait_for(
        "each workload to be restarted",
        lambda: all(all(one.restarts().values()) for one in restarting.values()),
        timeout=60,
        last=lambda: str({short: one.restarts() for short, one in restarting.items()}),
    )
    once = {short: one.restarts() for short, one in restarting.items()}
    stays("one restart", lambda: {short: one.restarts() for short, one in restarting.items()} == once, seconds=5)


@pytest.mark.timeout(700)
def test_argo_cd_brings_every_example_to_its_end(
    operator: Operator,
    own_cluster: Cluster,
    postgresql: PostgreSQL,
    redis: Redis,
    git_daemon: GitDaemon,
    start_plugin: Callable[..., Any],
    product_path: str,
    rig_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    health = yaml.safe_load((REPOSITORY / "integrations/argocd/argocd-cm-health.yaml").read_text())["data"]
    with (
        settings("argo", rig_folder / "examples-argo", own_cluster, postgresql, monkeypatch) as examples,
        argocd_driver.argocd(rig_folder / "examples-argocd", own_cluster, redis) as argocd,
    ):
        path, ours = {"PATH": product_path}, REPOSITORY / "argocd-cmp.yaml"
        plugins = dict.fromkeys(examples, start_plugin(ours, env=path, sockets=argocd.sockets).name)
        for short in TENANTS:  # whose sidecar has the platform team's profiles
            file = examples[short].tree.parent / "plugin.yaml"
            file.write_text(ours.read_text().replace("name: keywave\n", f"name: keywave-{short}\n", 1))
            env = {**path, "KEYWAVE_PROFILES": examples[short].profiles}
            plugins[short] = start_plugin(file, env=env, sockets=argocd.sockets).name
        with argocd.configured(health):
            argo_story(argocd, examples, git_daemon, plugins)


def argo_story(argocd: ArgoCD, examples: Settings, git_daemon: GitDaemon, plugins: Mapping[str, str]) -> None:
    layers = [{"name": "layer", "string": "all"}, {"name": "destination", "string": argocd.destination}]
    for short, one in examples.items():
        argocd.create(
            one.namespace,
            repo=git_daemon.publish(one.tree, one.namespace),
            path=one.path,
            namespace=one.namespace,
            plugin=plugins[short],
            project=one.project and argocd.project(one.project),
            parameters=layers if short == LAYERED else (),
        )
        argocd.start_sync(one.namespace)

    story(examples, lambda short: argocd.explain(f"argo-{short}"))

    ended = {short: argocd.wait_operation(one.namespace) for short, one in examples.items()}
    assert ended == dict.fromkeys(examples, "Succeeded")
    for one in examples.values():
        argocd.refresh(one.namespace)
    layered = [f"{examples[LAYERED].namespace}-{layer}" for layer in ("setup", "secrets", "apps")]
    synced = [*(one.namespace for one in examples.values()), *layered]
    assert {name: argocd.sync_status(name) for name in synced} == dict.fromkeys(synced, "Synced")
    # Nor does Argo CD take the restarts back where it heals by itself.
    once = {short: one.restarts() for short, one in examples.items()}
    for one in examples.values():
        healing = {"spec": {"syncPolicy": {"automated": {"selfHeal": True}}}}
        argocd.cluster.patch(argocd_driver.API, "Application", one.namespace, healing, argocd_driver.NAMESPACE)
    stays("the restarts", lambda: {short: one.restarts() for short, one in examples.items()} == once, seconds=10)


@pytest.mark.timeout(700)
def test_flux_brings_every_example_to_its_end(
    operator: Operator,
    own_cluster: Cluster,
    postgresql: PostgreSQL,
    rig_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        settings("flux", rig_folder / "examples-flux", own_cluster, postgresql, monkeypatch) as examples,
        # A layer that waits for its health holds one of the controller's workers (four, by default).
        flux_driver.flux(rig_folder / "examples-flux-controller", own_cluster, "--concurrent=24") as flux,
    ):
        flux_story(flux, examples)


def flux_story(flux: Flux, examples: Settings) -> None:
    for one in examples.values():
        source = {"kind": "GitRepository", "name": one.namespace}
        told = {"sourceRef": source, "interval": "1h", "retryInterval": "2s", "timeout": "3m"}
        for file in one.tree.rglob("profile.yaml"):
            profile = yaml.safe_load(file.read_text())
            if "auth" in profile["spec"]:
                file.write_text(yaml.safe_dump({**profile, "spec": {**profile["spec"], "flux": told}}))
        artifact, name = one.tree.parent / "artifact", one.namespace
        guarded = ["--profiles", one.profiles, "--project", one.project] if one.project else []
        asked = ["--target", "flux", "--name", name, *guarded, "--out", str(artifact)]
        assert run(["render", str(one.tree / one.path), *asked]) == 0
        layers = list(yaml.safe_load_all((artifact / "kustomizations.yaml").read_text()))
        # The monorepo's overlays each say the folder of the artifact that they go into.
        inside = Path(layers[0]["spec"]["path"]).parent
        if inside != Path():
            artifact.rename(one.tree.parent / "layers")
            (artifact / inside).parent.mkdir(parents=True)
            (one.tree.parent / "layers").rename(artifact / inside)
        source = layers[0]["spec"]["sourceRef"]["name"]
        flux.publish(artifact, source)
        flux.kustomization(f"{name}-way-in", source=source, path=f"./{inside}")

    story(examples, lambda short: flux.explain(f"flux-{short}-way-in"))

    for one in examples.values():
        flux.wait_ready(f"{one.namespace}-apps")
    once = {short: one.restarts() for short, one in examples.items()}
    for one in examples.values():
        flux.reconcile(f"{one.namespace}-apps")
    wait_for(
        "Flux to have applied the workloads again",
        lambda: all(flux.status(f"{one.namespace}-apps").get("lastHandledReconcileAt") for one in examples.values()),
        timeout=60,
    )
    stays("the restarts", lambda: {short: one.restarts() for short, one in examples.items()} == once, seconds=5)
