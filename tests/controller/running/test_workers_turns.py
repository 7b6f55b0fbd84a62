"""Who may work on what, and that nothing is lost where it may not be worked on for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from keywave.controller.model import Key, Resource, Result, resource_of
from keywave.controller.ports import World
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.queue import WorkQueue
from keywave.controller.running.workers import Workers
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.vault.values import dynamic, lease_revoke

KEY = Key("VaultStaticSecret", "team", "db")


class Setting:
    """One object, four workers; `turns` are what is answered in turn, the last for ever; `work` is its reconcile."""

    def __init__(self, *turns: float | None, work: Callable[[World], Result] = lambda world: Result()) -> None:
        self.turns, self.done, self.queue = list(turns), threading.Event(), WorkQueue(time.monotonic)
        self.ours, self.writes, self.told = True, list[str](), list[str]()
        nothing: Any = lambda *anything, **named: None  # noqa: E731
        found = resource_of({"kind": KEY.kind, "metadata": {"namespace": KEY.namespace, "name": KEY.name}})
        wrote = lambda what: lambda *anything, **named: self.writes.append(what)  # noqa: E731
        world = World(
            kube=cast("Any", SimpleNamespace(apply=wrote("apply"), get=wrote("get"))),
            vault=cast("Any", SimpleNamespace(issue=lambda plan, request: self.writes.append(request.path))),
            lookup=cast("Any", SimpleNamespace(find=lambda key: found)),
            secrets=cast("Any", None),
            events=cast("Any", None),
            memory=ProcessMemory(),
            counting=cast("Any", SimpleNamespace(count=lambda *told: self.told.append(told[-1]), observe=nothing)),
            now=time.time,
            chance=lambda: 0.5,
            enqueue=nothing,
            operator_namespace="ops",
        )
        self.work = work
        self.workers = Workers(
            self.queue,
            world,
            {KEY.kind: self.reconcile},
            count=4,
            turn=self.turn,
            still_ours=lambda namespace: self.ours,
            log=nothing,
        )
        self.workers.start()

    def turn(self, namespace: str) -> float | None:
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]

    def reconcile(self, resource: Resource, world: World, failures: int) -> Result:
        try:
            return self.work(world)
        finally:
            self.done.set()

    def end(self) -> None:
        self.queue.close()
        assert self.workers.join(5)


def test_a_shard_whose_renewal_is_late_for_a_moment_loses_no_name() -> None:
    setting = Setting(0.05, 0.05, 0.0)
    setting.queue.add(KEY)

    assert setting.done.wait(5)
    setting.end()


def test_what_is_not_ours_is_left_to_whoever_gains_it() -> None:
    setting = Setting(None)
    setting.queue.add(KEY)

    assert not setting.done.wait(0.3)
    assert setting.queue.depth() == (0, 0, 0)
    setting.end()


def test_a_name_that_is_due_soon_is_not_kept_waiting_by_one_that_is_due_late() -> None:
    setting = Setting(0.0)
    time.sleep(0.1)
    setting.queue.add_after(KEY._replace(name="late"), 30)
    time.sleep(0.1)
    began = time.monotonic()
    setting.queue.add_after(KEY, 0.2)

    assert setting.done.wait(5)
    assert 0.15 < time.monotonic() - began < 0.8
    setting.end()


def test_who_loses_the_shard_during_a_reconcile_writes_and_issues_nothing_more_and_that_is_no_failure() -> None:
    refused = list[str]()

    def work(world: World) -> Result:
        plan: Any = None
        world.vault.issue(plan, dynamic("db", "creds/app"))
        world.kube.apply(SECRET, {})
        setting.ours, setting.turns = False, [None]
        for act in (
            lambda: world.vault.issue(plan, dynamic("db", "creds/app")),
            lambda: world.kube.apply(SECRET, {}),
        ):
            try:
                act()
            except KubeError as problem:
                refused.append(problem.reason)
        world.vault.issue(plan, lease_revoke("db/creds/app/1"))
        world.kube.get(SECRET, "team", "db")
        world.kube.apply(SECRET, {})
        return Result(failed=True)

    setting = Setting(0.0, work=work)
    setting.queue.add(KEY)

    assert setting.done.wait(5)
    setting.end()
    # What it has issued itself it still revokes.
    assert setting.writes == ["db/creds/app", "apply", "sys/leases/revoke", "get"]
    assert (refused, setting.told) == (["not-ours"] * 2, [])


def test_an_object_that_failed_before_it_was_ever_synced_stays_in_the_first_lane() -> None:
    tries = list[int]()

    def work(world: World) -> Result:
        tries.append(1)
        return Result(0.01 if len(tries) == 1 else 30.0, failed=True)

    setting = Setting(0.0, work=work)
    lanes = list[bool]()
    add_after = setting.queue.add_after

    def noted(key: Key, seconds: float, *, first: bool = False) -> None:
        lanes.append(first)
        add_after(key, seconds, first=first)

    setting.queue.add_after = noted  # type: ignore[method-assign]
    setting.queue.add(KEY, first=True)
    end = time.monotonic() + 5
    while len(lanes) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    setting.end()

    assert lanes == [True, True]
