"""A VaultStaticSecret and a VaultCompositeSecret of KV secrets: what each failure tells, what stays, and that any crash ends well."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from controller.model_world import TEAM, Died, Model

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


def story(made: Server) -> None:
    """First sync, nothing new, another value, its restart."""
    made.reconcile(2)
    made.now += 31
    made.reconcile()
    made.kv["kv/app"] = {"a": "2"}
    made.now += 31
    made.reconcile()
    made.now += 3
    made.reconcile(2)


def writes(kind: str) -> int:
    made = Server(kind)
    story(made)
    assert (made.data(), made.restarts) == ({"a": "2"}, 1)
    return made.writes


MOMENTS = [(kind, number) for kind in KINDS for number in range(1, writes(kind) + 1)]


@pytest.mark.parametrize(("kind", "number"), MOMENTS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_anywhere_ends_with_the_right_secret_and_one_restart(
    kind: str, number: int, when: str
) -> None:
    made = Server(kind)
    made.die_at = (number, when)
    with pytest.raises(Died):
        story(made)
    made.restart()
    changed = made.kv["kv/app"] == {"a": "2"}
    made.settle()

    assert made.data() == made.kv["kv/app"]
    assert made.restarts == int(changed)
    assert (made.condition("Ready"), made.condition("SecretSynced")) == (
        ("True", "SecretSynced"),
        ("True", "SecretSynced"),
    )
    assert made.status()["restartedFor"] == made.status()["secretMAC"]


@pytest.mark.parametrize(("kind", "number"), MOMENTS)
@pytest.mark.parametrize("reason", ["conflict", "unreachable"])
def test_a_write_that_kubernetes_refuses_once_changes_nothing_at_the_end(kind: str, number: int, reason: str) -> None:
    made = Server(kind)
    made.refuse = {number: reason}
    made.settle()
    made.kv["kv/app"] = {"a": "2"}
    made.settle()

    assert (made.data(), made.restarts) == ({"a": "2"}, 1)
    assert made.condition("SecretSynced") == ("True", "SecretSynced")
    assert "CANARY" not in str(made.status()) + str(made.events) or reason == "unreachable"


FAULTS = {
    "forbidden": "VaultForbidden",
    "absent": "VaultNotFound",
    "deleted": "VaultSecretDeleted",
    "refused": "VaultRefused",
    "login": "VaultLoginFailed",
    "sealed": "VaultSealed",
    "rate-limited": "VaultRateLimited",
    "unreachable": "VaultUnreachable",
    "invalid": "InvalidConfiguration",
}


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


@every_kind
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_of_vault_is_told_once_and_the_last_good_secret_stays(kind: str, fault: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    body, made.events = made.body("Secret", "creds"), []
    version = (body or {})["metadata"]["resourceVersion"]

    made.now += 31
    failing(made, VaultFault(fault, "in our words"))
    results = [made.reconcile(failures=number) for number in range(4)]

    assert [(result.failed, result.reason) for result in results] == [(True, FAULTS[fault])] * 4
    assert [result.after for result in results] == sorted(result.after or 0 for result in results)
    assert made.condition("Ready") == ("True", FAULTS[fault])
    assert made.condition("SecretSynced") == ("False", FAULTS[fault])
    assert [reason for reason, _ in made.events] == [FAULTS[fault]]
    assert (made.body("Secret", "creds") or {})["metadata"]["resourceVersion"] == version
    before = made.writes
    made.reconcile(3, failures=5)
    assert made.writes == before

    failing(made, None)
    made.reconcile()
    assert made.condition("SecretSynced") == ("True", "SecretSynced")
    assert made.restarts == 0


@every_kind
def test_an_object_that_never_had_its_secret_is_not_ready(kind: str) -> None:
    made = Server(kind)
    failing(made, VaultFault("forbidden", "403"))
    made.reconcile(2)
    assert (made.condition("Ready"), made.condition("SecretSynced")) == (
        ("False", "VaultForbidden"),
        ("False", "VaultForbidden"),
    )
    assert made.body("Secret", "creds") is None


@every_kind
def test_a_new_generation_that_cannot_be_synced_is_not_ready(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.objects[Key(kind, TEAM, "app")]["metadata"]["generation"] = 2
    failing(made, VaultFault("absent", "404"))
    made.reconcile()
    assert made.condition("Ready") == ("False", "VaultNotFound")
    assert made.data() == {"a": "1"}


@every_kind
def test_a_server_that_names_a_time_is_given_it(kind: str) -> None:
    made = Server(kind)
    failing(made, VaultFault("rate-limited", "429", retry_after=45.0))
    assert made.reconcile().after == 45.0


@every_kind
def test_nothing_is_read_or_written_between_two_refreshes_and_a_refresh_without_change_writes_nothing(
    kind: str,
) -> None:
    made = Server(kind)
    made.reconcile(2)
    writes, asked = made.writes, len(made.asked)
    for _ in range(4):
        made.now += 5
        made.reconcile()
    assert (made.writes, len(made.asked)) == (writes, asked)
    made.now += 11
    made.reconcile()
    assert (made.writes, len(made.asked)) == (writes, asked + 1)


@every_kind
def test_the_annotation_refreshes_once_and_suspend_leaves_all_alone(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    body = made.objects[Key(kind, TEAM, "app")]
    body["metadata"]["annotations"] = {"reconcile.keywave.dev/refresh": "now"}
    made.kv["kv/app"] = {"a": "2"}
    asked = len(made.asked)
    made.reconcile(3)
    assert (made.data(), len(made.asked) - asked, made.status()["lastRefreshRequest"]) == ({"a": "2"}, 1, "now")

    made.objects[Key(kind, TEAM, "app")]["metadata"]["annotations"] = {"reconcile.keywave.dev/suspend": "true"}
    made.kv["kv/app"] = {"a": "3"}
    made.now += 100
    assert made.reconcile(2) == Result(reason="Suspended")
    assert (made.data(), len(made.asked) - asked) == ({"a": "2"}, 1)
    assert made.condition("SecretSynced") == ("Unknown", "Suspended")
    assert made.condition("Ready") == ("True", "Suspended")


@every_kind
@pytest.mark.parametrize("change", ["data", "labels", "gone"])
def test_drift_is_mended_without_a_restart(kind: str, change: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    key = Key("Secret", TEAM, "creds")
    if change == "gone":
        del made.objects[key]
    elif change == "labels":
        made.objects[key]["metadata"]["labels"] = {}
    else:
        made.objects[key]["data"] = {"a": "eA==", "more": "eA=="}
    made.reconcile(2)
    made.now += 3
    made.reconcile()
    labels = (made.body("Secret", "creds") or {})["metadata"]["labels"]
    assert (made.data()["a"], labels["app.kubernetes.io/managed-by"], made.restarts) == ("1", "hashicorp-vso", 0)


@every_kind
def test_two_changes_within_two_seconds_are_one_restart(kind: str) -> None:
    made = Server(kind, refreshAfter="1s")
    made.reconcile(2)
    for value in ("2", "3"):
        made.kv["kv/app"] = {"a": value}
        made.now += 0.95
        made.reconcile()
    made.now += 1.5
    made.reconcile(2)
    made.now += 5
    made.reconcile(3)
    assert (made.data(), made.restarts) == ({"a": "3"}, 1)
    assert made.status()["restartedFor"] == made.status()["secretMAC"]
