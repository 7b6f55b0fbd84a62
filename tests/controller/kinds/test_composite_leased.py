"""A composite with leased sources: each lives by itself, and whenever the process dies nothing is lost."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from controller.model_world import Died, Model

from keywave.controller.kinds import composite
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

KIND = "VaultCompositeSecret"
KV = {"name": "app", "kv": {"mount": "kv", "path": "app", "type": "kv-v1"}}
DB = {"name": "db", "dynamic": {"mount": "db", "path": "creds/app"}, "keys": {"DB_USER": "username"}}
MQ = {"name": "mq", "dynamic": {"mount": "mq", "path": "creds/app"}, "keys": {"MQ_USER": "username"}}
TEMPLATED = {"templates": {"dsn": {"text": 'db://{{ get .Secrets "DB_USER" }}'}}}


def model(*sources: dict[str, Any], **destination: Any) -> Model:
    made = Model()
    made.life = 1000
    made.login()
    made.kv["kv/app"] = {"mode": "one"}
    made.put(KIND, "app", spec(*sources, **destination))
    return made


def spec(*sources: dict[str, Any], **destination: Any) -> dict[str, Any]:
    target = {"name": "all", "create": True, **destination}
    return {"vaultAuthRef": "app", "refreshAfter": "30s", "sources": list(sources), "destination": target}


def run(made: Model, times: int = 1) -> Any:
    return made.run(composite.reconcile, KIND, "app", times)


def secret(made: Model) -> dict[str, str]:
    body = made.body("Secret", "all")
    assert body is not None
    return {key: base64.b64decode(value).decode() for key, value in body["data"].items()}


def change(made: Model, to: dict[str, Any]) -> None:
    body = made.body(KIND, "app")
    assert body is not None
    body["spec"] = to
    body["metadata"]["generation"] += 1


def story(made: Model) -> None:
    """First sync, another value in Vault, a renewal, the end of a lease."""
    run(made, 2)
    made.now += 40
    made.kv["kv/app"] = {"mode": "two"}
    run(made, 2)
    made.now += 700
    run(made, 2)
    made.now += 1100
    run(made, 2)
    made.now += 130
    run(made, 2)


def calls(*sources: dict[str, Any], **destination: Any) -> int:
    made = model(*sources, **destination)
    story(made)
    return made.calls


MOMENTS = [(n, when) for n in range(1, calls(KV, DB, MQ) + 1) for when in ("before", "after")]


@pytest.mark.parametrize(("number", "when"), MOMENTS)
def test_a_process_that_dies_loses_nothing(number: int, when: str) -> None:
    made = model(KV, DB, MQ)
    made.die_at = (number, when)
    with pytest.raises(Died):
        story(made)
    made.restart()

    for _ in range(5):
        run(made)
        made.now += 65
    run(made)

    held = secret(made)
    leases = {lease for lease, end in made.alive.items() if end > made.now and lease not in made.never_told}
    assert {user.rpartition("-")[2] for user in (held["DB_USER"], held["MQ_USER"])} == {
        lease.rpartition("/")[2] for lease in leases
    }
    assert held["mode"] == made.kv["kv/app"]["mode"]

    made.delete(KIND, "app")
    run(made, 3)
    assert {lease for lease, end in made.alive.items() if end > made.now} - made.never_told == set()
    assert made.body(KIND, "app") is None


def test_a_change_elsewhere_leaves_the_credentials_where_keys_says_which_they_are() -> None:
    made = model(KV, DB)
    run(made, 2)
    before = secret(made)

    made.now += 35
    made.kv["kv/app"] = {"mode": "two", "more": "x"}
    run(made, 2)

    assert secret(made) == {**before, "mode": "two", "more": "x"}
    assert len(made.alive) == 1


@pytest.mark.parametrize(
    ("source", "destination"),
    [(DB, {"transformation": TEMPLATED}), ({**DB, "keys": None}, {})],
    ids=["templates have mixed them", "no keys"],
)
def test_else_they_are_issued_anew_with_the_change(source: dict[str, Any], destination: dict[str, Any]) -> None:
    made = model(KV, {name: value for name, value in source.items() if value is not None}, **destination)
    run(made, 2)
    (before,) = made.alive

    made.now += 35
    made.kv["kv/app"] = {"mode": "two"}
    run(made, 2)
    made.now += 130
    run(made, 2)

    (after,) = made.alive
    assert after != before
    assert secret(made)["mode"] == "two"


def test_one_lease_that_cannot_be_renewed_is_replaced_and_the_other_stays() -> None:
    made = model(KV, DB, MQ)
    run(made, 2)
    before = secret(made)
    lease = next(lease for lease in made.alive if lease.startswith("db/"))
    del made.alive[lease]

    made.now += 730
    run(made, 2)

    after = secret(made)
    assert (after["MQ_USER"], after["mode"]) == (before["MQ_USER"], "one")
    assert after["DB_USER"] != before["DB_USER"]
    assert len(made.alive) == 2
    assert [reason for reason, _ in made.events if reason == "SecretLeaseRenewalError"]


def test_one_whose_last_renewal_was_cut_short_is_revoked_with_the_object_all_the_same() -> None:
    made = model(KV, DB)
    made.longest = 1500
    run(made, 2)
    (old,) = made.alive

    made.now += 950
    run(made, 2)
    made.now += 60  # what the status said of its end before that renewal is over
    run(made, 2)
    body = made.body(KIND, "app")
    assert body is not None
    assert [entry["id"] for entry in body["status"]["pendingRevocations"]] == [old]
    made.delete(KIND, "app")
    run(made, 2)

    assert made.alive == {}


def test_nothing_is_written_while_nothing_changes() -> None:
    made = model(KV, DB)
    run(made, 2)
    before = made.calls

    for _ in range(5):
        made.now += 10
        run(made)

    assert made.calls == before


def test_a_source_that_is_taken_out_ends_its_credentials() -> None:
    made = model(KV, DB, MQ)
    run(made, 2)
    change(made, spec(KV, MQ))
    run(made, 2)
    made.now += 130
    run(made, 2)

    assert {lease.partition("/")[0] for lease in made.alive} == {"mq"}
    assert set(secret(made)) == {"mode", "MQ_USER"}

    change(made, spec(KV))
    run(made, 2)
    made.now += 130
    run(made, 2)
    assert (made.alive, set(secret(made))) == ({}, {"mode"})


def test_a_source_that_fails_keeps_the_last_good_secret_and_gives_back_what_was_issued() -> None:
    made = model(KV, DB, {**MQ, "keys": {"MQ_USER": "nothing"}})
    result = run(made)

    assert (result.failed, result.reason) == (True, "InvalidConfiguration")
    assert made.body("Secret", "all") is None
    made.now += 6
    run(made)
    made.delete(KIND, "app")
    run(made, 2)
    assert made.alive == {}


def test_credentials_that_are_not_to_be_revoked_stay_after_the_object() -> None:
    made = model(KV, {**DB, "dynamic": {**DB["dynamic"], "revoke": False}})
    run(made, 2)

    made.delete(KIND, "app")
    run(made, 2)

    assert (len(made.alive), made.body(KIND, "app")) == (1, None)


def test_credentials_live_on_while_a_change_of_the_object_cannot_be_had() -> None:
    made = model(KV, DB)
    run(made, 2)
    (lease,) = made.alive
    made.faults = {"db/creds/other": VaultFault("forbidden", "no")}
    change(made, spec(KV, {**DB, "dynamic": {"mount": "db", "path": "creds/other"}}))
    for _ in range(40):
        made.now += 60
        run(made)

    assert made.alive[lease] > made.now


def test_an_old_secret_that_may_not_be_deleted_issues_nothing_anew_and_goes_later() -> None:
    made = model(KV, DB)
    run(made, 2)
    change(made, spec(KV, DB, name="new"))
    world, refused = made.world, [True]

    def refusing() -> Any:
        found = world()
        delete = found.kube.delete

        def deleting(*asked: Any, **more: Any) -> Any:
            if refused:
                raise KubeError("forbidden", "no")
            return delete(*asked, **more)

        found.kube.delete = deleting  # type: ignore[method-assign]
        return found

    made.world = refusing  # type: ignore[method-assign]
    for _ in range(4):
        run(made)
        made.now += 31
    issued = made.asked.count("db/creds/app")
    assert made.body("Secret", "all") is not None

    refused.clear()
    run(made)
    assert (issued, made.asked.count("db/creds/app"), made.body("Secret", "all")) == (2, 2, None)


def test_a_hash_that_is_not_wanted_cannot_be_with_credentials_that_are_in_the_secret_only() -> None:
    made = model(KV, DB)
    change(made, {**spec(KV, DB), "hmacSecretData": False})

    assert (run(made).reason, made.alive) == ("InvalidConfiguration", {})


def test_a_source_that_is_refused_makes_no_heap_of_credentials_of_the_others() -> None:
    made = model(DB, MQ)
    made.faults["mq/"] = VaultFault("forbidden", "permission denied", status=403)
    for _ in range(20):
        assert run(made).failed
        made.now += 60
    assert made.asked.count("db/creds/app") == 1
    assert made.living() == set()
    assert "pendingRevocations" not in (made.body(KIND, "app") or {})["status"]

    made.faults.clear()
    run(made, 2)
    assert set(secret(made)) == {"DB_USER", "MQ_USER"}
    assert len(made.living()) == 2


def test_credentials_that_cannot_be_revoked_at_once_are_revoked_later() -> None:
    made = model(DB, MQ)
    made.faults |= {"mq/": VaultFault("forbidden", "no"), "sys/leases/revoke": VaultFault("unreachable", "no")}
    run(made)
    ((entry,), (living,)) = (made.body(KIND, "app") or {})["status"]["pendingRevocations"], made.living()
    assert entry["id"] == living
    made.faults.clear()
    for _ in range(4):
        run(made)
        made.now += 65
    assert living not in made.living()


def accounted(made: Model) -> set[str]:
    """The leases that the object knows of."""
    status = (made.body(KIND, "app") or {})["status"]
    held = {(entry.get("secretLease") or {}).get("id") for entry in status.get("sources", ())}
    return held | {entry["id"] for entry in status.get("pendingRevocations", ())}


def test_a_source_that_goes_while_another_is_renewed_leaves_no_lease() -> None:
    made = model(KV, DB, MQ)
    run(made, 2)
    made.now += 730  # MQ is due
    change(made, spec(KV, MQ))
    run(made, 2)
    assert made.living() - accounted(made) == set()
    made.delete(KIND, "app")
    run(made, 3)
    assert made.living() == set()


def test_a_source_that_comes_while_another_is_refused_has_no_entry_yet_and_the_last_good_credentials_live() -> None:
    made = model(DB)
    run(made, 2)
    (lease,) = made.living()
    made.faults["db/creds/other"] = VaultFault("forbidden", "no", status=403)
    change(made, spec(MQ, {**DB, "dynamic": {"mount": "db", "path": "creds/other"}}))
    for _ in range(60):
        made.now += 60
        assert run(made).failed
        assert all(entry.get("name") for entry in (made.body(KIND, "app") or {})["status"]["sources"])
    assert lease in made.living()
    assert made.living() - accounted(made) == set()


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_note_that_was_written_and_not_answered_is_not_lost_by_a_death_after_it(number: int, when: str) -> None:
    made = model(DB, MQ)
    make = made.world

    def world() -> Any:
        found = make()
        patch = found.kube.patch

        def patched(type: Any, namespace: str, name: str, body: Any, **more: Any) -> Any:
            answer = patch(type, namespace, name, body, **more)
            noted = (body.get("status") or {}).get("pendingRevocations") or ()
            if made.die_at is None and any(entry["id"].startswith("mq/") for entry in noted):
                made.die_at = (made.calls + number, when)
                raise KubeError("unreachable", "no answer")
            return answer

        found.kube.patch = patched  # type: ignore[method-assign]
        return found

    made.world = world  # type: ignore[method-assign]
    try:
        run(made)
    except Died:
        assert made.living() - accounted(made) == set()
    else:
        assert number == 5  # it was through before that
