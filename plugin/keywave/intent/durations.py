"""Durations as texts: only what is needed to say a third of one. Whole milliseconds; `fractions` would cost more import than it saves."""

from __future__ import annotations

from keywave.objects.later import later

_FORM = later(r"([0-9]+)(?:\.([0-9]+))?(s|m|h|d)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def milliseconds(text: str) -> int | None:
    """`30s`, `1.5h`, `30d` in milliseconds, rounded down; None for another form (a Flux variable, for one)."""
    match = _FORM.match(text)
    if match is None:
        return None
    whole, part, unit = match.groups()
    digits = part or ""
    scale: int = 10 ** len(digits)
    return int(whole + digits) * _SECONDS[unit] * 1000 // scale


def third(text: str) -> str:
    """A third, rounded down to whole seconds and shown in the largest unit that fits: `720h` -> `240h`, `1h` -> `20m`.

    "" where the text is no duration or a third of it is below a second.
    """
    rest = (milliseconds(text) or 0) // 3000
    if rest == 0:
        return ""
    for unit in ("h", "m"):
        if rest % _SECONDS[unit] == 0:
            return f"{rest // _SECONDS[unit]}{unit}"
    return f"{rest}s"
