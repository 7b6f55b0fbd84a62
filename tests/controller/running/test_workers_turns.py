"""Who may work on what, and that nothing is lost where it may not be worked on for a moment."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

from keywave.controller.model import Key, Resource, Result, resource_of
from keywave.controller.ports import World
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.running.queue import WorkQueue
from keywave.controller.running.workers import Workers

KEY = Key("VaultStaticSecret", "team", "db")


class Setting:
    """One object, one worker; `turns` are what is answered in turn, the last for ever."""

    def __init__(self, *turns: float | None) -> None:
        self.turns, self.done, self.queue = list(turns), threading.Event(), WorkQueue(time.monotonic)
        nothing: Any = lambda *anything, **named: None  # noqa: E731
        counting = type("Counting", (), {"count": nothing, "observe": nothing})()
        found = resource_of({"kind": KEY.kind, "metadata": {"namespace": KEY.namespace, "name": KEY.name}})
        lookup = type("Lookup", (), {"find": lambda self, key: found})()
        parts = {"lookup": lookup, "memory": ProcessMemory(), "counting": counting, "chance": lambda: 0.5}
        world = cast("World", type("Some", (), parts)())
        self.workers = Workers(self.queue, world, {KEY.kind: self.reconcile}, count=4, turn=self.turn, log=nothing)
        self.workers.start()

    def turn(self, namespace: str) -> float | None:
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]

    def reconcile(self, resource: Resource, world: World, failures: int) -> Result:
        self.done.set()
        return Result()

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
