"""What VaultAccess needs beside Vault: a Kubernetes that holds ServiceAccounts and Secrets, counters, a clock that the test moves."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.vault_access.access import VaultAccess
from keywave.kube.api_server import KubeError
from keywave.kube.resources import Type
from rig.vault import Vault


class FakeKube:
    """`secrets` and `accounts` by namespace/name: texts by key, annotations. `token` is what a TokenRequest gives."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, str]] = {}
        self.accounts: dict[str, dict[str, str]] = {}
        self.token: Callable[[str, Mapping[str, Any]], str] = lambda name, spec: f"token of {name}"
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.fault: KubeError | None = None

    def get(self, type: Type, namespace: str, name: str) -> Mapping[str, Any] | None:
        if self.fault:
            raise self.fault
        key = f"{namespace}/{name}"
        if type.kind == "ServiceAccount":
            return {"metadata": {"annotations": self.accounts[key]}} if key in self.accounts else None
        data = self.secrets.get(key)
        return None if data is None else {"data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}}

    def post(
        self, type: Type, namespace: str, name: str, subresource: str, body: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if self.fault:
            raise self.fault
        if f"{namespace}/{name}" not in self.accounts:
            raise KubeError("absent", "not found")
        self.asked.append((f"{namespace}/{name}", body["spec"]))
        return {"status": {"token": self.token(f"{namespace}/{name}", body["spec"])}}


class Counts:
    """Counters as Prometheus would show them, by name and labels."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, ...], int] = {}
        self._lock = threading.Lock()

    def count(self, name: str, *labels: str) -> None:
        with self._lock:
            self.counted[name, *labels] = self.counted.get((name, *labels), 0) + 1

    def set(self, name: str, value: float, *labels: str) -> None: ...

    def observe(self, name: str, value: float, *labels: str) -> None: ...

    def requests(self, operation: str) -> int:
        """Requests to Vault of one kind, whatever came of them."""
        return sum(n for key, n in self.counted.items() if key[:2] == ("keywave_vault_requests_total", operation))


class Door:
    """A VaultAccess with all of it. `ahead`: seconds that its clocks are ahead of the real ones."""

    def __init__(self, **options: Any) -> None:
        import time

        self.kube, self.counts, self.ahead = FakeKube(), Counts(), 0.0
        kube: Any = self.kube
        clocks: Any = {"now": lambda: time.time() + self.ahead, "ticks": lambda: time.monotonic() + self.ahead}
        self.vault = VaultAccess(kube, self.counts, chance=lambda: 0.5, **{**clocks, **options})

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self.vault.close()


def connection(address: str, name: str = "vault", **fields: Any) -> ConnectionPlan:
    return ConnectionPlan(f"team/{name}", "team", address, **{"timeout": 10.0, **fields})


def login(address: str, method: str, mount: str, settings: Mapping[str, str], **fields: Any) -> LoginPlan:
    """A plan in the namespace team."""
    own = fields.pop("connection", None) or connection(address)
    return LoginPlan(own, f"team/{mount}", method, mount, "", "team", tuple(sorted(settings.items())))._replace(
        **fields
    )


def approle(door: Door, vault: Vault, name: str, policy: str, **role: Any) -> LoginPlan:
    """An AppRole of the name, with the policy's text; its SecretID in the Secret team/<name>."""
    vault.request("POST", f"sys/auth/{name}", {"type": "approle"})
    vault.policy(name, policy)
    vault.write(f"auth/{name}/role/app", {"token_policies": [name], "token_ttl": "20m", **role})
    id = vault.read(f"auth/{name}/role/app/role-id")
    assert id
    secret = vault.write(f"auth/{name}/role/app/secret-id", {})["secret_id"]
    door.kube.secrets[f"team/{name}"] = {"id": secret}
    return login(vault.url, "appRole", name, {"roleId": id["role_id"], "secretRef": name})
