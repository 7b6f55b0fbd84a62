"""Sixteen shards on the real API server: fair shares, no two holders, taken over from the dead, given back at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

import pytest

from keywave.controller.running.shards import COUNT, Shards, fair_share, shard_of
from keywave.kube.client import KubeClient
from keywave.kube.credentials import api_server
from rig.cluster import Cluster
from rig.waiting import stays, wait_for

NAMESPACES = {shard_of(f"team-{number}"): f"team-{number}" for number in range(500)}


class Replica:
    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self.kube = KubeClient(api_server(cluster.kubeconfig, environment={}))
        self.gained: list[int] = []
        self.busy = False
        self.shards = Shards(
            self.kube,
            namespace,
            name,
            seconds=3.0,
            gained=self.gained.append,
            lost=lambda shard: None,
            busy=lambda shard: self.busy,
            log=lambda *told, **more: None,
        )
        self.shards.start()

    def held(self) -> set[int]:
        return {shard for shard, namespace in NAMESPACES.items() if self.shards.holds(namespace)}

    def die(self) -> None:
        """Without a word: its connections end, and so does what it can renew."""
        self.shards._stopped.set()
        self.kube.close()


@pytest.fixture
def replicas(cluster: Cluster, namespace: str) -> Iterator[list[Replica]]:
    made: list[Replica] = []
    yield made
    for replica in made:
        replica.shards._stopped.set()
        replica.kube.close()


def start(replicas: list[Replica], cluster: Cluster, namespace: str) -> Replica:
    replica = Replica(cluster, namespace, f"replica-{len(replicas)}-{secrets.token_hex(2)}")
    replicas.append(replica)
    return replica


def test_shares_add_up_to_sixteen() -> None:
    for count in range(1, 20):
        members = [f"m{n}" for n in range(count)]
        shares = [fair_share(members, me) for me in members]
        assert (sum(shares), max(shares) - min(shares) <= 1) == (COUNT, True)


def test_one_takes_all_a_second_gets_half_and_they_never_share_one(
    replicas: list[Replica], cluster: Cluster, namespace: str
) -> None:
    first = start(replicas, cluster, namespace)
    wait_for("all shards", lambda: len(first.held()) == COUNT, timeout=10)
    second = start(replicas, cluster, namespace)

    end = time.monotonic() + 8
    both = []
    while time.monotonic() < end:
        both.append(first.held() & second.held())
        time.sleep(0.01)

    assert {len(first.held()), len(second.held())} == {8}
    assert [each for each in both if each] == []


def test_the_shards_of_the_dead_are_taken_over_and_those_of_the_stopped_at_once(
    replicas: list[Replica], cluster: Cluster, namespace: str
) -> None:
    first, second = start(replicas, cluster, namespace), start(replicas, cluster, namespace)
    wait_for("half each", lambda: (len(first.held()), len(second.held())) == (8, 8), timeout=15)
    first.die()
    wait_for("all shards", lambda: len(second.held()) == COUNT, timeout=15)
    third = start(replicas, cluster, namespace)
    wait_for("half each again", lambda: (len(second.held()), len(third.held())) == (8, 8), timeout=15)
    began = time.monotonic()
    second.shards.stop()
    wait_for("all shards after a good-bye", lambda: len(third.held()) == COUNT, timeout=15)

    assert time.monotonic() - began < 4.5
    assert second.held() == set()


def test_a_shard_is_not_given_away_while_a_worker_is_at_it(
    replicas: list[Replica], cluster: Cluster, namespace: str
) -> None:
    first = start(replicas, cluster, namespace)
    wait_for("all shards", lambda: len(first.held()) == COUNT, timeout=10)
    first.busy = True
    second = start(replicas, cluster, namespace)
    stays("the second has none", lambda: not second.held(), seconds=4)
    # It takes up nothing new in what it is about to give away.
    assert len(first.held()) == 8

    first.busy = False

    wait_for("half each", lambda: (len(first.held()), len(second.held())) == (8, 8), timeout=15)
