"""The pytest fixtures over the drivers. Servers live for the whole run; what a test puts into them has a name of its own.

A test that uses one of them is marked `integration` by that.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rig import REPOSITORY, crds, machine
from rig import argocd as argocd_driver
from rig import cmp_server as cmp_driver
from rig import etcd as etcd_driver
from rig import fault_proxy as fault_driver
from rig import flux as flux_driver
from rig import git_daemon as git_driver
from rig import go_templates as template_driver
from rig import kubernetes as kubernetes_driver
from rig import postgresql as postgresql_driver
from rig import redis as redis_driver
from rig import tls as tls_driver
from rig import vault as vault_driver
from rig import yaml_meaning as yaml_driver
from rig.argocd import ArgoCD
from rig.cluster import Cluster
from rig.cmp_server import CmpServer
from rig.fault_proxy import FaultProxy
from rig.flux import Flux
from rig.git_daemon import GitDaemon
from rig.go_templates import GoTemplates
from rig.postgresql import PostgreSQL
from rig.processes import Server
from rig.redis import Redis
from rig.tls import Authority
from rig.vault import Vault
from rig.yaml_meaning import YamlMeaning

StartPlugin = Callable[..., CmpServer]

SERVERS = frozenset(
    # `rig_folder`: a test, or a module's own fixture, that starts a server of its own.
    {"rig_folder", "cluster", "controllers", "vso_cluster", "namespace", "vault", "redis", "git_daemon", "start_plugin"}
    | {"fault_proxy"}
    | {"keywave_plugin", "argocd", "argocd_keywave", "flux", "yaml_meaning", "kustomize", "postgresql"}
    | {"go_templates", "own_cluster"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("integration")


@pytest.fixture(scope="session")
def rig_folder() -> Iterator[Path]:
    """Everything that the servers write. Not pytest's own folder: the path of a Unix socket has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="kw-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(rig_folder: Path) -> Iterator[Cluster]:
    """A real kube-apiserver with etcd, as its administrator."""
    with (
        etcd_driver.etcd(rig_folder / "etcd") as etcd,
        kubernetes_driver.kube_apiserver(rig_folder / "kube-apiserver", etcd) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def controllers(rig_folder: Path, cluster: Cluster) -> Iterator[Server]:
    """kube-controller-manager on `cluster`: garbage collection, Namespaces that end, ReplicaSets for Deployments."""
    with kubernetes_driver.kube_controller_manager(rig_folder / "kube-controller-manager", cluster) as started:
        yield started


@pytest.fixture(scope="session")
def vso_cluster(cluster: Cluster) -> Cluster:
    """`cluster` with the Vault Secrets Operator's CRDs (not the operator: the test plays it with patch_status)."""
    crds.install(cluster, crds.vso_crds())
    return cluster


@contextlib.contextmanager
def cluster_with_our_definitions(folder: Path) -> Iterator[Cluster]:
    """Those of schemas/crds, which have the same names as the incumbent's; and garbage collection."""
    with (
        etcd_driver.etcd(folder / "etcd") as etcd,
        kubernetes_driver.kube_apiserver(folder / "kube-apiserver", etcd) as started,
        kubernetes_driver.kube_controller_manager(folder / "kube-controller-manager", started),
    ):
        crds.install(started, crds.read_crds(sorted((REPOSITORY / "schemas" / "crds").glob("*.yaml"))))
        yield started


@pytest.fixture(scope="session")
def own_cluster(rig_folder: Path) -> Iterator[Cluster]:
    """Shared by all whose reconciler works in namespaces of its own, or leaves nothing behind that costs others anything."""
    with cluster_with_our_definitions(rig_folder / "own") as started:
        yield started


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """The name of a fresh Namespace in `cluster`."""
    name = f"test-{secrets.token_hex(4)}"
    cluster.ensure_namespace(name)
    return name


@pytest.fixture(scope="session")
def vault(rig_folder: Path) -> Iterator[Vault]:
    """A real Vault dev server, as root. Shared: mount your engines under names of your own."""
    with vault_driver.vault(rig_folder / "vault") as started:
        yield started


@pytest.fixture(scope="session")
def postgresql(rig_folder: Path) -> Iterator[PostgreSQL]:
    """A real PostgreSQL, for Vault's database engine."""
    with postgresql_driver.postgresql(rig_folder / "postgresql") as started:
        yield started


@pytest.fixture
def fault_proxy(vault: Vault) -> Iterator[FaultProxy]:
    """A proxy before `vault` that goes wrong on request; its own for each test."""
    with fault_driver.fault_proxy(vault.url) as started:
        yield started


@pytest.fixture(scope="session")
def certificates(rig_folder: Path) -> Authority:
    """A CA with leaves for TLS servers of tests."""
    return tls_driver.authority(rig_folder / "certificates")


@pytest.fixture(scope="session")
def redis(rig_folder: Path) -> Iterator[Redis]:
    with redis_driver.redis(rig_folder / "redis") as started:
        yield started


@pytest.fixture(scope="session")
def git_daemon(rig_folder: Path) -> Iterator[GitDaemon]:
    """A Git server on loopback: `git_daemon.publish(folder, name)` gives a URL."""
    with git_driver.git_daemon(rig_folder / "git") as started:
        yield started


@pytest.fixture(scope="session")
def yaml_meaning() -> Iterator[YamlMeaning]:
    """What a text means to Kubernetes' own YAML parser."""
    with yaml_driver.yaml_meaning() as started:
        yield started


@pytest.fixture(scope="session")
def go_templates() -> Iterator[GoTemplates]:
    """Go's text/template with the sprig functions that keywave's own interpreter knows of."""
    from keywave.gotemplate import FUNCTIONS, NOT_OFFERED
    from keywave.gotemplate.go_functions import FUNCTIONS as BUILT_IN

    with template_driver.go_templates(sorted((FUNCTIONS.keys() - BUILT_IN.keys()) | NOT_OFFERED)) as started:
        yield started


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """A real kustomize."""
    return machine.program("kustomize")


@pytest.fixture(scope="session")
def product_path(kustomize: Path) -> str:
    """A PATH on which `keywave` (of this checkout) and `kustomize` come first, as in the plugin's image."""
    keywave = Path(sys.prefix) / "bin" / "keywave"
    if not keywave.exists():
        machine.lacking(f"{keywave} is not there; run: make venv")
    return os.pathsep.join([str(keywave.parent), str(kustomize.parent), machine.ENVIRON.get("PATH", os.defpath)])


@pytest.fixture(scope="session")
def start_plugin(rig_folder: Path) -> Iterator[StartPlugin]:
    """`start_plugin(plugin_file, env=..., sockets=...)` runs a real argocd-cmp-server until the end of the run.

    `sockets=argocd.sockets` makes the plugin known to Argo CD.
    """
    with contextlib.ExitStack() as ended_together:

        def start(plugin_file: Path, *, env: Mapping[str, str] | None = None, sockets: Path | None = None) -> CmpServer:
            folder = rig_folder / f"plugin-{secrets.token_hex(3)}"
            return ended_together.enter_context(cmp_driver.cmp_server(folder, plugin_file, env=env, sockets=sockets))

        yield start


@pytest.fixture(scope="session")
def keywave_plugin(start_plugin: StartPlugin, product_path: str) -> CmpServer:
    """The repository's argocd-cmp.yaml in a real plugin server."""
    return start_plugin(REPOSITORY / "argocd-cmp.yaml", env={"PATH": product_path})


@pytest.fixture(scope="session")
def argocd(rig_folder: Path, cluster: Cluster, controllers: Server, redis: Redis) -> Iterator[ArgoCD]:
    """Argo CD's real repo-server and application controller on `cluster`. It prunes with foreground deletion, which `controllers` end."""
    with argocd_driver.argocd(rig_folder / "argocd", cluster, redis) as started:
        yield started


@pytest.fixture(scope="session")
def argocd_keywave(argocd: ArgoCD, start_plugin: StartPlugin, product_path: str) -> str:
    """The repository's argocd-cmp.yaml beside that repo-server; gives the name for `argocd.create(plugin=...)`."""
    plugin = start_plugin(REPOSITORY / "argocd-cmp.yaml", env={"PATH": product_path}, sockets=argocd.sockets)
    return plugin.name


@pytest.fixture(scope="session")
def flux(rig_folder: Path, cluster: Cluster, controllers: Server) -> Iterator[Flux]:
    """Flux's real kustomize-controller on `cluster`."""
    with flux_driver.flux(rig_folder / "flux", cluster) as started:
        yield started
