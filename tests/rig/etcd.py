"""etcd: one member, no safety against power cuts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rig import http
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import Server, running


@dataclass(frozen=True)
class Etcd:
    url: str
    server: Server


@contextlib.contextmanager
def etcd(folder: Path) -> Iterator[Etcd]:
    url, peers = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    args = ["--name=rig", f"--data-dir={folder / 'data'}", "--unsafe-no-fsync", "--log-level=warn"]
    args += [f"--listen-client-urls={url}", f"--advertise-client-urls={url}"]
    args += [f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=rig={peers}"]
    with running(
        "etcd",
        program("etcd"),
        args,
        folder=folder,
        env=plain_environment(folder),
        ready=lambda: http.request("GET", f"{url}/health", timeout=2).ok,
    ) as server:
        yield Etcd(url, server)
