"""When to come back: refresh with jitter, back-off with jitter and a ceiling. Pure; seconds everywhere; chance is 0 <= x < 1.

Vault Secrets Operator comes back after 80 to 90 % of an interval and backs off from 5 s by 1.5 up to 60 s, half up and down; so do we,
but what waits for another object of the cluster starts at one second, and a server that names a time is given it.
"""

from __future__ import annotations

import re

FIRST, FACTOR, CEILING = 5.0, 1.5, 60.0
DEFAULT_REFRESH = 60.0
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|m|s|d)")
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def seconds(duration: object, default: float = 0.0) -> float:
    """Seconds of a duration as our definitions let it pass: `1.5h`, `30s`; PKI's `ttl` may have days. `default` for anything else."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else default


def refresh(interval: float, chance: float) -> float:
    """80 to 90 % of an interval, so that objects made together spread and none is late."""
    return interval * (0.8 + 0.1 * chance)


def backoff(failures: int, chance: float, *, first: float = FIRST, ceiling: float = CEILING) -> float:
    """The wait after the failure number `failures` + 1: exponential from `first`, half up and down, never above `ceiling` x 1.5."""
    return min(first * FACTOR ** min(failures, 64), ceiling) * (0.5 + chance)
