"""The holder of shards when the API server is slow, refuses, or has odd Leases; and when the process itself was paused."""

from __future__ import annotations

import copy
import threading
import time
from typing import Any, cast

import pytest

from keywave.controller.ports import Kube
from keywave.controller.running.leases import lease
from keywave.controller.running.shards import COUNT, Shards, shard_of
from keywave.kube.api_server import KubeError

Body = dict[str, Any]
NAMESPACES = {shard_of(f"team-{number}"): f"team-{number}" for number in range(500)}
SHARD, MEMBER = "keywave-reconciler-shard-", "keywave-reconciler-member-"


class Leases:
    """Kubernetes' Leases. `latency` of each request in seconds; `refuse`: name -> reason, whatever is asked of it."""

    def __init__(self) -> None:
        self.objects: dict[str, Body] = {}
        self.latency, self.refuse, self.version = 0.0, dict[str, str](), 0
        self.lock = threading.Lock()

    def get(self, type: Any, namespace: str, name: str) -> Body | None:
        self._asked(name)
        return copy.deepcopy(self.objects.get(name))

    def list(self, type: Any, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Body]:
        self._asked("list")
        return copy.deepcopy(list(self.objects.values()))

    def create(self, type: Any, body: Body) -> Body:
        self._asked(body["metadata"]["name"])
        with self.lock:
            if body["metadata"]["name"] in self.objects:
                raise KubeError("exists", "there is one")
            return self.put(body)

    def apply(self, type: Any, body: Body) -> Body:
        self._asked(body["metadata"]["name"])
        with self.lock:
            return self.put(body)

    def replace(self, type: Any, body: Body) -> Body:
        name = body["metadata"]["name"]
        self._asked(name)
        with self.lock:
            if name not in self.objects:
                raise KubeError("absent", "none")
            if self.objects[name]["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]:
                raise KubeError("conflict", "it has moved on")
            return self.put(body)

    def delete(self, type: Any, namespace: str, name: str, *, uid: str = "") -> bool:
        self._asked(name)
        return self.objects.pop(name, None) is not None

    def put(self, body: Body) -> Body:
        self.version += 1
        made = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        self.objects[body["metadata"]["name"]] = made
        return copy.deepcopy(made)

    def _asked(self, name: str) -> None:
        time.sleep(self.latency)
        if name in self.refuse:
            raise KubeError(self.refuse[name], "no")


class Replica:
    def __init__(self, leases: Leases, name: str = "me", *, seconds: float = 15.0, real: bool = False) -> None:
        self.moment, self.busy = 1000.0, set[int]()
        self.gained, self.lost, self.bugs = list[int](), list[int](), list[str]()
        self.shards = Shards(
            cast("Kube", leases),
            "ops",
            name,
            seconds=seconds,
            gained=self.gained.append,
            lost=self.lost.append,
            busy=lambda shard: shard in self.busy,
            log=lambda *told, **more: None,
            failed=lambda bug: self.bugs.append(type(bug).__name__),
            **({} if real else {"now": lambda: self.moment}),
        )

    def held(self) -> set[int]:
        return {shard for shard, namespace in NAMESPACES.items() if self.shards.holds(namespace)}


def owners(leases: Leases) -> set[str]:
    return {body["spec"]["holderIdentity"] for name, body in leases.objects.items() if name.startswith(SHARD)}


def test_an_api_server_that_takes_a_tenth_of_the_lease_for_each_answer_costs_no_shard() -> None:
    leases = Leases()
    replica = Replica(leases, seconds=3.0, real=True)
    replica.shards.start()
    end = time.monotonic() + 10
    while len(replica.held()) < COUNT and time.monotonic() < end:
        time.sleep(0.01)
    leases.latency = 0.2
    time.sleep(5)
    held, lost = replica.held(), list(replica.lost)
    leases.latency = 0.0
    replica.shards.stop()

    assert (len(held), lost) == (COUNT, [])


def test_a_shard_that_cannot_be_renewed_costs_no_other() -> None:
    leases = Leases()
    replica = Replica(leases)
    replica.shards.round()
    leases.refuse = {f"{SHARD}03": "server-error", f"{MEMBER}me": "timeout"}
    for _ in range(3):
        replica.moment += 4
        replica.shards.round()

    assert replica.held() == set(range(COUNT)) - {3}


def test_no_list_is_needed_to_renew() -> None:
    leases = Leases()
    replica = Replica(leases)
    replica.shards.round()
    leases.refuse = {"list": "timeout"}
    for _ in range(5):
        replica.moment += 5
        with pytest.raises(KubeError):
            replica.shards.round()

    assert (len(replica.held()), replica.lost) == (COUNT, [])


def test_a_renewal_whose_answer_was_lost_is_known_as_ours_at_the_next() -> None:
    leases = Leases()
    replica = Replica(leases)
    replica.shards.round()
    leases.put(leases.objects[f"{SHARD}05"])  # it came about, and nobody heard of it
    replica.moment += 5
    replica.shards.round()
    replica.moment += 9

    assert (replica.lost, replica.shards.holds(NAMESPACES[5])) == ([], True)


def test_who_was_paused_for_longer_than_the_lease_finds_it_taken_and_works_no_more() -> None:
    leases = Leases()
    paused, other = Replica(leases, "paused"), Replica(leases, "other")
    paused.shards.round()
    other.shards.round()
    for _ in range(5):  # "paused" does not move
        other.moment += 4
        other.shards.round()
    taken = other.held()
    # As it wakes, its clock tells it at once: before any request.
    paused.moment += 20
    at_once = paused.held()
    paused.shards.round()

    assert (taken, at_once, owners(leases)) == (set(range(COUNT)), set(), {"other"})
    assert sorted(paused.lost) == sorted(range(COUNT))


def test_a_lease_with_a_name_that_is_none_and_an_old_member_that_cannot_be_deleted_end_nothing() -> None:
    leases = Leases()
    for name in (f"{SHARD}x", f"{SHARD}99", f"{SHARD}3"):
        leases.put(lease("ops", name, "somebody", 15.0))
    leases.put(lease("ops", f"{MEMBER}gone", "gone", 15.0))
    leases.refuse = {f"{MEMBER}gone": "forbidden"}
    replica = Replica(leases)
    replica.shards.round()
    for _ in range(160):
        replica.moment += 4
        replica.shards.round()

    assert (replica.held(), replica.lost) == (set(range(COUNT)), [])


def test_a_bug_in_a_round_is_counted_and_the_thread_goes_on() -> None:
    leases = Leases()
    leases.objects["odd"] = {"spec": {}}
    replica = Replica(leases, seconds=2.0, real=True)
    replica.shards.start()
    end = time.monotonic() + 10
    while not replica.bugs and time.monotonic() < end:
        time.sleep(0.01)
    del leases.objects["odd"]
    while len(replica.held()) < COUNT and time.monotonic() < end:
        time.sleep(0.01)
    held = replica.held()
    replica.shards.stop()

    assert (replica.bugs[0], len(held)) == ("KeyError", COUNT)


def test_who_leaves_gives_back_at_once_what_no_worker_is_at_and_keeps_the_rest_until_it_is_done() -> None:
    leases = Leases()
    replica = Replica(leases, seconds=6.0, real=True)
    replica.busy = {4, 7}
    replica.shards.start()
    end = time.monotonic() + 10
    while len(replica.held()) < COUNT and time.monotonic() < end:
        time.sleep(0.01)
    replica.shards.leave()
    while len(replica.lost) < COUNT - 2 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(1)
    kept = sorted(name for name, body in leases.objects.items() if body["spec"]["holderIdentity"] == "me")
    # Nothing is begun in them, and what was begun may write.
    inside = [
        (replica.shards.holds(NAMESPACES[shard]), replica.shards.still_holds(NAMESPACES[shard])) for shard in (4, 7)
    ]
    replica.busy = {7}
    replica.shards.stop()

    assert (kept, inside) == ([f"{SHARD}04", f"{SHARD}07"], [(False, True)] * 2)
    # One that a worker still hangs at ends by itself: nobody else may begin before.
    assert [name for name, body in leases.objects.items() if body["spec"]["holderIdentity"] == "me"] == [f"{SHARD}07"]
