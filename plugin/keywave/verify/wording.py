"""How the checks say lengths of time and lists of names."""

from __future__ import annotations

from collections.abc import Sequence

UNITS = (("h", 3600), ("m", 60))


def span(seconds: int) -> str:
    """Seconds in the largest unit that fits: 172800 -> `48h`, 90 -> `90s`."""
    for unit, size in UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def space(namespace: str) -> str:
    """The option of the `vault` program for a Vault namespace, behind the command: ` -namespace=team`; "" at the top."""
    return f" -namespace={namespace}" if namespace else ""


def or_else(near: str, fix: str) -> str:
    """`did you mean "x"? else: ` before the fix where a near name is known, else the fix alone."""
    return f'did you mean "{near}"? else: {fix}' if near else fix


def some(names: Sequence[str], most: int = 10) -> str:
    """`"a", "b"`, and how many more there are beyond `most`."""
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
