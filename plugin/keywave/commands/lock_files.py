"""Lock files on disk: reading a folder of them, writing all or none, and how old they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keywave.commands.locks import FOLDER
from keywave.errors import UsageError
from keywave.findings import Finding, Location, Severity

if TYPE_CHECKING:
    from keywave.proving import Locked

KEY_VARIABLE = "KEYWAVE_LOCK_KEY"
"""Of the environment: the key by which names of keys are hashed in a lock. Never an option: it would stand in the list of processes."""


def hash_key() -> bytes:
    return os.environ.get(KEY_VARIABLE, "").encode()


def read_locks(place: str) -> Locked:
    """The lock in a file, or all locks in a folder (`<profile>.json`).

    Raises UsageError where there is none, LockError (KW8005) for one that cannot be read.
    """
    from keywave.lockfile.read import read_lock
    from keywave.proving import Locked

    files = [Path(place)] if os.path.isfile(place) else sorted(Path(place).glob("*.json"))
    if not files:
        raise UsageError(f"there is no lock in {place}", hint=f"write one: keywave lock PATH --out {place}")
    texts = {file: _text(file) for file in files}
    return Locked({file.stem: read_lock(texts[file], str(file), hash_key=hash_key()) for file in files}, place)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{file} cannot be read: {reason}") from None


def now() -> str:
    """RFC 3339, the day alone: two branches that take the lock again on one day then do not conflict in that line."""
    return datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")


def days_since(taken: str) -> int | None:
    """Whole days; None for a time that is none."""
    try:
        return max(0, (datetime.now(UTC) - datetime.fromisoformat(taken)).days)
    except (ValueError, TypeError):
        return None


def age(taken: str) -> str:
    """For people."""
    days = days_since(taken)
    if days is None:
        return "of unknown age"
    return "taken today" if days == 0 else f"{days} day{'' if days == 1 else 's'} old"


def aged(source: Locked, limit: int | None) -> tuple[Finding, ...]:
    """KW8004 for each lock that is older than `limit` days (None = any age will do)."""
    if limit is None:
        return ()
    found = []
    for name, lock in sorted(source.locks.items()):
        days = days_since(lock.taken)
        if days is None or days > limit:
            found.append(
                Finding(
                    "KW8004",
                    f"the lock of {name} is {age(lock.taken)}; at most {limit} days are wanted",
                    "take it anew: keywave lock PATH --touch (integrations/ci has a job for that)",
                    Location(lock.file),
                    Severity.WARNING,
                )
            )
    return tuple(found)


def write_locks(texts: Mapping[str, str], out: str = FOLDER) -> tuple[str, ...]:
    """Write `<name>.json` each; all drafts are whole before the first takes its place. Returns the files that changed.

    Raises OutputError.
    """
    from keywave.commands.schema import write_files

    folder = Path(out)
    changed = {f"{name}.json": text for name, text in texts.items() if existing(folder / f"{name}.json") != text}
    if changed:
        write_files(folder, changed)
    return tuple(str(folder / name) for name in sorted(changed))


def existing(file: Path) -> str | None:
    """The text that stands there, None where nothing does or it is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
