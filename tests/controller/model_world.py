"""A model of Kubernetes' API and of Vault's leases, in memory, whose caller may die at any call: for the order of what a reconcile does.

What the real servers do is shown by tests/integration; here each of some dozens of moments is one run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.mac import MacKey
from keywave.controller.model import Body, Key, Resource, Result, resource_of
from keywave.controller.ports import Health, Observed, Token, World
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.references import refers_to
from keywave.controller.running.secret_view import observed
from keywave.controller.status import rfc3339
from keywave.gotemplate.values import Number
from keywave.kube.api_server import KubeError
from keywave.kube.resources import Type
from keywave.vault.values import Payload, ValueRequest, VaultFault, loads

NOW = 1_800_000_000.0
VSO = "secrets.hashicorp.com/v1beta1"
OURS = "reconcile.keywave.dev/v1alpha1"
TEAM = "team"


class Died(BaseException):
    """The process ended here."""


class Model:
    """`die_at`: the number of the call that is the last, and whether its effect still came about."""

    def __init__(self) -> None:
        self.now, self.calls, self.serial = NOW, 0, 0
        self.life = 100
        """Seconds that Vault gives to a lease or a certificate."""
        self.longest = 10**6
        """Seconds that a lease may live with all its renewals."""
        self._born: dict[str, float] = {}
        self.die_at: tuple[int, str] | None = None
        self.objects: dict[Key, dict[str, Any]] = {}
        self.alive: dict[str, float] = {}
        """Leases and serial numbers -> their end."""
        self.never_told: set[str] = set()
        """Issued by the last call before the process died: nothing could be written down."""
        self._last: set[str] = set()
        self.asked: list[str] = []
        self.kv: dict[str, dict[str, Any]] = {}
        """By the path of a KV v1 secret."""
        self.events: list[tuple[str, str]] = []
        self.faults: dict[str, VaultFault] = {}
        """By the beginning of a path."""
        self.memory = ProcessMemory()
        self._key = MacKey(b"k" * 16)

    def put(self, kind: str, name: str, spec: Body, **metadata: Any) -> None:
        known = {"name": name, "namespace": TEAM, "uid": f"uid-{kind}-{name}", "generation": 1, **metadata}
        version = OURS if kind == "VaultCompositeSecret" else VSO
        self._store({"apiVersion": version, "kind": kind, "metadata": known, "spec": dict(spec), "status": {}})

    def login(self) -> None:
        self.put("VaultConnection", "vault", {"address": "http://127.0.0.1:8200"})
        method = {"role": "app", "serviceAccount": "app", "audiences": ["vault"]}
        self.put(
            "VaultAuth",
            "app",
            {"method": "kubernetes", "mount": "kubernetes", "kubernetes": method, "vaultConnectionRef": "vault"},
        )

    def living(self) -> set[str]:
        """What Vault has issued, that has not ended, and that somebody was told of."""
        return {id for id, end in self.alive.items() if end > self.now} - self.never_told

    def body(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.objects.get(Key(kind, TEAM, name))

    def world(self) -> World:
        def nothing(*anything: Any, **named: Any) -> None:
            return None

        counting = type("Counting", (), {"count": nothing, "set": nothing, "observe": nothing})()
        return World(
            kube=_Kube(self),
            vault=_Vault(self),
            lookup=_Lookup(self),
            secrets=_Secrets(self, self._key),
            events=_Events(self),
            memory=self.memory,
            counting=counting,
            now=lambda: self.now,
            chance=lambda: 0.5,
            enqueue=nothing,
            operator_namespace="keywave-system",
        )

    def run(self, reconcile: Callable[[Resource, World, int], Result], kind: str, name: str, times: int = 1) -> Result:
        """The last result. Once the object is gone nothing is done."""
        result = Result()
        for _ in range(times):
            body = self.body(kind, name)
            if body is not None:
                result = reconcile(resource_of(body), self.world(), 0)
        return result

    def restart(self) -> None:
        """Another process: nothing is remembered, nobody dies."""
        self.memory, self.die_at = ProcessMemory(), None

    def delete(self, kind: str, name: str) -> None:
        body = self.body(kind, name)
        assert body is not None
        body["metadata"]["deletionTimestamp"] = rfc3339(self.now)
        self._reap(Key(kind, TEAM, name))

    def call(self, effect: Callable[[], Any]) -> Any:
        self.calls += 1
        number, when = self.die_at or (0, "")
        if self.calls == number and when == "before":
            self.never_told |= self._last
            raise Died
        before = set(self.alive)
        made = effect()
        self._last = set(self.alive) - before
        if self.calls == number:
            self.never_told |= self._last
            raise Died
        return made

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.serial += 1
        metadata = body["metadata"]
        metadata["resourceVersion"] = str(self.serial)
        key = Key(body["kind"], metadata["namespace"], metadata["name"])
        metadata.setdefault("uid", f"uid-{self.serial}")
        self.objects[key] = body
        self._reap(key)
        return copy.deepcopy(body)

    def _reap(self, key: Key) -> None:
        metadata = self.objects[key]["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self.objects[key]


class _Kube:
    def __init__(self, model: Model) -> None:
        self.model = model

    def get(self, type: Type, namespace: str, name: str) -> Body | None:
        return copy.deepcopy(self.model.objects.get(Key(type.kind, namespace, name)))

    def apply(self, type: Type, body: Body, *, subresource: str = "", force: bool = True) -> Body:
        return self.model.call(lambda: self._laid(body))  # type: ignore[no-any-return]

    def replace(self, type: Type, body: Body, *, subresource: str = "") -> Body:
        return self.model.call(lambda: self.model._store(copy.deepcopy(dict(body))))  # type: ignore[no-any-return]

    def patch(self, type: Type, namespace: str, name: str, patch: Body, *, subresource: str = "") -> Body | None:
        return self.model.call(lambda: self._patched(Key(type.kind, namespace, name), patch))  # type: ignore[no-any-return]

    def delete(self, type: Type, namespace: str, name: str, *, uid: str = "") -> bool:
        return self.model.call(lambda: self.model.objects.pop(Key(type.kind, namespace, name), None) is not None)  # type: ignore[no-any-return]

    def _laid(self, body: Body) -> Body:
        metadata = body["metadata"]
        before = self.model.objects.get(Key(body["kind"], metadata["namespace"], metadata["name"]))
        version = metadata.get("resourceVersion")
        if before is not None and version and version != before["metadata"]["resourceVersion"]:
            raise KubeError("conflict", "the object has been modified")
        return self.model._store(_merged(before or {}, copy.deepcopy(dict(body))))

    def _patched(self, key: Key, patch: Body) -> Body | None:
        before = self.model.objects.get(key)
        if before is None:
            return None
        version = patch.get("metadata", {}).get("resourceVersion")
        if version and version != before["metadata"]["resourceVersion"]:
            raise KubeError("conflict", "the object has been modified")
        return self.model._store(_merged(before, copy.deepcopy(dict(patch))))


class _Vault:
    def __init__(self, model: Model) -> None:
        self.model = model

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        model = self.model
        model.asked.append(request.path)
        for beginning, fault in model.faults.items():
            if request.path.startswith(beginning):
                raise fault
        given = loads(request.body.encode()) if request.body else {}
        return model.call(lambda: self._answer(request.path, given))  # type: ignore[no-any-return]

    def read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float = 0.0) -> Payload:
        if request.path not in self.model.kv:
            return self.issue(plan, request)
        self.model.asked.append(request.path)
        data = self.model.kv[request.path]
        return Payload(data, data, at=self.model.now)

    def log_in(self, plan: LoginPlan) -> Token:
        return Token("accessor", self.model.now + 3600, True)

    def health(self, plan: ConnectionPlan) -> Health:
        return Health(False, False, "1.21.1")

    def renew_token(self, plan: LoginPlan, accessor: str) -> float | None:
        return 3600.0

    def _answer(self, path: str, given: Mapping[str, Any]) -> Payload:
        model = self.model
        if path == "sys/leases/renew":
            lease = str(given["lease_id"])
            if lease not in model.alive:
                raise VaultFault("refused", "lease not found")
            model.alive[lease] = min(model.now + model.life, model._born[lease] + model.longest)
            return self._leased(Payload({}), lease)
        if path == "sys/leases/revoke" or path.endswith("/revoke"):
            model.alive.pop(str(given.get("lease_id") or given.get("serial_number")), None)
            return Payload({}, at=model.now)
        model.serial += 1
        if "/issue/" in path:
            model.alive[f"serial-{model.serial}"] = model.now + model.life
            data = {"serial_number": f"serial-{model.serial}", "certificate": "c", "private_key": "k"}
            ends = Number(str(int(model.now + model.life)))
            return Payload({**data, "expiration": ends}, {**data, "expiration": ends}, at=model.now)
        lease = f"{path}/{model.serial}"
        model.alive[lease], model._born[lease] = model.now + model.life, model.now
        data = {"username": f"user-{model.serial}", "password": "p"}
        return self._leased(Payload(data, data), lease)

    def _leased(self, payload: Payload, lease: str) -> Payload:
        now = self.model.now
        left = int(self.model.alive[lease] - now)
        made = payload._replace(lease_id=lease, lease_duration=left, renewable=True, at=now)
        return made._replace(accessor="accessor", token_expires=now + 3600, token_renewable=True)


class _Lookup:
    def __init__(self, model: Model) -> None:
        self.model = model

    def find(self, key: Key) -> Resource | None:
        body = self.model.objects.get(key)
        return resource_of(body) if body else None

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        users = [resource_of(body) for body in self.model.objects.values()]
        return tuple(user for user in users if key in refers_to(user, "keywave-system", self.find))


class _Secrets:
    fresh_key = False

    def __init__(self, model: Model, key: MacKey) -> None:
        self.model, self.key = model, key

    def observe(self, namespace: str, name: str) -> Observed | None:
        body = self.model.objects.get(Key("Secret", namespace, name))
        return observed(body, self.key) if body else None

    def owned(self, owner: Resource) -> tuple[str, ...]:
        return ()

    def mac(self, data: Mapping[str, bytes]) -> str:
        return self.key.of(data)

    def note(self, body: Body) -> Observed:
        return observed(body, self.key)

    def forget(self, namespace: str, name: str) -> None:
        return None


class _Events:
    def __init__(self, model: Model) -> None:
        self.model = model

    def tell(self, resource: Resource, reason: str, message: str, *, warning: bool = False) -> None:
        self.model.events.append((reason, message))


def _merged(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(before)
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        elif isinstance(value, dict):
            inner = made.get(name)
            made[name] = _merged(inner if isinstance(inner, dict) else {}, value)
        else:
            made[name] = value
    return made
