"""A VaultStaticSecret and a VaultCompositeSecret of KV secrets: what each failure tells, what stays, and that any crash ends well."""

from __future__ import annotations

import pytest
from controller.model_world import TEAM, Died
from controller.refreshed_world import KINDS, Server, every_kind, failing

from keywave.controller.model import Key, Result
from keywave.vault.values import VaultFault


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
@pytest.mark.parametrize("meanwhile", ["", "the Secret is deleted"])
def test_a_process_that_dies_anywhere_ends_with_the_right_secret_and_one_restart(
    kind: str, number: int, when: str, meanwhile: str
) -> None:
    """Nor does a repair, which writes the Secret later than the restart was, make another one."""
    made = Server(kind)
    made.die_at = (number, when)
    with pytest.raises(Died):
        story(made)
    made.restart()
    if meanwhile:
        made.now += 5
        made.objects.pop(Key("Secret", TEAM, "creds"), None)
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
    made.now += made.reconcile().after or 0
    after = made.reconcile().after or 0
    writes, asked = made.writes, len(made.asked)
    for _ in range(4):
        made.now += after / 5
        made.reconcile()
    assert (made.writes, len(made.asked), 24 <= after <= 27) == (writes, asked, True)
    made.now += after / 5 + 0.01
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


@every_kind
def test_a_value_that_returns_is_another_restart_also_where_the_first_was_inherited(kind: str) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.kv["kv/app"] = {"a": "2"}
    made.now += 31
    made.reconcile()  # the Secret is written, the restart is due in two seconds
    made.restart()
    restarts = []
    for value in ("2", "3", "2"):
        made.kv["kv/app"] = {"a": value}
        made.settle()
        restarts.append(made.restarts)

    assert restarts == [1, 2, 3]
