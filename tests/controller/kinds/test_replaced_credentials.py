"""Old credentials live until nobody can use them any more; what is to be done at an object's end is held from the start."""

from __future__ import annotations

from typing import Any

import pytest
from controller.leased_model import KINDS, PKI, TARGETS, VDS, Cluster
from controller.model_world import NOW, TEAM

from keywave.controller.kinds.replaced import LOOK, SETTLED
from keywave.controller.model import Key
from keywave.controller.ports import World
from keywave.controller.status import rfc3339
from keywave.gotemplate.values import Number
from keywave.vault.values import Payload, VaultFault


def replaced(made: Cluster) -> str:
    """One of two that live: the old one."""
    made.work(2)
    (old,) = made.alive
    made.annotate(refresh="now")
    made.work(3)
    assert len(made.alive) == 2
    return old


@pytest.mark.parametrize("kind", KINDS)
def test_old_credentials_live_until_the_rollout_is_complete_and_its_last_pod_has_had_time_to_end(kind: str) -> None:
    made = Cluster(kind, rolloutRestartTargets=TARGETS)
    old = replaced(made)
    made.rolled(updatedReplicas=2)
    made.work(600)
    assert old in made.alive

    made.rolled()
    made.work(9)
    assert old in made.alive
    made.work(90)

    assert old not in made.alive
    assert "pendingRevocations" not in made.status()


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_that_does_not_move_keeps_them_until_they_end_by_themselves(kind: str) -> None:
    made = Cluster(kind, rolloutRestartTargets=TARGETS)
    (made.body("Deployment", "web") or {})["spec"]["paused"] = True
    old = replaced(made)
    made.rolled()
    looks = made.looks
    made.work(1800, step=30)
    assert old in made.alive
    assert (made.looks - looks) < 45

    made.faults = {"sys/leases/renew": VaultFault("unreachable", "away")}
    made.now = made.alive[old] + 1
    made.work(2)

    assert old not in [entry["id"] for entry in made.status().get("pendingRevocations") or ()]
    assert [reason for reason, _ in made.events if reason == "SecretLeaseOrphaned"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_without_workloads_to_restart_they_live_as_long_as_a_kubelet_may_take(kind: str) -> None:
    made = Cluster(kind)
    old = replaced(made)
    made.work(SETTLED - 10)
    assert old in made.alive

    made.work(10)

    assert old not in made.alive


@pytest.mark.parametrize("kind", KINDS)
def test_a_rollout_after_a_restart_of_the_process_is_seen_by_the_workload_itself(kind: str) -> None:
    made = Cluster(kind, rolloutRestartTargets=TARGETS)
    old = replaced(made)
    made.rolled()
    made.restart()
    made.work(30)

    assert old not in made.alive


def test_a_lease_that_is_not_to_be_revoked_is_not_when_it_is_replaced() -> None:
    made = Cluster(revoke=False)
    old = replaced(made)
    made.work(SETTLED + 60)

    assert old in made.alive


@pytest.mark.parametrize("kind", KINDS)
def test_a_revocation_that_is_wanted_only_later_holds_all_that_it_needs(kind: str) -> None:
    made = Cluster(kind, revoke=False)
    made.work(2)
    made.objects[Key("VaultAuth", TEAM, "app")]["metadata"].pop("finalizers", None)
    made.change(revoke=True)
    made.work(2)
    assert made.issued() == 1
    assert made.objects[Key("VaultAuth", TEAM, "app")]["metadata"]["finalizers"]

    made.delete(kind, "app")
    made.work(2)

    assert (made.alive, made.body(kind, "app")) == ({}, None)


def test_a_certificate_leaves_the_secret_of_somebody_else_also_when_vault_does_not_answer() -> None:
    made = Cluster(PKI, clear=True, destination={"name": "theirs"})
    made.put("Secret", "theirs", {})
    made.work(2)
    made.faults = {"pki/revoke": VaultFault("unreachable", "away")}
    made.delete(PKI, "app")
    made.work(1)

    assert (made.body("Secret", "theirs") or {})["data"] == {}


def test_a_certificate_whose_end_the_object_names_is_not_issued_again_before_it() -> None:
    made = Cluster(PKI, notAfter=rfc3339(NOW + 3600))
    made.work(4000, step=60)

    assert made.issued() == 1


def test_a_certificate_that_the_ca_lets_end_no_later_is_kept_and_tried_again_seldom_and_told_of() -> None:
    made = Cluster(PKI)
    made.work(2)
    (serial,) = made.alive
    end, world = int(made.alive[serial]), made.world

    def ending() -> World:
        found = world()
        issue = found.vault.issue

        def truncated(plan: Any, request: Any) -> Payload:
            payload = issue(plan, request)
            return payload._replace(data={**payload.data, "expiration": Number(str(end))}) if payload.data else payload

        found.vault.issue = truncated  # type: ignore[method-assign]
        return found

    made.world = ending  # type: ignore[method-assign]
    made.work(3600, step=60)

    assert (made.status()["serialNumber"], list(made.alive)) == (serial, [serial])
    assert made.issued() <= 3
    assert [message for reason, message in made.events if reason == "InvalidConfiguration" and rfc3339(end) in message]


@pytest.mark.parametrize("kind", KINDS)
def test_drift_that_no_watch_tells_of_is_mended_within_minutes(kind: str) -> None:
    made = Cluster(kind)
    result = made.work(3)
    assert (result.after or 9999) <= LOOK

    (made.body("Secret", "creds") or {})["data"]["password"] = "Zm9yZWlnbg=="
    made.work(LOOK + 1, step=LOOK + 1)

    assert made.issued() == 2


def test_credentials_whose_last_renewal_was_cut_short_are_revoked_with_their_object_all_the_same() -> None:
    made = Cluster(VDS, rolloutRestartTargets=TARGETS)
    made.longest = made.life + made.life // 2
    made.work(made.life * 0.8, step=10)  # at 67 percent it is renewed for less than before, and others are issued
    assert made.issued() == 2
    old, _ = made.alive
    ends = [entry["expireTime"] for entry in made.status()["pendingRevocations"]]
    assert ends == [rfc3339(made.alive[old])]

    made.now = made.alive[old] - 5  # what the status said of it before that renewal is over
    made.work(1)
    made.delete(VDS, "app")
    made.work(2)

    assert made.alive == {}


def test_where_others_cannot_be_had_it_is_known_until_when_the_old_ones_live() -> None:
    made = Cluster(VDS, rolloutRestartTargets=TARGETS)
    made.longest = made.life + made.life // 2
    made.work(made.life * 0.5, step=10)
    made.faults = {"db/creds": VaultFault("unreachable", "away")}
    made.work(made.life * 0.3, step=10)
    (old,) = made.alive
    assert made.status()["leaseExpireTime"] == rfc3339(made.alive[old])

    made.faults, made.now = {}, made.alive[old] - 5
    made.work(2)

    assert [entry["id"] for entry in made.status()["pendingRevocations"]] == [old]


def test_a_lease_that_was_renewed_by_a_request_whose_answer_was_lost_is_revoked_with_the_object() -> None:
    made = Cluster(VDS, rolloutRestartTargets=TARGETS)
    made.work(2)
    (old,) = made.alive
    made.now += made.life - 5
    made.alive[old] = made.now + made.life  # Vault has renewed it
    made.restart()
    made.now += 10  # the status says that it has ended
    made.work(2)
    assert made.issued() == 2
    made.delete(VDS, "app")
    made.work(2)

    assert made.alive == {}


def test_a_failure_after_a_renewal_that_was_cut_short_stays_told() -> None:
    made = Cluster(VDS)
    made.longest = made.life + made.life // 2
    world = made.world
    made.world = lambda: world()._replace(chance=lambda: 0.99 if made.faults else 0.0)  # type: ignore[method-assign]
    made.work(2)
    made.faults = {"db/creds": VaultFault("unreachable", "away")}
    told = []
    for _ in range(95):
        made.work(made.life * 0.01, step=5)
        told.append(next(one["status"] for one in made.status()["conditions"] if one["type"] == "SecretSynced"))

    assert (set(told[:60]), set(told[69:])) == ({"True"}, {"False"})  # due at 67 percent


def test_a_lease_is_revoked_with_its_replacement_though_no_renewal_of_it_could_be_noted() -> None:
    made = Cluster(VDS)
    made.work(10)
    (old,) = made.alive
    made.now += made.life * 0.7
    made.alive[old] = made.now + made.life  # by a renewal whose answer was lost
    made.annotate(refresh="now")
    made.now += made.life * 0.3 - 60  # a minute before the end that the status knows
    made.work(600, step=10)
    assert made.issued() == 2
    assert old not in made.living()
