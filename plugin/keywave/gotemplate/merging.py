"""sprig's merge and mergeOverwrite (mergo on dicts)."""

from __future__ import annotations

from typing import Any

from keywave.gotemplate.failing import Refused
from keywave.gotemplate.running import Run
from keywave.gotemplate.values import INVALID, empty, is_slice


def refuse_circle(run: Run, value: Any, target: dict[str, Any]) -> None:
    """Go would let a dict be put into itself, and dies of a stack overflow when it is printed."""
    if _holds(run, value, target):
        raise Refused("a dict cannot be put into itself", "unsupported")


def _holds(run: Run, value: Any, target: dict[str, Any]) -> bool:
    run.spend()
    if value is target:
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_holds(run, item, target) for item in inside)


def merge(run: Run, target: dict[str, Any], source: dict[str, Any], *, overwrite: bool) -> None:
    """`source` into `target`, dicts inside of dicts too. A value that is empty in `target` counts as absent."""
    for key, value in list(source.items()):
        run.spend()
        there = target.get(key, INVALID)
        if value is None:
            if overwrite:
                target[key] = None
            continue
        refuse_circle(run, value, target)
        if isinstance(value, dict) and isinstance(there, dict):
            merge(run, there, value, overwrite=overwrite)
        elif is_slice(value) and (overwrite or there is INVALID or there is None):
            target[key] = value
        kept = is_slice(value) or (isinstance(value, dict) and isinstance(there, dict))
        if there is INVALID or empty(there) or (overwrite and not kept):
            target[key] = value
