"""Reads that several objects want: who asks while another asks already gets its answer; an answer young enough is given again.

Answers hold values: they are kept for seconds, within bounds of number and bytes, and swept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from keywave.vault.values import Payload, VaultFault

_MOST, _MOST_BYTES = 10_000, 64 << 20
PATIENCE = 5.0
"""Seconds that a thread waits for what another one is doing: a Vault that hangs must not hold them all."""


class _Kept(NamedTuple):
    payload: Payload
    asked: float
    until: float
    size: int


class _Flight:
    """One request under way."""

    __slots__ = ("began", "done", "fault", "payload")

    def __init__(self, began: float) -> None:
        self.began = began
        self.done: threading.Event | None = None  # made by the first that waits: mostly nobody does
        self.payload: Payload | None = None
        self.fault: BaseException | None = None


class SharedReads:
    """`now` in seconds, never going back."""

    def __init__(self, now: Callable[[], float], *, patience: float = PATIENCE) -> None:
        self._now, self._patience = now, patience
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._flights: dict[Hashable, _Flight] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, key: Hashable, max_age: float, ask: Callable[[], Payload]) -> Payload:
        """An answer for `key` that was asked for less than `max_age` seconds ago; with 0 it is asked for now, whoever else does. Raises
        what `ask` raises, to all that wait for it."""
        now = self._now()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and now - kept.asked < max_age:
                return kept.payload
            flight = self._flights.get(key)
            # One that has been under way for long may bring what Vault had then.
            mine = flight is None or now - flight.began >= max_age
            if flight is None or mine:
                flight = self._flights[key] = _Flight(now)
            elif flight.done is None:
                flight.done = threading.Event()
        if not mine:
            assert flight.done is not None
            if not flight.done.wait(self._patience):
                raise VaultFault("unreachable", "another read of the same waits for Vault's answer", retry_after=1.0)
            if flight.payload is not None:
                return flight.payload
            raise _again(flight.fault)
        try:
            flight.payload = payload = ask()
            self._keep(key, payload, flight.began, max_age)
            return payload
        except BaseException as fault:
            flight.fault = fault
            raise
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                done = flight.done
            if done is not None:
                done.set()

    def sweep(self) -> None:
        """Forget what nobody may be given any more; called every few seconds."""
        now = self._now()
        with self._lock:
            for key in [key for key, kept in self._kept.items() if kept.until <= now]:
                self._bytes -= self._kept.pop(key).size

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, key: Hashable, payload: Payload, asked: float, max_age: float) -> None:
        size = 1000 + 4 * payload.size  # objects take more than their text
        with self._lock:
            before = self._kept.get(key)
            if before is not None and before.asked > asked:
                return  # who asked later was answered sooner
            self._kept.pop(key, None)
            self._bytes += size - (before.size if before else 0)
            self._kept[key] = _Kept(payload, asked, asked + max(max_age, 1.0), size)
            while self._bytes > _MOST_BYTES or len(self._kept) > _MOST:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.size


def _again(fault: BaseException | None) -> BaseException:
    """For another thread: an exception of its own, or the traceback would grow in both."""
    if isinstance(fault, VaultFault):
        return VaultFault(fault.reason, fault.summary, status=fault.status, retry_after=fault.retry_after)
    return fault if fault is not None else VaultFault("unreachable", "the request was given up")
