"""The reconciler and Vault Secrets Operator as processes, against a cluster of the rig."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig import http, machine
from rig.cluster import Cluster
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import Server, running

OPERATOR_NAMESPACE = "keywave-system"


@dataclass(frozen=True)
class Operator:
    """A running operator; its metrics at `url`/metrics."""

    server: Server
    url: str

    def metrics(self) -> str:
        return http.request("GET", f"{self.url}/metrics", timeout=5).text

    def value(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with those labels; 0 where there is none."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in self.metrics().splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(text in line for text in wanted))

    def end(self, *, kill: bool = False, seconds: float = 30.0) -> int:
        """SIGTERM, or a kill; its exit status."""
        self.server.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return self.server.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end within {seconds:g} s\n{self.server.tail(60)}") from None


@contextlib.contextmanager
def reconciler(
    folder: Path,
    cluster: Cluster,
    *more: str,
    namespace: str = OPERATOR_NAMESPACE,
    env: Mapping[str, str] | None = None,
    kubeconfig: str = "",
    timeout: float = 60.0,
    ready: str = "/readyz",
    script: Path | None = None,
) -> Iterator[Operator]:
    """`keywave-reconciler` of this checkout, or another form of it, until it is ready."""
    script = script or Path(sys.prefix) / "bin" / "keywave-reconciler"
    if not script.exists():
        machine.lacking(f"{script} is not there; run: make venv")
    cluster.ensure_namespace(namespace)
    port = free_port()
    args = [
        f"--kubeconfig={kubeconfig or cluster.kubeconfig}",
        f"--operator-namespace={namespace}",
        f"--metrics-address=127.0.0.1:{port}",
        *more,
    ]
    yield from _started("keywave-reconciler", script, args, folder, port, ready, timeout, env or {})


@contextlib.contextmanager
def incumbent(
    folder: Path,
    cluster: Cluster,
    *more: str,
    namespace: str = OPERATOR_NAMESPACE,
    elect: bool = False,
    timeout: float = 60.0,
) -> Iterator[Operator]:
    """Vault Secrets Operator, on a cluster that has its definitions. `elect`: with its Lease, in `namespace`."""
    cluster.ensure_namespace(namespace)
    port, health = free_port(), free_port()
    args = [
        f"--kubeconfig={cluster.kubeconfig}",
        f"--leader-elect={str(elect).lower()}",
        f"--metrics-bind-address=127.0.0.1:{port}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        *more,
    ]
    env = {"OPERATOR_NAMESPACE": namespace, "OPERATOR_POD_UID": secrets.token_hex(8)}
    file = program("vault-secrets-operator")
    if elect:
        file, args = _as_in_a_pod(namespace, file, args)
    yield from _started("vault-secrets-operator", file, args, folder, port, "", timeout, env, health)


def _as_in_a_pod(namespace: str, file: Path, args: Sequence[str]) -> tuple[Path, list[str]]:
    """With the kubelet's file that names the namespace: the incumbent takes that of its Lease from nowhere else."""
    unshare = shutil.which("unshare") or "unshare"
    ways = [way for way in ("-m", "-Urm") if _works([unshare, way, "true"])]
    if not ways:
        # The kernel's to give: nothing that this project could install, in CI neither.
        pytest.skip("a mount namespace is refused here (unshare -Urm): the incumbent's leader election needs one")
    told = (
        "mount -t tmpfs none /var/run && mkdir -p /var/run/secrets/kubernetes.io/serviceaccount && "
        'printf %s "$1" >/var/run/secrets/kubernetes.io/serviceaccount/namespace && shift && exec "$@"'
    )
    return Path(unshare), [ways[0], "sh", "-c", told, "sh", namespace, str(file), *args]


def _works(argv: list[str]) -> bool:
    try:
        return subprocess.run(argv, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _started(
    name: str,
    file: Path,
    args: Sequence[str],
    folder: Path,
    port: int,
    ready: str,
    timeout: float,
    env: Mapping[str, str],
    health: int = 0,
) -> Iterator[Operator]:
    url = f"http://127.0.0.1:{port}"
    asked = f"http://127.0.0.1:{health}/readyz" if health else f"{url}{ready}"
    home = folder / f"{name}-{secrets.token_hex(3)}"
    whole = plain_environment(home, **env)
    with running(
        name,
        file,
        args,
        folder=home,
        env=whole,
        ready=lambda: http.request("GET", asked, timeout=2).ok,
        timeout=timeout,
    ) as server:
        yield Operator(server, url)
