"""The programs that keywave is measured against, found or built by tools/servers.py, and a real Vault with the referenced paths."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def path_of(name: str) -> str:
    """Where tools/servers.py finds a program; raises CalledProcessError where it does not."""
    found = subprocess.run(
        [sys.executable, str(TOP / "tools/servers.py"), "path", name], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def vault_with_paths(apps: int, folder: Path) -> Iterator[dict[str, str]]:
    """A real Vault dev server holding the paths of `apps` applications; yields the environment of argocd-vault-plugin."""
    port = _free_port()
    token = "bench-" + os.urandom(8).hex()
    address = f"http://127.0.0.1:{port}"
    log = (folder / "vault.log").open("wb")
    argv = [path_of("vault"), "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={token}"]
    server = subprocess.Popen([*argv, f"-dev-listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        _wait(address)
        for number in range(apps):
            _put(f"{address}/v1/secret/data/bench/app-{number:05d}/config", token)
        yield {
            **os.environ,
            "HOME": str(folder),
            "VAULT_ADDR": address,
            "VAULT_TOKEN": token,
            "AVP_TYPE": "vault",
            "AVP_AUTH_TYPE": "token",
        }
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _wait(address: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/v1/sys/health", timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"Vault did not answer at {address}")


def _put(url: str, token: str) -> None:
    body = json.dumps({"data": {"username": "u", "password": "p"}}).encode()
    request = urllib.request.Request(url, body, {"X-Vault-Token": token}, method="POST")
    with urllib.request.urlopen(request, timeout=10):
        pass
