"""When to come back: refresh with jitter, back-off with jitter and a ceiling. Pure; seconds everywhere; chance is 0 <= x < 1.

Vault Secrets Operator comes back after 80 to 90 % of an interval and backs off from 5 s by 1.5 up to 60 s, half up and down; so do we,
but what waits for another object of the cluster starts at one second, and a server that names a time is given it.
"""

from __future__ import annotations

import math
import re

FIRST, FACTOR, CEILING = 5.0, 1.5, 60.0
DEFAULT_REFRESH, SHORTEST_REFRESH, LONGEST_REFRESH = 60.0, 1.0, 1e9
LONGEST_WAIT = 300.0
"""Seconds: more is not waited because a server says so, nor spread over after a start."""
_TURN, _LATEST, _TOGETHER = 0.85, 0.9, 0.5
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|m|s|d)")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def seconds(duration: object, default: float = 0.0) -> float:
    """Seconds of a duration as our definitions let it pass: `1.5h`, `30s`; PKI's `ttl` may have days. `default` for anything else."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else default


def refresh(interval: float, chance: float) -> float:
    """80 to 90 % of an interval, so that objects made together spread and none is late."""
    return interval * (0.8 + 0.1 * chance)


def refresh_interval(duration: object) -> float:
    """Seconds of a `refreshAfter`: a minute where it says nothing, never less than one second."""
    return min(max(seconds(duration) or DEFAULT_REFRESH, SHORTEST_REFRESH), LONGEST_REFRESH)


def next_turn(at: float, interval: float, phase: float) -> float:
    """When what was read at `at` is read again: the last turn that comes within 0.9 intervals. `phase`, 0 <= x < 1: where the turns lie, to
    half a second: a few reads after one another cost a third less than each by itself (design/0011)."""
    period = _TURN * interval
    turn = (math.floor((at + _LATEST * interval) / period - phase) + phase) * period
    return math.floor(turn / _together(interval)) * _together(interval)


def first_turn(now: float, interval: float, phase: float) -> float:
    """The same at the start of a process, which does not know of the last read: soon, so that starts in a row lose no refresh."""
    return now + min((1 - _LATEST) * interval, LONGEST_WAIT) * phase


def is_due(now: float, due: float, interval: float) -> bool:
    """Also where the clock was set back since."""
    return now >= due or due - now > interval


def shared_age(interval: float) -> float:
    """Seconds that an answer may be old to be given to another of the same turn: not more than a turn may come early, or the turn would
    not be over with it."""
    return min((_LATEST - _TURN) * interval - _together(interval), 10.0)


def _together(interval: float) -> float:
    return min(_TOGETHER, (_LATEST - _TURN) / 3 * interval)


def backoff(failures: int, chance: float, *, first: float = FIRST, ceiling: float = CEILING) -> float:
    """The wait after the failure number `failures` + 1: exponential from `first`, half up and down, never above `ceiling` x 1.5."""
    return min(first * FACTOR ** min(failures, 64), ceiling) * (0.5 + chance)
