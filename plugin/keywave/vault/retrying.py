"""When to ask again. Pure: no clock and no sleeping here."""

from __future__ import annotations

from typing import NamedTuple

from keywave.vault.faults import OutOfReach


class Retries(NamedTuple):
    """`attempts` for one request, the first counted. Waits double from `first` to `most` seconds; `longest` is the longest Retry-After that
    is waited for."""

    attempts: int = 5
    first: float = 0.25
    most: float = 4.0
    longest: float = 30.0


def wait_before_next(
    retries: Retries, attempt: int, fault: OutOfReach, left: float, chance: float, *, reached: bool
) -> float | None:
    """Seconds to wait after the failed attempt number `attempt` (from 1), or None to give up.

    `left`: seconds until the deadline; `chance`: 0 to 1, random, so that many clients do not come back together; `reached`: Vault has
    answered before, else an address that nobody listens on is not worth a second try. A time-out is tried once more, not again and again.
    """
    if not fault.transient or attempt >= retries.attempts:
        return None
    if fault.reason == "refused" and not reached:
        return None
    if fault.reason == "timeout" and attempt >= 2:
        return None
    if fault.retry_after:
        wait = fault.retry_after * (1 + 0.1 * chance)
        return wait if fault.retry_after <= retries.longest and wait < left else None
    wait = min(retries.most, retries.first * 2 ** (attempt - 1)) * (0.5 + 0.5 * chance)
    return wait if wait < left else None
