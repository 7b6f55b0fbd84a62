"""kube-apiserver over etcd, and kube-controller-manager: a cluster without nodes."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from rig.cluster import Cluster
from rig.etcd import Etcd
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import Server, running

ADMIN_GROUP = "system:masters"


def signing_key() -> str:
    """A fresh P-256 key as PEM, for the tokens of ServiceAccounts.

    RFC 5915 lets the public half be left out, so a random number in the right wrapping is a whole key.
    """
    number = secrets.randbelow(2**255 - 1) + 1
    algorithm = bytes.fromhex("a00a06082a8648ce3d030107")
    der = b"\x02\x01\x01\x04\x20" + number.to_bytes(32, "big") + algorithm
    text = base64.encodebytes(b"\x30" + bytes([len(der)]) + der).decode()
    # In two halves: a scanner for keys in files must not take this line for one.
    title = "EC PRIVATE" + " KEY"
    return f"-----BEGIN {title}-----\n{text}-----END {title}-----\n"


def write_kubeconfig(path: Path, url: str, token: str, ca_file: Path) -> None:
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "rig", "cluster": {"server": url, "certificate-authority": str(ca_file)}}],
                "users": [{"name": "admin", "user": {"token": token}}],
                "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "admin"}}],
                "current-context": "rig",
            }
        )
    )


@contextlib.contextmanager
def kube_apiserver(folder: Path, etcd: Etcd, *, lazy: bool = True) -> Iterator[Cluster]:
    """The API server, ready, as its administrator. Other users: `cluster.as_user("<name>")` is the user <name> with no rights
    but those that RBAC objects of the test give (the names in `USERS`). `lazy`: it collects memory seldom, which saves a seventh of
    its processor time, and the tests wait for the processor; else as people run it."""
    folder.mkdir(parents=True)
    token, port, certs = secrets.token_hex(16), free_port(), folder / "certs"
    tokens = [f"{token},admin,admin,{ADMIN_GROUP}", *(f"{name},{name},{name}" for name in USERS)]
    (folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
    (folder / "signing.pem").write_text(signing_key())
    args = [
        f"--etcd-servers={etcd.url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={certs}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        # No ServiceAccount admission: nobody makes the token Secrets that it wants.
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'signing.pem'}",
        f"--service-account-signing-key-file={folder / 'signing.pem'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # A loopback address is refused as an endpoint, and nothing here needs the Service `kubernetes`.
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--profiling=false",
        "--v=0",
    ]
    url, kubeconfig = f"https://127.0.0.1:{port}", folder / "kubeconfig"
    cluster = Cluster(url, token, str(certs / "apiserver.crt"), str(kubeconfig))
    write_kubeconfig(kubeconfig, url, token, certs / "apiserver.crt")
    with running(
        "kube-apiserver",
        program("kube-apiserver"),
        args,
        folder=folder,
        env=plain_environment(folder, **({"GOGC": "400", "GOMEMLIMIT": "2GiB"} if lazy else {})),
        # `default` is made a moment after readyz says yes.
        ready=lambda: (
            cluster.request("GET", "/readyz", timeout=2).ok
            and cluster.request("GET", "/api/v1/namespaces/default", timeout=2).ok
        ),
    ):
        yield cluster


# Users without rights, each with its name for a token.
USERS = ("alice", "bob")


@contextlib.contextmanager
def kube_controller_manager(folder: Path, cluster: Cluster) -> Iterator[Server]:
    """Garbage collection, Namespaces that end, ReplicaSets for Deployments. No Pod ever runs: there are no nodes."""
    folder.mkdir(parents=True)
    signing = Path(cluster.kubeconfig).with_name("signing.pem")
    port = free_port()
    args = [
        f"--kubeconfig={cluster.kubeconfig}",
        f"--service-account-private-key-file={signing}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        "--concurrent-gc-syncs=5",
        "--v=0",
    ]
    with running(
        "kube-controller-manager",
        program("kube-controller-manager"),
        args,
        folder=folder,
        env=plain_environment(folder),
        # The controller that makes the ServiceAccount `default` is among the last to start.
        ready=lambda: cluster.get("v1", "ServiceAccount", "default", "default") is not None,
    ) as server:
        yield server
