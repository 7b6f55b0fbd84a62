"""Redis, in memory only: Argo CD's cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rig.machine import plain_environment, program
from rig.ports import free_port, listening
from rig.processes import Server, running


@dataclass(frozen=True)
class Redis:
    address: str
    server: Server


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    port = free_port()
    args = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with running(
        "redis",
        program("redis-server"),
        args,
        folder=folder,
        env=plain_environment(folder),
        ready=lambda: listening(port),
    ) as server:
        yield Redis(f"127.0.0.1:{port}", server)
