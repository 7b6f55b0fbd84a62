"""Argo CD's repo-server and application controller, as processes: they sync Applications into the cluster for real.

There is no Argo CD API server: Applications are written to the cluster, and an operation is started by setting `operation`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig import crds
from rig.cluster import Body, Cluster
from rig.documents import read_documents
from rig.git_daemon import BRANCH
from rig.machine import files, plain_environment, program
from rig.ports import free_port, listening
from rig.processes import Server, running
from rig.redis import Redis
from rig.waiting import wait_for

API = "argoproj.io/v1alpha1"
NAMESPACE = "argocd"
ENDED = ("Succeeded", "Failed", "Error")
# The address under which Argo CD knows the cluster that it runs in.
IN_CLUSTER = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class ArgoCD:
    """`sockets` is where the repo-server looks for plugins: start a CmpServer with it, then name the plugin in `create`."""

    cluster: Cluster
    sockets: Path
    controller: Server
    repo_server: Server
    destination: str

    def create(
        self,
        name: str,
        *,
        repo: str,
        path: str = ".",
        namespace: str = "default",
        plugin: str | None = None,
        parameters: Sequence[Mapping[str, Any]] = (),
        env: Mapping[str, str] | None = None,
        sync_options: Sequence[str] = ("CreateNamespace=true",),
        automated: bool = False,
        project: str = "",
    ) -> Body:
        """Create an Application (its name is unique in the run). `plugin` is the plugin's name with its version, as in the socket.
        `project`: "" is Argo CD's own."""
        source: Body = {"repoURL": repo, "path": path, "targetRevision": BRANCH}
        if plugin is not None:
            source["plugin"] = {"name": plugin}
            if parameters:
                source["plugin"]["parameters"] = [dict(parameter) for parameter in parameters]
            if env:
                source["plugin"]["env"] = [{"name": key, "value": value} for key, value in env.items()]
        policy: Body = {"syncOptions": list(sync_options)}
        if automated:
            policy["automated"] = {}
        spec = {
            "project": project or "default",
            "source": source,
            "destination": {"server": self.destination, "namespace": namespace},
            "syncPolicy": policy,
        }
        return self.cluster.apply(
            {"apiVersion": API, "kind": "Application", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
        )

    def project(self, name: str) -> str:
        """Make a project that may do anything. Its name."""
        anywhere = {"server": "*", "namespace": "*"}
        kinds = [{"group": "*", "kind": "*"}]
        spec = {"sourceRepos": ["*"], "destinations": [anywhere], "clusterResourceWhitelist": kinds}
        metadata = {"name": name, "namespace": NAMESPACE}
        self.cluster.apply({"apiVersion": API, "kind": "AppProject", "metadata": metadata, "spec": spec})
        return name

    def application(self, name: str) -> Body:
        found = self.cluster.get(API, "Application", name, NAMESPACE)
        assert found is not None, f"there is no Application {name}"
        return found

    def status(self, name: str) -> Body:
        status: Body = self.application(name).get("status") or {}
        return status

    def conditions(self, name: str) -> list[str]:
        """Messages such as the text of a ComparisonError."""
        return [f"{entry['type']}: {entry['message']}" for entry in self.status(name).get("conditions") or ()]

    def health(self, name: str) -> str:
        return str((self.status(name).get("health") or {}).get("status") or "")

    def sync_status(self, name: str) -> str:
        return str((self.status(name).get("sync") or {}).get("status") or "")

    def refresh(self, name: str, *, timeout: float = 60.0) -> None:
        """Render again, past the manifest cache, and wait until that is done."""
        annotation = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}}
        self.cluster.patch(API, "Application", name, annotation, NAMESPACE)

        def taken() -> bool:
            annotations = self.application(name)["metadata"].get("annotations") or {}
            return "argocd.argoproj.io/refresh" not in annotations

        wait_for(f"{name} to be refreshed", taken, timeout=timeout, last=self.controller.tail)

    def start_sync(self, name: str, *, prune: bool = False) -> None:
        """Start a sync to the newest commit; `operation_phase` follows it."""
        operation = {
            "sync": {"prune": prune, "syncOptions": self._sync_options(name)},
            "initiatedBy": {"username": "rig"},
        }
        self.cluster.patch(API, "Application", name, {"operation": operation}, NAMESPACE)

    def _sync_options(self, name: str) -> list[str]:
        return list((self.application(name)["spec"].get("syncPolicy") or {}).get("syncOptions") or ())

    def operation_phase(self, name: str) -> str:
        """Running, Succeeded, Failed or Error of the newest operation; "" until the controller has taken it up."""
        application = self.application(name)
        state = (application.get("status") or {}).get("operationState") or {}
        phase = str(state.get("phase") or "")
        # `operation` is taken away when it has ended; while it is there, an ended state is that of the one before.
        return "" if phase in ENDED and "operation" in application else phase

    def operation_message(self, name: str) -> str:
        return str((self.status(name).get("operationState") or {}).get("message") or "")

    def wait_operation(self, name: str, *, timeout: float = 90.0) -> str:
        """Wait for the operation's end; returns its phase (Succeeded, Failed, Error)."""

        def ended() -> str:
            phase = self.operation_phase(name)
            return phase if phase in ENDED else ""

        return wait_for(
            f"the sync of {name} to end", ended, timeout=timeout, every=0.25, last=lambda: self.explain(name)
        )

    def sync(self, name: str, *, prune: bool = False, timeout: float = 90.0) -> str:
        """start_sync and wait_operation in one."""
        self.start_sync(name, prune=prune)
        return self.wait_operation(name, timeout=timeout)

    def wait_health(self, name: str, wanted: str = "Healthy", *, timeout: float = 60.0) -> None:
        wait_for(
            f"{name} to be {wanted}",
            lambda: self.health(name) == wanted,
            timeout=timeout,
            last=lambda: self.explain(name),
        )

    def explain(self, name: str) -> str:
        """What one would look at when it does not go on."""
        status = self.status(name)
        told = {key: status.get(key) for key in ("conditions", "health", "operationState", "sync")}
        return f"{json.dumps(told, indent=1)[:4000]}\n{self.controller.tail(15)}"

    def delete(self, name: str) -> None:
        self.cluster.delete(API, "Application", name, NAMESPACE)

    def config(self) -> dict[str, str]:
        """The data of argocd-cm."""
        found = self.cluster.get("v1", "ConfigMap", "argocd-cm", NAMESPACE)
        return dict((found or {}).get("data") or {})

    def set_config(self, data: Mapping[str, str | None], *, timeout: float = 30.0) -> None:
        """Change argocd-cm (None deletes a key) and wait until the controller works by it.

        For `resource.customizations...` only: that is what the controller tells its log about.
        """
        before = self.config()
        if all(before.get(key) == value for key, value in data.items()):
            return
        seen = self._invalidations()
        self.cluster.patch("v1", "ConfigMap", "argocd-cm", {"data": dict(data)}, NAMESPACE)
        wait_for(
            "the controller to take argocd-cm over",
            lambda: self._invalidations() > seen,
            timeout=timeout,
            last=self.controller.tail,
        )

    @contextlib.contextmanager
    def configured(self, data: Mapping[str, str]) -> Iterator[None]:
        """set_config for the time of a with block, what was there before afterwards."""
        before = self.config()
        self.set_config(data)
        try:
            yield
        finally:
            self.set_config({key: before.get(key) for key in data})

    def _invalidations(self) -> int:
        return self.controller.output().count("live state cache invalidated")


def install_base(cluster: Cluster) -> None:
    """What Argo CD's own manifests install before any workload: CRDs, argocd-cm and its like, the default AppProject."""
    # ApplicationSets have a controller of their own, which does not run here, and a CRD that takes the server seconds.
    paths = [path for path in files("argo-cd-manifests") if path.name != "applicationset-crd.yaml"]
    crds.install(cluster, crds.read_crds(paths))
    cluster.ensure_namespace(NAMESPACE)
    for path in paths:
        for document in read_documents(path):
            if document["kind"] in {"ConfigMap", "Secret"}:
                document["metadata"]["namespace"] = NAMESPACE
                cluster.apply(document)
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    cluster.patch("v1", "Secret", "argocd-secret", {"stringData": {"server.secretkey": key}}, NAMESPACE)
    everything = [{"group": "*", "kind": "*"}]
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": everything,
        "namespaceResourceWhitelist": everything,
    }
    cluster.apply(
        {"apiVersion": API, "kind": "AppProject", "metadata": {"name": "default", "namespace": NAMESPACE}, "spec": spec}
    )


def register_cluster(cluster: Cluster) -> None:
    """The cluster Secret: Argo CD is not in the cluster, so it is told how to reach it."""
    ca = base64.b64encode(Path(cluster.ca_file).read_bytes()).decode()
    config = {"bearerToken": cluster.token, "tlsClientConfig": {"insecure": False, "caData": ca}}
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "cluster-rig",
                "namespace": NAMESPACE,
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": "rig", "server": cluster.url, "config": json.dumps(config)},
        }
    )


def argocd_environment(folder: Path, cluster: Cluster, sockets: Path) -> dict[str, str]:
    places = {name: folder / name.lower() for name in ("TLS", "SSH", "GPG", "GNUPG", "TMP")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return plain_environment(
        folder,
        KUBECONFIG=cluster.kubeconfig,
        TMPDIR=str(places["TMP"]),
        ARGOCD_TLS_DATA_PATH=str(places["TLS"]),
        ARGOCD_SSH_DATA_PATH=str(places["SSH"]),
        ARGOCD_GPG_DATA_PATH=str(places["GPG"]),
        ARGOCD_GNUPGHOME=str(places["GNUPG"]),
        ARGOCD_GPG_ENABLED="false",
        ARGOCD_ASK_PASS_SOCK=str(folder / "ask.sock"),
        ARGOCD_PLUGINSOCKFILEPATH=str(sockets),
        ARGOCD_CONTROLLER_REPLICAS="1",
        ARGOCD_CONTROLLER_SHARD="0",
        # Three failures in a row would otherwise be answered from a cache for an hour.
        ARGOCD_PAUSE_GEN_AFTER_FAILED_ATTEMPTS="0",
        GIT_CONFIG_NOSYSTEM="1",
    )


@contextlib.contextmanager
def argocd(folder: Path, cluster: Cluster, redis: Redis) -> Iterator[ArgoCD]:
    sockets = folder / "plugins"
    sockets.mkdir(parents=True)
    install_base(cluster)
    register_cluster(cluster)
    env = argocd_environment(folder, cluster, sockets)
    repo_port, repo_metrics, controller_metrics = (free_port() for _ in range(3))
    repo_args = [f"--redis={redis.address}", "--disable-tls", "--logformat=text", "--address=127.0.0.1"]
    repo_args += [f"--port={repo_port}", "--metrics-address=127.0.0.1", f"--metrics-port={repo_metrics}"]
    controller_args = [f"--redis={redis.address}", f"--repo-server=127.0.0.1:{repo_port}", "--repo-server-plaintext"]
    controller_args += ["--namespace", NAMESPACE, f"--metrics-port={controller_metrics}", "--logformat=text"]
    with (
        cluster.emptied((API, "Application")),
        running(
            "argocd-repo-server",
            program("argocd-repo-server"),
            repo_args,
            folder=folder / "repo-server",
            env=env,
            ready=lambda: listening(repo_port),
        ) as repo_server,
        running(
            "argocd-application-controller",
            program("argocd-application-controller"),
            controller_args,
            folder=folder / "controller",
            env=env,
            ready=lambda: listening(controller_metrics),
        ) as controller,
    ):
        yield ArgoCD(cluster, sockets, controller, repo_server, cluster.url)
