"""Before a Vault that is down: one asks, the others are told at once what it was told, until somebody gets through.

Without it five thousand objects would each wait for a time-out, again and again, and wake together when Vault is back.

And before Vaults that are not known to answer: few requests at a time, and short ones, so that addresses that swallow everything (a typo, a
firewall, somebody's ill will) hold few of the workers. Those that have failed before stand behind those that nobody has tried.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from keywave.controller.login_plan import ConnectionPlan
from keywave.vault.values import VaultFault

_FIRST, _LONGEST = 0.5, 5.0
UNPROVED = 15.0
"""Seconds that a request may take while nothing has come through."""
_AT_ONCE = {"new": 6, "failing": 3}
_PATIENCE = 2.0
"""Seconds that a request waits for one of these places."""
_MOST = 4096


class _Closed(NamedTuple):
    fault: VaultFault
    until: float
    wait: float


class _Door:
    """What is known of one Vault. `passed`: when something last came through."""

    __slots__ = ("closed", "failed", "passed", "proved")

    def __init__(self) -> None:
        self.closed: _Closed | None = None
        self.proved = self.failed = False
        self.passed = float("-inf")


class Ticket(NamedTuple):
    """A request that has entered; given back by `passed`, `failed`, `silent` or `left`. `seconds` that it may take at most."""

    door: _Door
    place: str
    began: float
    seconds: float


class Gate:
    """`now` in seconds, never going back."""

    def __init__(self, now: Callable[[], float], *, patience: float = _PATIENCE) -> None:
        self._now, self._patience = now, patience
        self._doors: OrderedDict[ConnectionPlan, _Door] = OrderedDict()
        self._taken = dict.fromkeys(_AT_ONCE, 0)
        self._changed = threading.Condition()

    def enter(self, plan: ConnectionPlan) -> Ticket:
        """Raises the last fault while it is closed; the first one after the wait may try."""
        door = self._doors.get(plan)
        if door is not None and door.proved:
            return Ticket(door, "", self._now(), float("inf"))
        with self._changed:
            door = self._doors.get(plan)
            if door is None:
                door = self._doors[plan] = _Door()
                while len(self._doors) > _MOST:
                    self._doors.popitem(last=False)
            self._check(door)
            place = self._place(door)
            now = self._now()
            if door.closed is not None:
                # This one is the probe: the others wait for what becomes of it.
                door.closed = door.closed._replace(until=now + door.closed.wait)
            return Ticket(door, place, now, UNPROVED if place else float("inf"))

    def passed(self, ticket: Ticket) -> None:
        """An answer came, whatever it says."""
        door = ticket.door
        door.passed = self._now()
        if ticket.place or not door.proved:
            with self._changed:
                door.proved, door.failed, door.closed = True, False, None
                self._free(ticket)

    def failed(self, ticket: Ticket, fault: VaultFault) -> None:
        """Closes it: the whole server is away."""
        with self._changed:
            door = ticket.door
            wait = min(door.closed.wait * 2, _LONGEST) if door.closed else _FIRST
            wait = max(wait, min(fault.retry_after, 60.0))
            door.closed = _Closed(fault, self._now() + wait, wait)
            door.proved, door.failed = False, True
            self._free(ticket)

    def silent(self, ticket: Ticket, fault: VaultFault) -> bool:
        """No answer in time. Closes it where nothing else came through meanwhile: one engine that hangs must not hold up the others."""
        if ticket.door.passed > ticket.began:
            self.left(ticket)
            return False
        self.failed(ticket, fault)
        return True

    def left(self, ticket: Ticket) -> None:
        """It ended in a way that says nothing about the server."""
        if ticket.place:
            with self._changed:
                self._free(ticket)

    def _check(self, door: _Door) -> None:
        closed = door.closed
        if closed is not None and (left := closed.until - self._now()) > 0:
            fault = closed.fault
            raise VaultFault(fault.reason, fault.summary, retry_after=max(left, fault.retry_after))

    def _place(self, door: _Door) -> str:
        """Takes one of the places, "" where none is needed any more. With the lock held."""
        place = "failing" if door.failed else "new"

        def may_go() -> bool:
            return door.proved or door.closed is not None or self._taken[place] < _AT_ONCE[place]

        while not door.proved:
            if not self._changed.wait_for(may_go, self._patience):
                told = "too many requests wait for Vaults that have not answered yet"
                raise VaultFault("unreachable", told, retry_after=1.0)
            if not door.proved and self._taken[place] < _AT_ONCE[place]:
                self._taken[place] += 1
                return place
            self._check(door)
            if door.closed is not None:
                raise VaultFault(door.closed.fault.reason, door.closed.fault.summary, retry_after=1.0)
        return ""

    def _free(self, ticket: Ticket) -> None:
        if ticket.place:
            self._taken[ticket.place] -= 1
        self._changed.notify_all()
