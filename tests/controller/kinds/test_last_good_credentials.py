"""The last good credentials live through every failure, and nothing is asked for again and again."""

from __future__ import annotations

from typing import Any

import pytest
from controller.leased_model import KINDS, VDS, Cluster
from controller.model_world import NOW, TEAM, Died

from keywave.controller.kinds.leases import token_ends
from keywave.controller.kinds.replaced import SETTLED
from keywave.controller.model import Key
from keywave.controller.ports import World
from keywave.controller.status import rfc3339
from keywave.gotemplate.values import Number
from keywave.kube.api_server import KubeError
from keywave.vault.values import Payload, VaultFault

PROBLEMS: dict[str, dict[str, Any]] = {
    "a path that Vault refuses": {"path": "creds/other"},
    "a template that cannot be read": {
        "destination": {"name": "creds", "create": True, "transformation": {"templates": {"x": {"text": "{{"}}}}
    },
    "a destination that is somebody else's": {"destination": {"name": "theirs", "create": True}},
    "a name that no Secret can have": {"destination": {"name": "NO", "create": True}},
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_the_last_good_credentials_live_while_new_ones_cannot_be_had(case: str) -> None:
    made = Cluster()
    made.life = 60
    made.put("Secret", "theirs", {})
    made.faults = {"db/creds/other": VaultFault("forbidden", "no")}
    made.work(2)
    (lease,) = made.alive
    made.change(**PROBLEMS[case])

    made.work(7200, step=60)

    assert made.alive[lease] > made.now
    assert (made.body("Secret", "creds") or {})["metadata"]["annotations"]["reconcile.keywave.dev/lease"] == lease
    assert token_ends(made.status()) > made.now


def crashed(made: Cluster) -> str:
    """After the Secret's write and before the status; the lease."""
    for number in range(1, 30):
        fresh = Cluster(VDS, **dict(made.objects[Key(VDS, TEAM, "app")]["spec"]))
        if made.body("Secret", "creds"):
            fresh.put("Secret", "creds", {}, labels={})
        fresh.die_at = (number, "after")
        try:
            fresh.work(2)
        except Died:
            if (
                fresh.alive
                and (fresh.body("Secret", "creds") or {}).get("data")
                and not fresh.status().get("secretLease")
            ):
                made.__dict__.update(fresh.__dict__)
                made.restart()
                (lease,) = made.alive
                return lease
    raise AssertionError("never")


def test_after_a_crash_the_lease_hangs_on_the_token_that_made_it_not_on_the_one_that_renews_it() -> None:
    made = Cluster()
    lease = crashed(made)
    world = made.world

    def another() -> World:
        found = world()
        issue = found.vault.issue
        found.vault.issue = lambda plan, request: issue(plan, request)._replace(
            accessor="new", token_expires=made.now + 9
        )  # type: ignore[method-assign]
        return found

    made.world = another  # type: ignore[method-assign]
    made.work(2)

    token = {"accessor": "accessor", "renewable": True, "vaultAuthRef": "team/app", "expireTime": rfc3339(NOW + 3600)}
    assert (made.status()["secretLease"]["id"], made.status()["token"], made.issued()) == (lease, token, 1)


@pytest.mark.parametrize("why", ["the spec has changed", "nobody knows its token"])
def test_after_a_crash_a_lease_that_cannot_be_taken_on_is_replaced_and_revoked(why: str) -> None:
    made = Cluster()
    lease = crashed(made)
    if why == "the spec has changed":
        made.change(path="creds/other")
    else:
        del (made.body("Secret", "creds") or {})["metadata"]["annotations"]["reconcile.keywave.dev/issued"]

    made.work(2)
    assert made.status()["secretLease"]["id"] != lease
    assert [entry["id"] for entry in made.status()["pendingRevocations"]] == [lease]
    made.work(SETTLED + 5)

    assert lease not in made.alive


def test_a_lease_in_a_secret_of_somebody_else_is_known_after_a_crash() -> None:
    made = Cluster(destination={"name": "creds"})
    made.put("Secret", "creds", {})
    lease = crashed(made)
    made.work(2)
    assert lease in [entry["id"] for entry in made.status()["pendingRevocations"]]

    made.delete(VDS, "app")
    made.work(2)

    assert made.alive == {}


@pytest.mark.parametrize("reason", ["forbidden", "invalid"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_kubernetes_refuses_is_not_issued_again_and_again(kind: str, reason: str) -> None:
    made = Cluster(kind)
    made.refused = {"Secret": KubeError(reason, "no")}
    made.work(290, step=20)
    assert made.issued() == 1

    made.work(60, step=20)
    assert made.issued() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_secret_that_may_not_be_deleted_issues_nothing_anew_and_goes_later(kind: str) -> None:
    made = Cluster(kind)
    made.work(2)
    made.change(destination={"name": "new", "create": True})
    made.refused = {"delete": KubeError("forbidden", "no")}
    made.work(300, step=20)
    assert (made.issued(), bool(made.body("Secret", "creds")), bool(made.body("Secret", "new"))) == (2, True, True)

    made.refused = {}
    made.work(100, step=20)

    assert (made.issued(), made.body("Secret", "creds"), made.status()["secretName"]) == (2, None, "new")


def static_role(made: Cluster, **data: str) -> None:
    rotated = {
        "username": "u",
        "password": "p",
        "rotation_period": Number("3600"),
        "last_vault_rotation": "2027-01-15T07:00:00Z",
    }
    world = made.world

    def answering() -> World:
        found = world()

        def read(plan: Any, request: Any, max_age: float = 0.0) -> Payload:
            made.asked.append(request.path)
            made.serial += 1
            known = {**rotated, **{name: Number(text) for name, text in data.items()}} if data else {"username": "u"}
            return Payload(known, known, at=made.now, request_id=f"r{made.serial}")

        found.vault.issue = found.vault.read = read  # type: ignore[method-assign,assignment]
        return found

    made.world = answering  # type: ignore[method-assign]


def test_a_static_role_that_vault_cannot_rotate_is_read_ever_more_seldom_and_nothing_is_written() -> None:
    made = Cluster(path="static-creds/app", allowStaticCreds=True)
    static_role(made, ttl="0")
    made.work(2)
    calls, asked = made.calls, len(made.asked)
    made.work(600, step=600)

    assert made.calls == calls
    assert len(made.asked) - asked <= 11


def test_credentials_without_a_lease_that_stay_the_same_are_read_and_not_written() -> None:
    made = Cluster(refreshAfter="10s")
    static_role(made)
    made.work(2)
    calls, asked = made.calls, len(made.asked)
    made.work(100, step=100)

    assert made.calls == calls
    assert 10 <= len(made.asked) - asked <= 13


@pytest.mark.parametrize("life", [0, 1])
def test_a_lease_that_ends_at_once_is_not_asked_for_at_once_again(life: int) -> None:
    made = Cluster()
    made.life = life
    made.work(60)

    assert made.issued() <= 13


def test_a_lease_without_end_is_written_down_all_the_same() -> None:
    made = Cluster()
    made.life = 10**15
    made.work(2)

    assert made.status()["leaseExpireTime"] == "2126-12-22T08:00:00Z"


@pytest.mark.parametrize("forged", ["db/creds/other/9", "mq/creds/app/9"])
def test_a_secret_cannot_have_another_lease_ended_by_naming_it(forged: str) -> None:
    made = Cluster()
    crashed(made)
    made.alive[forged] = made.now + 3600
    (made.body("Secret", "creds") or {})["metadata"]["annotations"]["reconcile.keywave.dev/lease"] = forged
    made.work(SETTLED + 5)
    made.delete(VDS, "app")
    made.work(2)

    assert forged in made.alive
