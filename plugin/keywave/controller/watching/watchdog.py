"""What /healthz looks at besides the workers' own word: a thread that has ended, and work that does not move.

A process that only seems to live is worse than one that is started anew: nobody takes its shards while it renews them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

_STUCK = 600.0
"""Seconds. Every request of ours ends far earlier, so that something was taken and finished by then."""


class Watchdog:
    """`waiting()`: seconds that the oldest object waits for a worker. `finished()`: a number that grows with each reconcile.

    `watch` after all threads were started: those of now must live on. Fleeting ones (of the HTTP server) are not meant."""

    def __init__(
        self,
        waiting: Callable[[], float],
        finished: Callable[[], float],
        *,
        now: Callable[[], float] = monotonic,
        stuck: float = _STUCK,
    ) -> None:
        self._waiting, self._finished, self._now, self._stuck = waiting, finished, now, stuck
        self._threads: tuple[threading.Thread, ...] = ()
        self._seen, self._since = finished(), now()
        self._lock = threading.Lock()

    def watch(self, *prefixes: str) -> None:
        """Those of the process's threads whose names begin so."""
        self._threads = tuple(thread for thread in threading.enumerate() if thread.name.startswith(prefixes))

    def wrong(self) -> str:
        """ "" or what is wrong. To be asked often: it notes what has moved since."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if dead:
            return f"the thread {dead[0]} has ended"
        with self._lock:
            now, finished = self._now(), self._finished()
            waiting = self._waiting()
            if finished != self._seen or waiting <= 0:
                self._seen, self._since = finished, now
            still = min(now - self._since, waiting)
        return f"nothing was finished for {still:.0f} s, and objects wait" if still > self._stuck else ""
