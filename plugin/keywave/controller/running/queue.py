"""The work queue: names, each at most once, each with at most one worker. Level-based, as controller-runtime's.

Two lanes, so that an object that was never synced does not wait behind thousands of refreshes; every fourth name comes from the other
lane. Within a lane namespaces take turns: one with ten thousand broken objects delays nobody else. Nor does one whose Vault is slow: it has
half of the workers while others wait, and three quarters at most.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable

from keywave.controller.model import Key

_TURN = 4
_PATIENCE = 0.02
"""Seconds until one more worker helps with refreshes that wait."""


class _Lane:
    """Names by namespace; namespaces in turn."""

    def __init__(self) -> None:
        self._spaces: OrderedDict[str, OrderedDict[Key, float]] = OrderedDict()
        self.count = 0

    def add(self, key: Key, moment: float) -> None:
        self._spaces.setdefault(key.namespace, OrderedDict())[key] = moment
        self.count += 1

    def remove(self, key: Key) -> float:
        names = self._spaces[key.namespace]
        moment = names.pop(key)
        self.count -= 1
        if not names:
            del self._spaces[key.namespace]
        return moment

    def take(self, most: int, workers_of: Counter[str]) -> Key | None:
        """From the first namespace in turn that may have one more worker: fewer than `most`, 0 = any."""
        for space, names in self._spaces.items():
            if most and workers_of[space] >= most:
                continue
            key, _ = names.popitem(last=False)
            self.count -= 1
            if names:
                self._spaces.move_to_end(space)
            else:
                del self._spaces[space]
            return key
        return None

    def oldest(self) -> float | None:
        return min((next(iter(names.values())) for names in self._spaces.values()), default=None)


class WorkQueue:
    """Thread-safe. `now` in seconds, never going back (time.monotonic). `workers`: how many share it, 0 = no matter."""

    def __init__(self, now: Callable[[], float], workers: int = 0) -> None:
        self._now = now
        self._shares = (max(workers // 2, 1), max(workers * 3 // 4, 1)) if workers else ()
        """Of one namespace: while others wait, and at most."""
        self._help_after = _PATIENCE if workers else 0.0
        self._workers_of: Counter[str] = Counter()
        self._lanes = (_Lane(), _Lane())  # first, refresh
        self._lane_of: dict[Key, int] = {}
        self._delayed: dict[Key, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._working: set[Key] = set()
        self._again: dict[Key, int] = {}
        self._ready = threading.Condition()
        self._serial = self._taken = 0
        self._timed = False
        self._since = self._joined = float("-inf")
        """When the first of the refreshes came that wait, and when a worker last began to help."""
        self._blocked = False
        """Somebody waits for a namespace to have room for one more worker."""
        self._closed = False

    def add(self, key: Key, *, first: bool = False) -> None:
        """Now. `first`: it was never synced."""
        with self._ready:
            self._delayed.pop(key, None)
            self._add(key, 0 if first else 1)

    def add_after(self, key: Key, seconds: float, *, first: bool = False) -> None:
        """Later; what comes earlier wins. Nothing for one that waits for a worker already."""
        with self._ready:
            if key in self._lane_of:
                return
            due = self._now() + max(seconds, 0.0)
            known = self._delayed.get(key)
            if known is not None and known[0] <= due:
                return
            self._serial += 1
            self._delayed[key] = (due, 0 if first else 1)
            heapq.heappush(self._heap, (due, self._serial, key))
            if self._heap[0][2] is key:
                self._ready.notify_all()  # whoever looks at the clock looks for something later
            if len(self._heap) > 64 + 4 * len(self._delayed):
                self._compact()

    def take(self, wait: float = 1.0, *, at_work: bool = False) -> Key | None:
        """The next name, which is this worker's until `done`; None after `wait` seconds, or when closed. `at_work`: it has just done
        another."""
        end = self._now() + wait
        with self._ready:
            while not self._closed:
                woken = self._wake()
                now = self._now()
                patience = 0.0 if at_work else self._patience(now)
                if patience <= 0:
                    key = self._choose()
                    if key is not None:
                        if not at_work:
                            self._joined = now
                        return self._given(key, woken or not at_work)
                    self._blocked, patience = bool(self._lane_of), wait
                at_work = False
                left = end - now
                if left <= 0:
                    return None
                self._await(min(left, patience))
            return None

    def _given(self, key: Key, look: bool) -> Key:
        """`look`: somebody else has to see whether to help, too."""
        self._taken += 1
        del self._lane_of[key]
        self._working.add(key)
        self._workers_of[key.namespace] += 1
        if not self._lane_of:
            self._blocked = False
        if (self._heap and not self._timed) or (self._lane_of and look):
            self._ready.notify()  # one of those that wait has to look at the clock
        return key

    def _patience(self, now: float) -> float:
        """Seconds until one more worker helps those that are at work. Refreshes that are due together are mostly done by one, which finds
        all that it needs in the processor's caches and shares the interpreter with nobody: for 16 it costs a fifth more (design/0011)."""
        first, refresh = self._lanes
        if first.count or not refresh.count or not self._working:
            return 0.0
        return max(self._since, self._joined) + self._help_after - now

    def _await(self, left: float) -> None:
        """One that waits looks at the clock for the next delayed name, the others wait to be told: else all would wake at once."""
        if self._timed or not self._heap:
            self._ready.wait(max(left, 0.001))
            return
        self._timed = True
        try:
            self._ready.wait(max(min(left, self._heap[0][0] - self._now()), 0.001))
        finally:
            self._timed = False

    def done(self, key: Key) -> None:
        """The worker is through; what was added meanwhile is given out again."""
        with self._ready:
            self._working.discard(key)
            self._workers_of[key.namespace] -= 1
            if not self._workers_of[key.namespace]:
                del self._workers_of[key.namespace]
            lane = self._again.pop(key, None)
            if lane is not None:
                self._add(key, lane)
            elif self._blocked:
                self._ready.notify()  # its namespace may have one more

    def forget(self, key: Key) -> None:
        """It is gone, or somebody else's."""
        with self._ready:
            self._delayed.pop(key, None)
            self._again.pop(key, None)
            if key in self._lane_of:
                self._lanes[self._lane_of.pop(key)].remove(key)

    def close(self) -> None:
        """No name is given out any more."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    def depth(self) -> tuple[int, int, int]:
        """How many wait: never synced, refreshes, delayed."""
        with self._ready:
            return self._lanes[0].count, self._lanes[1].count, len(self._delayed)

    def age(self) -> float:
        """Seconds that the oldest one waits for a worker."""
        with self._ready:
            moments = [moment for lane in self._lanes if (moment := lane.oldest()) is not None]
            return max(self._now() - min(moments), 0.0) if moments else 0.0

    def working(self) -> frozenset[Key]:
        with self._ready:
            return frozenset(self._working)

    def _add(self, key: Key, lane: int, *, tell: bool = True) -> None:
        """`tell` False: whoever adds a refresh takes one itself."""
        if self._closed:
            return
        if key in self._working:
            self._again[key] = min(lane, self._again.get(key, 1))
            return
        before = self._lane_of.get(key)
        if before is not None:
            if lane >= before:
                return
            self._lanes[before].remove(key)
        now = self._now()
        if lane and not self._lanes[lane].count:
            self._since = now
        self._lanes[lane].add(key, now)
        self._lane_of[key] = lane
        if tell or not lane:
            self._ready.notify()

    def _wake(self) -> bool:
        """Delayed ones that are due; whether there were any."""
        now = self._now()
        ripe = bool(self._heap) and self._heap[0][0] <= now
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            known = self._delayed.get(key)
            if known is not None and known[0] == due:
                del self._delayed[key]
                self._add(key, known[1], tell=False)
        return ripe

    def _choose(self) -> Key | None:
        """The next name whose namespace may have one more worker; its lane no longer has it."""
        first, refresh = self._lanes
        if not first.count and not refresh.count:
            return None
        turn = refresh.count and (self._taken + 1) % _TURN == 0
        lanes = (refresh, first) if turn else (first, refresh)
        for most in self._shares or (0,):
            for lane in lanes:
                key = lane.take(most, self._workers_of) if lane.count else None
                if key is not None:
                    return key
        return None

    def _compact(self) -> None:
        """Entries that an earlier one has replaced."""
        self._heap = [entry for entry in self._heap if self._delayed.get(entry[2], (None,))[0] == entry[0]]
        heapq.heapify(self._heap)
