"""When a VaultStaticSecret and a VaultCompositeSecret of KV secrets are read: in time whatever the clock and the process do, and shared."""

from __future__ import annotations

import random
from typing import Any

import pytest
from controller.model_world import TEAM, Model
from controller.refreshed_world import KINDS, Server, every_kind

from keywave.controller.kinds import refreshed, static
from keywave.controller.kinds.refreshed import Seen
from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Key, resource_of
from keywave.controller.ports import World
from keywave.controller.vault_access.reads import SharedReads
from keywave.vault.values import Payload, ValueRequest

DUE = Seen(now=100.0, due=130.0, interval=30.0)


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (DUE, "rest"),
        (DUE._replace(now=130.0), "refresh"),
        (DUE._replace(now=99.0), "refresh"),  # the clock was set back
        (DUE._replace(told=False), "mend"),
        (DUE._replace(intact=False), "mend"),
        (DUE._replace(known=False, intact=False), "first"),
        (DUE._replace(asked=True, known=False), "ask"),
    ],
)
def test_what_is_done_is_the_first_that_applies(seen: Seen, step: str) -> None:
    assert refreshed.decide(seen) == step


@every_kind
def test_starts_in_a_row_lose_no_refresh(kind: str) -> None:
    made = Server(kind, refreshAfter="1h")
    made.reconcile(2)
    for value in ("2", "3", "4"):
        made.restart()
        made.kv["kv/app"] = {"a": value}
        before = len(made.asked)
        assert 0 <= (made.reconcile().after or 0) < 300
        made.now += 300
        made.reconcile()
        assert (len(made.asked) - before, made.data()) == (1, {"a": value})


@every_kind
@pytest.mark.parametrize("jump", [-3600.0, -40.0, 3600.0])
def test_a_clock_that_jumps_delays_nothing_and_is_no_storm(kind: str, jump: float) -> None:
    made = Server(kind)
    made.reconcile(2)
    made.now += jump
    made.kv["kv/app"] = {"a": "2"}
    made.reconcile(3)
    assert (made.data(), len(made.asked)) == ({"a": "2"}, 2)
    made.now -= jump
    made.reconcile(3)
    assert len(made.asked) == 3


@every_kind
@pytest.mark.parametrize("refresh_after", ["0.0000001s", "1s"])
def test_an_object_is_read_once_a_second_at_most(kind: str, refresh_after: str) -> None:
    made = Server(kind, refreshAfter=refresh_after)
    made.reconcile(2)
    start, before = made.now, len(made.asked)
    while made.now < start + 20:
        made.now += made.reconcile().after or 0
    assert 18 <= len(made.asked) - before <= 25


class Many(Model):
    """A hundred objects with one path, and reads that are shared as by `vault_access`. `reads`: when Vault was asked; `stale`: the longest
    time that an object went without a younger answer."""

    def __init__(self, refresh_after: str) -> None:
        super().__init__()
        self.login()
        self.kv["kv/app"] = {"a": "1"}
        self.shared = SharedReads(lambda: self.now)
        self.reads: list[float] = []
        self.answered: dict[str, float] = {}
        self.stale = 0.0
        spec = {**KINDS["VaultStaticSecret"][1], "refreshAfter": refresh_after, "rolloutRestartTargets": []}
        for number in range(100):
            name = f"app-{number}"
            self.put("VaultStaticSecret", name, {**spec, "destination": {"name": name, "create": True}})

    def world(self) -> World:
        found = super().world()
        found.vault.read = self._read  # type: ignore[method-assign]
        return found

    def _read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float) -> Payload:
        return self.shared.read((plan, request), max_age, self._ask)

    def _ask(self) -> Payload:
        self.reads.append(self.now)
        return Payload({"a": "1"}, {"a": "1"}, at=self.now)

    def live(self, waits: dict[str, float], seconds: float) -> dict[str, float]:
        """Each is reconciled when it is its turn, a thousandth of a second each. What waits then."""
        end = self.now + seconds
        while True:
            name, moment = min(waits.items(), key=lambda entry: entry[1])
            if moment > end:
                return waits
            self.now = max(self.now, moment) + 0.001
            body = self.objects[Key("VaultStaticSecret", TEAM, name)]
            before = self.memory.recall(Key("VaultStaticSecret", TEAM, name), "done")
            result = static.reconcile(resource_of(body), self.world(), 0)
            done = self.memory.recall(Key("VaultStaticSecret", TEAM, name), "done")
            if before is None or done is not before:
                at = max(read for read in self.reads if read <= self.now)
                self.stale = max(self.stale, self.now - self.answered.get(name, at))
                self.answered[name] = at
            waits[name] = self.now + (result.after or 0)
            self.shared.sweep()


@pytest.mark.parametrize(("refresh_after", "interval"), [("30s", 30.0), ("1h", 3600.0)])
def test_a_hundred_objects_with_one_path_that_began_at_any_time_share_each_read_and_none_is_late(
    refresh_after: str, interval: float
) -> None:
    made, chance = Many(refresh_after), random.Random(7)
    waits = {f"app-{number}": made.now + interval * chance.random() for number in range(100)}
    waits = made.live(waits, 2 * interval)
    settled = len(made.reads)
    made.live(waits, 17 * interval)

    assert len(made.reads) - settled in (19, 20, 21)
    assert made.stale <= interval


def test_objects_with_paths_of_their_own_do_not_come_together() -> None:
    made = Model()
    made.login()
    moments = []
    for number in range(300):
        path = f"app-{number}"
        made.kv[f"kv/{path}"] = {"a": "1"}
        spec: dict[str, Any] = {**KINDS["VaultStaticSecret"][1], "path": path}
        made.put("VaultStaticSecret", path, {**spec, "destination": {"name": path, "create": True}})
        moments.append(made.run(static.reconcile, "VaultStaticSecret", path).after or 0)
    quarters = [sum(1 for moment in moments if 6.5 * n <= moment < 6.5 * (n + 1)) for n in range(5)]
    assert min(moments) >= 0.9
    assert max(moments) <= 27
    assert all(30 <= many <= 130 for many in quarters[:4])
