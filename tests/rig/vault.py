"""Vault's dev server: in memory, unsealed, its root token random."""

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
from rig.processes import Server, running


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
