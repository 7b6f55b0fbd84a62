"""Flux's kustomize-controller as a process. Its sources are folders, served as tar.gz on loopback, as source-controller would."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig import crds
from rig.cluster import Body, Cluster
from rig.machine import files, plain_environment, program
from rig.ports import free_port, listening
from rig.processes import Server, running
from rig.waiting import wait_for

SOURCE_API = "source.toolkit.fluxcd.io/v1"
KUSTOMIZATION_API = "kustomize.toolkit.fluxcd.io/v1"
NAMESPACE = "flux-system"


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """The test's own output is no place for requests."""


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def tar_gz(tree: Path) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path in sorted(tree.iterdir()):
            archive.add(path, arcname=path.name)
    return gzip.compress(raw.getvalue())


@dataclass(frozen=True)
class Flux:
    """The controller asks again for a dependency each second here (its default: 30)."""

    cluster: Cluster
    artifacts: Path
    url: str
    controller: Server

    def publish(self, tree: Path, name: str, *, namespace: str = NAMESPACE) -> str:
        """Make the folder, as it is now, the newest artifact of the GitRepository `name`. Returns its revision."""
        data = tar_gz(tree)
        digest = hashlib.sha256(data).hexdigest()
        file = f"{name}-{digest[:16]}.tar.gz"
        (self.artifacts / file).write_bytes(data)
        revision = f"main@sha1:{digest[:40]}"
        source = {
            "apiVersion": SOURCE_API,
            "kind": "GitRepository",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"interval": "1h", "url": "https://git.example.com/rig.git", "ref": {"branch": "main"}},
        }
        made = self.cluster.apply(source)
        status = {
            "observedGeneration": made["metadata"]["generation"],
            "artifact": {
                "path": file,
                "url": f"{self.url}/{file}",
                "revision": revision,
                "digest": f"sha256:{digest}",
                "lastUpdateTime": now(),
                "size": len(data),
            },
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Succeeded",
                    "message": "published by the rig",
                    "lastTransitionTime": now(),
                }
            ],
        }
        self.cluster.patch_status(SOURCE_API, "GitRepository", name, status, namespace)
        return revision

    def kustomization(
        self, name: str, *, source: str, path: str = "./", namespace: str = NAMESPACE, **spec: Any
    ) -> Body:
        """Apply a Kustomization; `spec` adds fields (dependsOn, wait, timeout, healthCheckExprs...) as Flux spells them."""
        full = {
            "interval": "1h",
            "retryInterval": "2s",
            "prune": True,
            "path": path,
            "sourceRef": {"kind": "GitRepository", "name": source},
            **spec,
        }
        metadata = {"name": name, "namespace": namespace}
        return self.cluster.apply(
            {"apiVersion": KUSTOMIZATION_API, "kind": "Kustomization", "metadata": metadata, "spec": full}
        )

    def status(self, name: str, namespace: str = NAMESPACE) -> Body:
        found = self.cluster.get(KUSTOMIZATION_API, "Kustomization", name, namespace)
        assert found is not None, f"there is no Kustomization {name}"
        status: Body = found.get("status") or {}
        return status

    def condition(self, name: str, kind: str = "Ready", namespace: str = NAMESPACE) -> tuple[str, str, str]:
        """(status, reason, message) of a condition; empty texts when there is none."""
        for entry in self.status(name, namespace).get("conditions") or ():
            if entry["type"] == kind:
                return entry["status"], entry["reason"], entry["message"]
        return "", "", ""

    def ready(self, name: str, namespace: str = NAMESPACE) -> bool:
        return self.condition(name, namespace=namespace)[0] == "True"

    def wait_ready(self, name: str, *, revision: str = "", namespace: str = NAMESPACE, timeout: float = 60.0) -> None:
        """Until the Kustomization is Ready, and at `revision` (what `publish` returned) where that is given."""

        def reached() -> bool:
            applied = self.status(name, namespace).get("lastAppliedRevision")
            return self.ready(name, namespace) and revision in ("", applied)

        wait_for(
            f"the Kustomization {name} to be Ready",
            reached,
            timeout=timeout,
            last=lambda: self.explain(name, namespace),
        )

    def reconcile(self, name: str, namespace: str = NAMESPACE) -> None:
        """Ask for it now instead of at the next interval."""
        annotation = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}}}
        self.cluster.patch(KUSTOMIZATION_API, "Kustomization", name, annotation, namespace)

    def explain(self, name: str, namespace: str = NAMESPACE) -> str:
        conditions = self.status(name, namespace).get("conditions")
        return f"{json.dumps(conditions, indent=1)[:3000]}\n{self.controller.tail(15)}"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The folder's files over HTTP; gives the URL."""
    folder.mkdir(parents=True)
    handler = functools.partial(QuietFiles, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="flux-artifacts", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def flux(folder: Path, cluster: Cluster, *more: str) -> Iterator[Flux]:
    crds.install(cluster, crds.read_crds([*files("flux-crds"), *files("flux-source-crds")]))
    cluster.ensure_namespace(NAMESPACE)
    health = free_port()
    args = ["--enable-leader-election=false", "--requeue-dependency=1s", "--log-encoding=console", *more]
    args += [f"--metrics-addr=127.0.0.1:{free_port()}", f"--health-addr=127.0.0.1:{health}"]
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    env = plain_environment(folder, KUBECONFIG=cluster.kubeconfig, RUNTIME_NAMESPACE=NAMESPACE, TMPDIR=str(temporary))
    with (
        cluster.emptied((KUSTOMIZATION_API, "Kustomization"), (SOURCE_API, "GitRepository")),
        serving(folder / "artifacts") as url,
        running(
            "kustomize-controller",
            program("kustomize-controller"),
            args,
            folder=folder,
            env=env,
            ready=lambda: listening(health),
        ) as controller,
    ):
        yield Flux(cluster, folder / "artifacts", url, controller)
