"""Vault: the dev server (in memory, unsealed, its root token random), and one that keeps what it has and is unsealed by its key."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rig import http
from rig.http import Answer
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import Server, await_ready, running, start
from rig.waiting import wait_for


@dataclass(frozen=True)
class Vault:
    """One Vault as one token. Paths have neither `/v1/` nor a slash at their start."""

    url: str
    token: str
    server: Server

    def as_token(self, token: str) -> Vault:
        return replace(self, token=token)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        return http.request(method, f"{self.url}/v1/{path}", data, headers={"X-Vault-Token": self.token})

    def read(self, path: str) -> dict[str, Any] | None:
        """The `data` of a path; None when there is nothing."""
        answer = self.request("GET", path)
        return None if answer.status == 404 else self._data("read", path, answer)

    def write(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._data("write", path, self.request("POST", path, body))

    def put_kv(self, path: str, values: Mapping[str, str], mount: str = "secret") -> None:
        """A new version of a KV v2 secret (the dev server has `secret/`)."""
        self.write(f"{mount}/data/{path}", {"data": dict(values)})

    def enable(self, path: str, kind: str, **options: Any) -> None:
        """Mount a secrets engine; nothing when something is mounted there."""
        answer = self.request("POST", f"sys/mounts/{path}", {"type": kind, **options})
        if "path is already in use" not in answer.message:
            self._data("mount", path, answer)

    def policy(self, name: str, text: str) -> None:
        self._data("write policy", name, self.request("PUT", f"sys/policies/acl/{name}", {"policy": text}))

    def token_for(self, *policies: str) -> str:
        answer = self.request("POST", "auth/token/create", {"policies": list(policies), "no_parent": True})
        assert answer.ok, f"create a token: {answer.status} {answer.message}"
        return str(answer.body["auth"]["client_token"])

    @staticmethod
    def _data(verb: str, path: str, answer: Answer) -> dict[str, Any]:
        assert answer.ok, f"{verb} {path}: {answer.status} {answer.message}"
        return dict((answer.body or {}).get("data") or {})


@contextlib.contextmanager
def vault(folder: Path) -> Iterator[Vault]:
    port, token = free_port(), f"root-{secrets.token_hex(8)}"
    url = f"http://127.0.0.1:{port}"
    args = ["server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}", "-log-level=warn"]
    with running(
        "vault",
        program("vault"),
        args,
        folder=folder,
        # As an argument the token would be in the list of processes.
        env=plain_environment(folder, VAULT_DEV_ROOT_TOKEN_ID=token, VAULT_DISABLE_MLOCK="true"),
        # The mount `secret/` comes a moment after sys/health says yes.
        ready=lambda: (
            http.request("GET", f"{url}/v1/sys/mounts/secret", headers={"X-Vault-Token": token}, timeout=2).ok
        ),
    ) as server:
        yield Vault(url, token, server)


class StoredVault:
    """A Vault on one raft member: killed and started again it is sealed, and has everything. `server` is the process of now."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port, self._root, self._key = folder, free_port(), "", ""
        self._url = f"http://127.0.0.1:{self._port}"
        data = folder / "data"
        data.mkdir(parents=True)
        config = {
            "storage": {"raft": {"path": str(data), "node_id": "rig", "performance_multiplier": 1}},
            "listener": [{"tcp": {"address": f"127.0.0.1:{self._port}", "tls_disable": True}}],
            "api_addr": self._url,
            "cluster_addr": f"http://127.0.0.1:{free_port()}",
            "disable_mlock": True,
        }
        (folder / "vault.json").write_text(json.dumps(config))
        self.server = self.start()

    @property
    def now(self) -> Vault:
        """As root."""
        return Vault(self._url, self._root, self.server)

    def start(self) -> Server:
        """Until it answers; sealed."""
        args = ["server", f"-config={self._folder / 'vault.json'}", "-log-level=warn"]
        env = plain_environment(self._folder, VAULT_DISABLE_MLOCK="true")
        self.server = start("vault", program("vault"), args, folder=self._folder, env=env)
        await_ready(self.server, lambda: self._health() != 0, 60)
        return self.server

    def init(self) -> None:
        """The first time: one key."""
        url = f"{self._url}/v1/sys/init"
        made = http.request("PUT", url, json.dumps({"secret_shares": 1, "secret_threshold": 1}).encode())
        assert made.ok, f"init: {made.status} {made.message}"
        self._root, self._key = made.body["root_token"], made.body["keys_base64"][0]

    def unseal(self) -> None:
        """Until it is active."""
        answer = self.now.request("PUT", "sys/unseal", {"key": self._key})
        assert answer.ok, f"unseal: {answer.status} {answer.message}"
        wait_for("Vault to be active", lambda: self._health() == 200, timeout=60, last=self.server.tail)

    def seal(self) -> None:
        answer = self.now.request("PUT", "sys/seal")
        assert answer.ok, f"seal: {answer.status} {answer.message}"

    def kill(self) -> None:
        """Without a word."""
        self.server.process.kill()
        self.server.process.wait()

    def _health(self) -> int:
        """200 active, 429 standby, 501 not initialised, 503 sealed, 0 not there."""
        with contextlib.suppress(OSError):
            return http.request("GET", f"{self._url}/v1/sys/health", timeout=2).status
        return 0


@contextlib.contextmanager
def stored_vault(folder: Path) -> Iterator[StoredVault]:
    """One that outlives its process: initialised, unsealed, without any mount of its own."""
    made = StoredVault(folder)
    try:
        made.init()
        made.unseal()
        yield made
    finally:
        made.server.stop()
