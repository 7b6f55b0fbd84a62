"""Thousands of objects that are wrong in every way the definitions let pass, with Vaults that are none, and a few good ones among them.

The last lines of the run tell the seed; `KEYWAVE_HOSTILE_SEED` repeats it, `KEYWAVE_HOSTILE_OBJECTS` makes it smaller or larger."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_objects import KINDS, Hostile
from hostile_vault import Moody, hostile_addresses
from reconciler_tenant import Tenant, tenant

from rig.cluster import Body, Cluster
from rig.fixtures import cluster_with_our_definitions
from rig.machine import ENVIRON
from rig.many import create_all
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

COUNT = int(ENVIRON.get("KEYWAVE_HOSTILE_OBJECTS", "10000"))
SEED = int(ENVIRON.get("KEYWAVE_HOSTILE_SEED") or secrets.randbelow(10**6))
SPOILED = 300
"""So many, in a namespace of their own, have a status that somebody made up. Vault revokes nothing of that: they go after five minutes."""
ENDING = 500
"""So many in a namespace that is deleted at the end. Kubernetes itself takes two minutes for thousands."""
GOOD, AT_MOST = 20, 20.0
"""Good ones, and the seconds that each may take."""
MEMORY = 700 << 20
METRICS = 10 << 20


class Crowd:
    """The bad ones, which a thread makes while the good ones are made. `taken`: how many the API server took, in `seconds`."""

    def __init__(self, bad: Tenant, ending: Tenant, spoiled: Tenant, hostile: Hostile) -> None:
        self._shops, self._hostile, self.taken, self.seconds = (bad, ending, spoiled), hostile, 0, 0.0
        self._thread = threading.Thread(target=self._make, daemon=True)
        self._thread.start()

    def making(self) -> bool:
        return self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def _make(self) -> None:
        began = time.monotonic()
        bad, ending, spoiled = self._shops
        for body in self._some(spoiled, SPOILED):
            where = body["apiVersion"], body["kind"], body["metadata"]["name"]
            with contextlib.suppress(AssertionError):  # it was not taken, or not with that status
                spoiled.cluster.patch_status(*where, self._hostile.status(body["kind"]), spoiled.namespace)
        self._some(ending, ENDING)
        self._some(bad, COUNT - SPOILED - ENDING)
        self.seconds = time.monotonic() - began

    def _some(self, shop: Tenant, count: int) -> list[Body]:
        bodies = [self._hostile.object(number) for number in range(count)]
        self.taken += create_all(shop.cluster, shop.namespace, bodies)
        return bodies

    def untold(self) -> Counter[str]:
        """Those that have no condition Ready, by kind."""
        left: Counter[str] = Counter()
        for kind, version in KINDS.items():
            for shop in self._shops:
                for body in shop.cluster.list(version, kind, shop.namespace):
                    conditions = (body.get("status") or {}).get("conditions") or []
                    left[kind] += not any(one["type"] == "Ready" and "reason" in one for one in conditions)
        return +left


@pytest.fixture
def crowded(rig_folder: Path) -> Iterator[Cluster]:
    """Not the shared one: the thousands would be work for the reconciler of each test that comes after this one."""
    with cluster_with_our_definitions(rig_folder / "crowded") as started:
        yield started


@pytest.fixture
def running(rig_folder: Path, crowded: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / f"hostile-{secrets.token_hex(3)}", crowded, namespace="hostile-op") as started:
        yield started


@pytest.mark.timeout(1500)
def test_the_good_ones_do_not_suffer_and_nothing_breaks(
    running: Operator,
    crowded: Cluster,
    vault: Vault,
    postgresql: PostgreSQL,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("KEYWAVE_HOSTILE_SEED", SEED)
    bad, ending, spoiled, *goods = (tenant(crowded, vault) for _ in range(7))
    for shop in (bad, ending, spoiled, *goods):
        shop.put("db", password="one")
        shop.connect()
    for shop in goods:
        shop.with_database(postgresql)
    with hostile_addresses() as addresses:
        for shop in (bad, ending, spoiled):
            for number, address in enumerate(addresses):
                shop.apply("VaultConnection", f"moody-{number}", {"address": address, "timeout": "1s"})
                auth = {**shop.auth_spec(), "vaultConnectionRef": f"moody-{number}"}
                shop.apply("VaultAuth", f"moody-{number}", auth)
        began = time.monotonic()
        crowd = Crowd(bad, ending, spoiled, Hostile(SEED, addresses))
        took: list[float] = []
        scrapes: list[float] = []
        # As long as the bad ones are being made and worked on, some of the good ones when there are most of the others.
        while len(took) < GOOD or not _idle(running, crowd):
            took.append(_good(goods[len(took) % len(goods)], len(took)))
            scrapes.append(_scrape(running))
            assert time.monotonic() < began + 500, _busy(running)
            time.sleep(2)
        crowd.join()
        assert crowd.taken > COUNT * 0.9, f"seed {SEED}: only {crowd.taken} were taken; or nothing is tested"
        wait_for(
            "each bad one to be told",
            lambda: not crowd.untold(),
            timeout=60,
            every=10,
            last=lambda: str(crowd.untold()),
        )
        told = time.monotonic() - began
        assert Moody.asked > 30
        memory = _memory(running)
        sized = len(running.metrics())
        print(
            f"seed {SEED}: {crowd.taken} made in {crowd.seconds:.0f} s, told after {told:.0f} s;"
            f" {len(took)} good ones, {max(took):.1f} s at most; metrics {sized >> 10} kB, {max(scrapes):.1f} s at most;"
            f" memory {memory >> 20} MB; processor {_cpu(running):.0f} s; {Moody.asked} requests to what is no Vault"
        )
        assert [seconds for seconds in took if seconds > AT_MOST] == [], f"seed {SEED}"
        assert sized < METRICS
        assert max(scrapes) < 5
        assert memory < MEMORY
        crowded.delete("v1", "Namespace", ending.namespace)
        gone = lambda: crowded.get("v1", "Namespace", ending.namespace) is None  # noqa: E731
        wait_for("the namespace to be gone", gone, timeout=120, every=1, last=lambda: _left(ending))
        print(f"deleted {time.monotonic() - began - told:.0f} s later")
    assert running.server.running()
    assert running.value("keywave_bugs_total") == 0, f"seed {SEED}\n{_bugs(running)}"
    assert "Traceback" not in running.server.output()


def _idle(operator: Operator, crowd: Crowd) -> bool:
    """Whether all are made and nobody waits for a first try, but those that come again and again."""
    return not crowd.making() and operator.value("keywave_queue_depth", lane="first") < 20


def _scrape(operator: Operator) -> float:
    """Seconds."""
    began = time.monotonic()
    operator.metrics()
    return time.monotonic() - began


def _good(shop: Tenant, number: int) -> float:
    """Seconds until it has its Secret."""
    name, began = f"good-{number}", time.monotonic()
    if number % 3:
        shop.static(name, "db")
    else:
        shop.leased(name)
    # Longer than it may take, so that all are told of.
    wait_for(f"the Secret {name}", lambda: shop.secret(name), timeout=3 * AT_MOST)
    return time.monotonic() - began


def _cpu(operator: Operator) -> float:
    """Seconds of processor that it took."""
    fields = Path(f"/proc/{operator.server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _busy(operator: Operator) -> str:
    """What it was at."""
    wanted = (
        "keywave_queue",
        "keywave_reconcile_total",
        "keywave_vault_requests_total",
        "keywave_reconcile_seconds_sum",
    )
    return f"{_cpu(operator):.0f} s of processor\n" + "\n".join(
        line for line in operator.metrics().splitlines() if line.startswith(wanted)
    )


def _memory(operator: Operator) -> int:
    """The most that it ever had, in bytes."""
    lines = Path(f"/proc/{operator.server.pid}/status").read_text().splitlines()
    (peak,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) << 10


def _left(shop: Tenant) -> str:
    found = {kind: shop.cluster.list(version, kind, shop.namespace) for kind, version in KINDS.items()}
    shown = {
        kind: (len(bodies), bodies[0].get("status"), bodies[0]["spec"]) for kind, bodies in found.items() if bodies
    }
    return str(shown)[:5000]


def _bugs(operator: Operator) -> str:
    lines = [line for line in operator.server.output().splitlines() if "a bug in keywave" in line]
    return "\n".join(lines[:20])
