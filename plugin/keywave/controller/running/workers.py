"""The threads that do the work: a name from the queue, its reconcile, when to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from keywave.controller import reasons
from keywave.controller.kinds.secret_flow import exists_for_this_generation
from keywave.controller.model import Key, Resource, Result
from keywave.controller.ports import Reconcile, World
from keywave.controller.running.queue import WorkQueue
from keywave.controller.running.still_ours import NotOurs, guarded
from keywave.controller.timing import LONGEST_WAIT, backoff
from keywave.controller.types import SECRET_KINDS
from keywave.controller.watching.logs import where_of
from keywave.kube.api_server import KubeError

_STUCK = 600.0
"""Seconds after which a worker counts as stuck: every request of ours ends far earlier."""
_LATE = 1.0
_WORLDS = 4096
Log = Callable[..., None]


def goes_first(resource: Resource) -> bool:
    """Whether it belongs into the lane of what was never synced: until it was, however often it failed."""
    return resource.key.kind not in SECRET_KINDS or bool(resource.deleting) or not exists_for_this_generation(resource)


class Workers:
    """`count` threads. `turn(namespace)`: 0 = work; seconds = ask again then; None = not ours, whoever gains it wakes all of it.
    `still_ours(namespace)`: whether work that was begun may still write."""

    def __init__(
        self,
        queue: WorkQueue,
        world: World,
        kinds: Mapping[str, Reconcile],
        *,
        count: int,
        turn: Callable[[str], float | None],
        still_ours: Callable[[str], bool],
        log: Log,
    ) -> None:
        self._queue, self._world, self._kinds = queue, world, kinds
        self._turn, self._still_ours, self._log = turn, still_ours, log
        self._failures: dict[Key, int] = {}
        self._worlds: dict[str, World] = {}
        self._busy: dict[int, tuple[float, Key]] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> bool:
        """Whether all are through."""
        end = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def healthy(self) -> str:
        """ "" or what is wrong."""
        if not all(thread.is_alive() for thread in self._threads):
            return "a worker has ended"
        stuck = [key for since, key in tuple(self._busy.values()) if monotonic() - since > _STUCK]
        return f"a worker is stuck with {stuck[0]}" if stuck else ""

    def busy_in(self, belongs: Callable[[str], bool]) -> bool:
        """Whether a worker is at an object of these namespaces."""
        return any(belongs(key.namespace) for key in self._queue.working())

    def forget(self, key: Key) -> None:
        """It is gone."""
        self._failures.pop(key, None)

    def _work(self, number: int) -> None:
        key: Key | None = None
        while True:
            key = self._queue.take(1.0, at_work=key is not None)
            if key is None:
                if self._queue.closed:
                    return
                continue
            self._busy[number] = (monotonic(), key)
            try:
                wait = self._turn(key.namespace)
                if wait == 0.0:
                    self._reconcile(key)
                elif wait is not None:
                    self._again(key, wait)
            except BaseException as bug:  # a worker must not end
                self._bug(key, bug)
            finally:
                self._busy.pop(number, None)
                self._queue.done(key)

    def _reconcile(self, key: Key) -> None:
        world = self._world
        resource = world.lookup.find(key)
        if resource is None:
            self._failures.pop(key, None)
            world.memory.forget(key)
            return
        began = monotonic()
        failures = self._failures.get(key, 0)
        try:
            result = self._attempt(resource, failures)
        except NotOurs:
            self._again(key, _LATE)  # a renewal may be late; else `turn` drops it
            return
        if result.failed:
            self._failures[key] = failures + 1
        else:
            self._failures.pop(key, None)
        world.counting.count(
            "keywave_reconcile_total", key.kind, result.reason or ("failed" if result.failed else "ok")
        )
        world.counting.observe("keywave_reconcile_seconds", monotonic() - began, key.kind)
        if result.after is not None:
            self._queue.add_after(key, result.after, first=result.failed and goes_first(resource))

    def _again(self, key: Key, seconds: float) -> None:
        """What was not worked on, in the lane where it was."""
        resource = self._world.lookup.find(key)
        self._queue.add_after(key, seconds, first=resource is not None and goes_first(resource))

    def _attempt(self, resource: Resource, failures: int) -> Result:
        """Raises NotOurs."""
        world = self._world_of(resource.key.namespace)
        try:
            return self._kinds[resource.key.kind](resource, world, failures)
        except NotOurs:
            raise
        except KubeError as problem:
            self._log("warning", "Kubernetes refused", object=str(resource.key), reason=problem.reason)
            soon = 0.2 if problem.reason == "conflict" and failures < 3 else 0.0
            wait = soon or max(
                backoff(failures, self._world.chance(), first=1.0), min(problem.retry_after, LONGEST_WAIT)
            )
            return Result(wait, failed=True, reason=reasons.KUBERNETES)
        except Exception as bug:
            self._bug(resource.key, bug)
            return Result(backoff(failures, self._world.chance()), failed=True, reason=reasons.BUG)

    def _world_of(self, namespace: str) -> World:
        world = self._worlds.get(namespace)
        if world is None:
            if len(self._worlds) >= _WORLDS:  # namespaces that are gone
                self._worlds.clear()
            world = self._worlds[namespace] = guarded(self._world, lambda: self._still_ours(namespace))
        return world

    def _bug(self, key: Key, bug: BaseException) -> None:
        self._world.counting.count("keywave_bugs_total")
        self._log(
            "error", "a bug in keywave; please report it", object=str(key), type=type(bug).__name__, where=where_of(bug)
        )
