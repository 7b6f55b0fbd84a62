"""The model with an object that is read every `refreshAfter`: a VaultStaticSecret, or a VaultCompositeSecret of one KV secret."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from controller.model_world import TEAM, Model

from keywave.controller.kinds import composite, static
from keywave.controller.model import Key, Result
from keywave.controller.ports import Reconcile, World
from keywave.controller.status import rfc3339
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

TARGETS = [{"kind": "Deployment", "name": "web"}]
DESTINATION = {"name": "creds", "create": True, "transformation": {"excludeRaw": True}}
COMMON = {"vaultAuthRef": "app", "refreshAfter": "30s", "destination": DESTINATION, "rolloutRestartTargets": TARGETS}
KV = {"mount": "kv", "path": "app", "type": "kv-v1"}
KINDS: dict[str, tuple[Reconcile, dict[str, Any]]] = {
    "VaultStaticSecret": (static.reconcile, {**COMMON, **KV}),
    "VaultCompositeSecret": (composite.reconcile, {**COMMON, "sources": [{"name": "app", "kv": KV}]}),
}
RESTARTED = "vso.secrets.hashicorp.com/restartedAt"
every_kind = pytest.mark.parametrize("kind", KINDS)


class Server(Model):
    """As the model, with the times of writes as the API server notes them, and refusals of Kubernetes. `refuse`: number of a write ->
    reason."""

    def __init__(self, kind: str, **spec: Any) -> None:
        super().__init__()
        self.kind, self.refuse, self.writes, self.restarts = kind, dict[int, str](), 0, 0
        self.login()
        self.kv["kv/app"] = {"a": "1"}
        self.put(kind, "app", {**KINDS[kind][1], **spec})
        self.put("Deployment", "web", {"template": {"metadata": {}}})

    def call(self, effect: Callable[[], Any]) -> Any:
        self.writes += 1
        if self.writes in self.refuse:
            raise KubeError(self.refuse[self.writes], "CANARY")
        return super().call(effect)

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["metadata"]["name"]
        if body["kind"] == "Secret":
            entry = {"manager": "keywave-reconciler", "operation": "Apply", "time": rfc3339(self.now)}
            body["metadata"]["managedFields"] = [entry]
        if body["kind"] == "Deployment" and body["spec"]["template"]["metadata"] != {}:
            self.restarts += name == "web"
        return super()._store(body)

    def reconcile(self, times: int = 1, *, failures: int = 0) -> Result:
        result = Result()
        for _ in range(times):
            resource = self.world().lookup.find(Key(self.kind, TEAM, "app"))
            if resource is not None:
                result = KINDS[self.kind][0](resource, self.world(), failures)
        return result

    def settle(self) -> None:
        """As the workers do: whatever is raised or failed is tried again."""
        for _ in range(12):
            try:
                result = self.reconcile()
            except KubeError:
                result = Result(1.0)
            self.now += min(max(result.after or 0.0, 1.0), 35.0)

    def data(self) -> dict[str, str]:
        body = self.body("Secret", "creds") or {}
        return {key: base64.b64decode(value).decode() for key, value in (body.get("data") or {}).items()}

    def status(self) -> Mapping[str, Any]:
        return (self.body(self.kind, "app") or {}).get("status") or {}

    def condition(self, type: str) -> tuple[str, str]:
        (found,) = [entry for entry in self.status()["conditions"] if entry["type"] == type]
        return found["status"], found["reason"]


def failing(made: Server, fault: VaultFault | None) -> None:
    """From now on each read fails."""
    world = made.world

    def changed() -> World:
        found = world()
        if fault is not None:
            found.vault.read = _raising(fault)  # type: ignore[method-assign]
        return found

    made.world = changed if fault is not None else type(made).world.__get__(made)  # type: ignore[method-assign]


def _raising(fault: VaultFault) -> Callable[..., Any]:
    def read(*anything: Any, **named: Any) -> Any:
        raise fault

    return read


class Watched(Server):
    """Objects and Secrets as a watch keeps them: the same Python objects until they change."""

    def __init__(self, kind: str, **spec: Any) -> None:
        self._kept: dict[tuple[str, ...], tuple[str, Any]] = {}
        super().__init__(kind, **spec)

    def world(self) -> World:
        world = super().world()
        find, observe = world.lookup.find, world.secrets.observe

        def found(key: Key) -> Any:
            return self._same(tuple(key), key, lambda: find(key))

        def observed(namespace: str, name: str) -> Any:
            key = Key("Secret", namespace, name)
            return self._same(("observed", *key), key, lambda: observe(namespace, name))

        world.lookup.find, world.secrets.observe = found, observed  # type: ignore[method-assign]
        return world

    def _same(self, name: tuple[str, ...], key: Key, look: Callable[[], Any]) -> Any:
        body = self.objects.get(key)
        version = body["metadata"]["resourceVersion"] if body else ""
        if not body or self._kept.get(name, ("",))[0] != version:
            self._kept[name] = (version, look())
        return self._kept[name][1]
