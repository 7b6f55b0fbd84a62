"""Before a Vault that is down: one asks, the others are told at once what it was told, until somebody gets through.

Without it five thousand objects would each wait for a time-out, again and again, and wake together when Vault is back.

And before Vaults that are not known to answer: few requests at a time, and short ones, so that addresses that swallow everything (a typo, a
firewall, somebody's ill will) hold few of the workers. Those that have failed before stand behind those that nobody has tried. One that has
answered before may have as many requests as it likes while answers come; one that has gone quiet holds half of the workers at most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from keywave.controller.login_plan import ConnectionPlan
from keywave.vault.values import VaultFault

_FIRST, _LONGEST = 0.5, 5.0
UNPROVED = 15.0
"""Seconds that a request may take while nothing has come through."""
_AT_ONCE = {"new": 6, "failing": 3}
_CROWD = 8
"""Requests under way to one Vault from which on it has to answer now and then: half of the workers that there are by default."""
_QUIET = 1.0
"""Seconds without an answer after which it does not."""
_PATIENCE = 2.0
"""Seconds that a request waits for a place."""
_MOST = 4096


class _Closed(NamedTuple):
    fault: VaultFault
    since: float
    until: float
    wait: float


class _Door:
    """What is known of one Vault. `passed`: when something last came through; `used`: when something last went in; `inside`: requests
    under way."""

    __slots__ = ("closed", "failed", "inside", "passed", "proved", "used")

    def __init__(self) -> None:
        self.closed: _Closed | None = None
        self.proved = self.failed = False
        self.passed = self.used = float("-inf")
        self.inside = 0


class Ticket(NamedTuple):
    """A request that has entered; given back by `passed`, `failed`, `silent` or `left`. `seconds` that it may take at most."""

    door: _Door
    place: str
    began: float
    seconds: float


class Gate:
    """`now` in seconds, never going back."""

    def __init__(
        self, now: Callable[[], float], *, patience: float = _PATIENCE, crowd: int = _CROWD, most: int = _MOST
    ) -> None:
        self._now, self._patience, self._crowd, self._most = now, patience, crowd, most
        self._doors: dict[ConnectionPlan, _Door] = {}
        self._taken = dict.fromkeys(_AT_ONCE, 0)
        self._changed = threading.Condition(threading.Lock())

    def enter(self, plan: ConnectionPlan) -> Ticket:
        """Raises the last fault while it is closed; the first one after the wait may try."""
        with self._changed:
            door = self._doors.get(plan) or self._new(plan)
            self._check(door)
            place = self._place(door)
            now = door.used = self._now()
            door.inside += 1
            if door.closed is not None:
                # This one is the probe: the others wait for what becomes of it.
                door.closed = door.closed._replace(until=now + door.closed.wait)
            return Ticket(door, place, now, UNPROVED if place else float("inf"))

    def passed(self, ticket: Ticket) -> None:
        """An answer came, whatever it says."""
        with self._changed:
            door = ticket.door
            door.passed = self._now()
            door.proved, door.failed, door.closed = True, False, None
            self._free(ticket)

    def failed(self, ticket: Ticket, fault: VaultFault) -> None:
        """Closes it: the whole server is away."""
        with self._changed:
            self._close(ticket, fault)
            self._free(ticket)

    def silent(self, ticket: Ticket, fault: VaultFault) -> bool:
        """No answer in time. Closes it where nothing else came through meanwhile: one engine that hangs must not hold up the others."""
        with self._changed:
            alone = ticket.door.passed <= ticket.began
            if alone:
                self._close(ticket, fault)
            self._free(ticket)
        return alone

    def left(self, ticket: Ticket) -> None:
        """It ended in a way that says nothing about the server."""
        with self._changed:
            self._free(ticket)

    # With the lock held

    def _new(self, plan: ConnectionPlan) -> _Door:
        if len(self._doors) >= self._most:
            # Anybody can make addresses up: a Vault that answers is forgotten last.
            doors = self._doors
            del doors[min(doors, key=lambda plan: (doors[plan].proved, doors[plan].inside, doors[plan].used))]
        door = self._doors[plan] = _Door()
        return door

    def _close(self, ticket: Ticket, fault: VaultFault) -> None:
        door, now, before = ticket.door, self._now(), ticket.door.closed
        since, wait = now, _FIRST
        if before is not None and ticket.began <= before.since:
            since, wait = before.since, before.wait  # it went in with the one that closed it
        elif before is not None:
            wait = min(before.wait * 2, _LONGEST)
        wait = max(wait, min(fault.retry_after, 60.0))
        door.closed = _Closed(fault, since, now + wait, wait)
        door.proved, door.failed = False, True

    def _check(self, door: _Door) -> None:
        closed = door.closed
        if closed is not None and (left := closed.until - self._now()) > 0:
            fault = closed.fault
            raise VaultFault(fault.reason, fault.summary, retry_after=max(left, fault.retry_after))

    def _place(self, door: _Door) -> str:
        """Takes one of the places, "" where none is needed any more."""
        while not door.proved:
            place = "failing" if door.failed else "new"

            def may_go(place: str = place) -> bool:
                return door.proved or door.closed is not None or self._taken[place] < _AT_ONCE[place]

            if not self._changed.wait_for(may_go, self._patience):
                raise _crowded("too many requests wait for Vaults that have not answered yet")
            if not door.proved and self._taken[place] < _AT_ONCE[place]:
                self._taken[place] += 1
                return place
            self._raise_closed(door)
        if not self._flows(door) and not self._changed.wait_for(lambda: self._flows(door), self._patience):
            raise _crowded("too many requests to this Vault wait for an answer")
        self._raise_closed(door)
        return ""

    def _flows(self, door: _Door) -> bool:
        return not door.proved or door.inside < self._crowd or self._now() - door.passed < _QUIET

    def _raise_closed(self, door: _Door) -> None:
        """It has failed while this one waited."""
        self._check(door)
        if door.closed is not None:
            raise VaultFault(door.closed.fault.reason, door.closed.fault.summary, retry_after=1.0)

    def _free(self, ticket: Ticket) -> None:
        ticket.door.inside -= 1
        if ticket.place:
            self._taken[ticket.place] -= 1
        self._changed.notify_all()


def _crowded(told: str) -> VaultFault:
    return VaultFault("unreachable", told, retry_after=1.0)
