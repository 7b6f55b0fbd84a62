"""An answer that is what it was makes nothing new; status, restarts and Ready tell the truth after whatever went wrong."""

from __future__ import annotations

from typing import Any

import pytest
from controller.model_world import TEAM
from controller.refreshed_world import DESTINATION, Server, Watched, every_kind, failing

from keywave.controller.kinds import refreshed
from keywave.controller.mac import MacKey
from keywave.controller.model import Key
from keywave.controller.ports import World
from keywave.gotemplate.values import Number
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

RANDOM = {
    **DESTINATION,
    "transformation": {"excludeRaw": True, "templates": {"salt": {"text": "{{ randInt 0 1000000000 }}"}}},
}
LABELLED = {
    **DESTINATION,
    "transformation": {"excludeRaw": True, "templates": {"tier": {"text": "{{ .Labels.tier }}"}}},
}
TOGETHER = (("True", "SecretSynced"), ("True", "SecretSynced"))


def conditions(made: Server) -> tuple[tuple[str, str], tuple[str, str]]:
    return made.condition("Ready"), made.condition("SecretSynced")


def refresh(made: Server, times: int = 1) -> None:
    for _ in range(times):
        made.now += 31
        made.reconcile(2)


def change(made: Server, **metadata: Any) -> None:
    """Of the object, as a person changes it."""
    body = made.objects[Key(made.kind, TEAM, "app")]
    body["metadata"] = {**body["metadata"], **metadata}
    made._store(body)


@every_kind
def test_a_template_that_is_new_each_time_rotates_with_the_secret_and_not_with_each_refresh(kind: str) -> None:
    made = Server(kind, destination=RANDOM)
    made.reconcile(2)
    salt, writes = made.data()["salt"], made.writes
    refresh(made, 4)
    assert (made.data()["salt"], made.writes, made.restarts) == (salt, writes, 0)

    made.kv["kv/app"] = {"a": "2"}
    refresh(made, 4)
    assert (made.data()["a"], made.data()["salt"] != salt, made.restarts) == ("2", True, 1)


@every_kind
def test_a_drifted_secret_is_made_anew_though_vault_says_the_same(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    refresh(made, 2)
    del made.objects[Key("Secret", TEAM, "creds")]
    made.reconcile(2)
    assert (made.data(), made.restarts, conditions(made)) == ({"a": "1"}, 0, TOGETHER)


@every_kind
def test_a_number_that_becomes_a_text_of_the_same_digits_is_a_change(kind: str) -> None:
    made = Server(kind)
    made.kv["kv/app"] = {"a": [Number("1")]}
    made.reconcile(2)
    assert made.data() == {"a": "[1]"}
    made.kv["kv/app"] = {"a": ["1"]}
    refresh(made)
    assert made.data() == {"a": '["1"]'}


@every_kind
def test_a_label_that_a_template_reads_and_a_shared_transformation_count_with_an_equal_answer(kind: str) -> None:
    made = Server(kind, destination=LABELLED)
    change(made, labels={"tier": "gold"})
    made.reconcile(2)
    change(made, labels={"tier": "tin"})
    refresh(made)
    assert made.data() == {"a": "1", "tier": "tin"}

    shared = {"excludeRaw": True, "transformationRefs": [{"name": "common"}]}
    made = Server(kind, destination={**DESTINATION, "transformation": shared})
    made.put("SecretTransformation", "common", {"templates": {"b": {"text": "x"}}})
    made.reconcile(2)
    made.put("SecretTransformation", "common", {"templates": {"b": {"text": "y"}}}, generation=2)
    refresh(made)
    assert made.data() == {"a": "1", "b": "y"}


@every_kind
def test_a_refresh_without_change_forms_no_data_and_no_status(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Server(kind)
    made.reconcile(2)
    refresh(made)
    for name in ("_data", "_tell"):
        monkeypatch.delattr(refreshed, name)
    asked = len(made.asked)
    refresh(made, 3)
    assert len(made.asked) == asked + 3


@every_kind
def test_a_status_that_somebody_changes_is_put_right_at_the_next_refresh(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    refresh(made)
    body = made.objects[Key(kind, TEAM, "app")]
    body["status"] = {**body["status"], "secretName": "wrong"}
    made._store(body)
    refresh(made)
    assert made.status()["secretName"] == "creds"


@every_kind
@pytest.mark.parametrize("hmac", [True, False])
def test_without_hmac_the_status_has_no_mac_and_nothing_is_restarted_but_drift_is_mended(kind: str, hmac: bool) -> None:
    made = Server(kind, hmacSecretData=hmac)
    made.reconcile(2)
    writes = made.writes
    refresh(made, 2)
    assert (made.writes, "secretMAC" in made.status()) == (writes, hmac)

    made.objects[Key("Secret", TEAM, "creds")]["data"] = {"a": "eA=="}
    made.reconcile(2)
    assert made.data() == {"a": "1"}

    made.kv["kv/app"] = {"a": "2"}
    refresh(made, 2)
    assert (made.data(), made.restarts) == ({"a": "2"}, int(hmac))

    made.restart()
    asked = len(made.asked)
    made.reconcile()
    assert len(made.asked) == asked  # not all at once after a start


@every_kind
def test_a_failure_of_kubernetes_that_is_over_is_told_to_be_over_at_once(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    world = made.world

    def away() -> World:
        found = world()
        found.secrets.observe = _refuse  # type: ignore[method-assign]
        return found

    made.world = away  # type: ignore[method-assign]
    made.reconcile()
    assert conditions(made) == (("True", "K8sClientError"), ("False", "K8sClientError"))
    made.world = world  # type: ignore[method-assign]
    made.reconcile()
    assert conditions(made) == TOGETHER


def _refuse(*anything: Any) -> Any:
    raise KubeError("unreachable", "500")


@every_kind
def test_what_is_no_longer_suspended_is_in_sync_at_once(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    change(made, annotations={"reconcile.keywave.dev/suspend": "true"})
    made.reconcile()
    assert made.condition("SecretSynced") == ("Unknown", "Suspended")
    change(made, annotations={})
    made.reconcile()
    assert conditions(made) == TOGETHER


@every_kind
def test_ready_is_false_while_the_secret_is_gone_and_cannot_be_made(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    del made.objects[Key("Secret", TEAM, "creds")]
    failing(made, VaultFault("sealed", "sealed"))
    made.reconcile()
    assert conditions(made) == (("False", "VaultSealed"), ("False", "VaultSealed"))
    failing(made, None)
    made.reconcile()
    assert (conditions(made), made.data()) == (TOGETHER, {"a": "1"})


@every_kind
@pytest.mark.parametrize("problem", [VaultFault("rate-limited", "429", retry_after=1e6), None])
def test_no_server_makes_an_object_wait_for_more_than_five_minutes(kind: str, problem: VaultFault | None) -> None:
    made = Server(kind)
    refusal: Any = problem or KubeError("busy", "429", retry_after=1e6)
    failing(made, refusal)
    assert made.reconcile().after == 300.0


def with_key(made: Server, key: bytes) -> None:
    """Another process, whose key of MACs it made itself."""
    made.restart()
    made._key = MacKey(key)
    world = made.world

    def fresh() -> World:
        found = world()
        found.secrets.fresh_key = True  # type: ignore[misc]
        return found

    made.world = fresh  # type: ignore[method-assign]


@every_kind
def test_a_key_that_was_lost_restarts_nothing_where_the_secret_is_what_vault_has(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    mac, version = made.status()["secretMAC"], (made.body("Secret", "creds") or {})["metadata"]["resourceVersion"]
    with_key(made, b"n" * 16)
    made.settle()
    assert (made.restarts, made.status()["secretMAC"] != mac) == (0, True)
    assert made.status()["restartedFor"] == made.status()["secretMAC"]
    assert (made.body("Secret", "creds") or {})["metadata"]["resourceVersion"] == version

    made.kv["kv/app"] = {"a": "2"}
    made.settle()
    assert (made.data(), made.restarts) == ({"a": "2"}, 1)


@every_kind
@pytest.mark.parametrize("number", [0, 1, 2])
def test_with_a_new_key_too_a_change_restarts_once_also_after_a_write_that_failed(kind: str, number: int) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.kv["kv/app"] = {"a": "2"}
    with_key(made, b"n" * 16)
    made.refuse = {made.writes + number: "unreachable"}
    made.settle()
    assert (made.data(), made.restarts) == ({"a": "2"}, 1)


@every_kind
def test_with_a_new_key_a_restart_that_was_still_to_come_is_made(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.kv["kv/app"] = {"a": "2"}
    made.now += 31
    made.reconcile()  # written and told; the restart waits for its window
    assert made.restarts == 0
    with_key(made, b"n" * 16)
    made.settle()
    assert (made.data(), made.restarts) == ({"a": "2"}, 1)


@every_kind
def test_with_a_new_key_a_restart_is_owed_by_the_status_also_after_a_write_that_failed(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.kv["kv/app"] = {"a": "2"}
    with_key(made, b"n" * 16)
    made.refuse = {made.writes + 2: "unreachable"}  # the status after the Secret
    made.reconcile(2)
    status = made.status()
    assert (made.data(), made.restarts, status["restartedFor"] != status["secretMAC"]) == ({"a": "2"}, 0, True)


@every_kind
def test_what_has_not_changed_is_not_judged_again_and_what_has_is(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    judge = refreshed.judge
    monkeypatch.setattr(refreshed, "judge", lambda *given: judged.append("") or judge(*given))
    made = Watched(kind)
    made.settle()
    judged.clear()
    for _ in range(5):
        made.now += 31
        made.reconcile()
    assert judged == []

    for value in ("2", "1", "2"):
        made.kv["kv/app"] = {"a": value}
        made.settle()
        assert made.data() == {"a": value}
    body = made.objects[Key("Secret", TEAM, "creds")]
    made._store({**body, "data": {"a": "eA=="}, "metadata": dict(body["metadata"])})
    made.settle()

    assert made.data() == {"a": "2"}
    assert made.restarts == 3
