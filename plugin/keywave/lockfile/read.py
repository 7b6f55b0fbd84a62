"""A lock file back into an inventory. Whatever the file holds, the answer is an inventory or findings with lines, never a traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from keywave.errors import FindingsError
from keywave.findings import Finding, Location, PathKey, did_you_mean
from keywave.lockfile.facts import CODECS
from keywave.lockfile.schema import FORMAT, LOCK, TABLES
from keywave.objects.structural import check
from keywave.vault.engines import fits
from keywave.vault.inventory import Fact, Inventory, State, hashed

MOST_BYTES = 64 * 2**20
_MOST_TOLD = 20
_HIDDEN = "the lock holds hashed key names, and no hash key was given"
_RETAKE = "take it again: keywave lock"
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_OPEN = ("<<<<<<< ", ">>>>>>> ", "||||||| ")


class LockError(FindingsError):
    """A lock that cannot be read; `findings` are KW8005 with the line."""


def read_lock(text: str, file: str, *, hash_key: bytes = b"") -> Inventory:
    """The inventory of a lock. Key names of a hashed lock are left out without `hash_key` (each secret has a note then).

    Raises LockError for text that is no JSON, has a merge conflict, another format or other shapes, or is above 64 MiB.
    """
    if len(text) > MOST_BYTES:
        raise _error(file, 0, f"the lock is above {MOST_BYTES // 2**20} MiB", "give the profile fewer prefixes")
    document = _decode(text, file)
    _require_format(document, text, file)
    problems = check(document, LOCK)
    if problems:
        raise _stopped(
            file,
            [_finding(file, _line(text, p.keys), p.message, p.hint or _RETAKE, p.keys) for p in problems[:_MOST_TOLD]],
        )
    hidden = document.get("keyNames") == "hmac-sha256"
    if hidden and hash_key and document.get("keyCheck", hashed("", hash_key)) != hashed("", hash_key):
        # Else every key would be missing.
        what = "the names of keys in the lock are hashed with another key than the one given"
        raise _error(
            file, _line(text, ("keyCheck",)), what, "give the key that the lock was taken with: KEYWAVE_LOCK_KEY"
        )
    tables: dict[str, dict[tuple[str, str], Fact[Any]]] = {name: {} for name in TABLES}
    for namespace, space in document["namespaces"].items():
        for table in TABLES:
            notes = space.get("others", {}).get(table, {})
            for path, wire in space.get(table, {}).items():
                note = notes.get(path, {}).get("note", "")
                if table == "secrets" and hidden and not hash_key and wire.get("keys"):
                    wire, note = {k: v for k, v in wire.items() if k != "keys"}, note or _HIDDEN
                value = CODECS[table].get(wire, path, hash_key if hidden else b"")
                if table == "roles":
                    _check_role(file, text, namespace, path, value)
                tables[table][namespace, path] = Fact(State.PRESENT, value, note)
            for path, other in notes.items():
                if other["state"] != State.PRESENT:
                    if path in space.get(table, {}):
                        raise _contradicts(file, text, namespace, table, path, other["state"])
                    tables[table][namespace, path] = Fact(State(other["state"]), None, other.get("note", ""))
    return Inventory(
        source="lock",
        file=file,
        address=document.get("address", ""),
        version=document.get("vault", ""),
        taken=document.get("taken", ""),
        lacking=tuple((space, path, capability) for space, path, capability in document.get("lacking", [])),
        **tables,
    )


def _decode(text: str, file: str) -> Any:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(_OPEN) or line.rstrip("\r") == "=======":
            raise _error(
                file,
                number,
                "the lock has an open merge conflict",
                f"take either side, then {_RETAKE.partition(': ')[2]}",
            )
    try:
        document = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_distinct, parse_constant=_no_constant, parse_int=_bounded
        )
        if _HALF.search(text):
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except UnicodeEncodeError:
        half = _HALF.search(text)
        where = text.count("\n", 0, half.start()) + 1 if half else 1
        raise _error(file, where, "half of a surrogate pair, which no text can hold", _RETAKE) from None
    except json.JSONDecodeError as error:
        raise _error(file, error.lineno, f"not JSON: {error.msg}", _RETAKE) from None
    except _BadJson as error:
        raise _error(file, _line_of_text(text, error.name), error.message, _RETAKE) from None
    except RecursionError:
        raise _error(file, 1, "nested too deeply for a lock", _RETAKE) from None


class _BadJson(Exception):
    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.message, self.name = message, name


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A name twice is what a bad merge leaves behind: JSON would silently take the last."""
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _BadJson(f"{json.dumps(name[:80])} is there twice", name)
        made[name] = value
    return made


def _no_constant(text: str) -> Any:
    raise _BadJson(f"{text} is not JSON", text)


def _bounded(digits: str) -> int:
    if len(digits) > 18:
        raise _BadJson("a number of more than 18 digits", digits)
    return int(digits)


def _require_format(document: Any, text: str, file: str) -> None:
    if not isinstance(document, dict):
        raise _error(file, 1, "a lock is a JSON object", _RETAKE)
    found = document.get("format")
    if found != FORMAT:
        shown = json.dumps(found)[:80] if "format" in document else "none"
        hint = did_you_mean(found, [FORMAT]) if isinstance(found, str) else ""
        newer = isinstance(found, str) and found.startswith(FORMAT.rpartition("/")[0] + "/")
        hint = "a newer keywave wrote it: update keywave" if newer else hint or f'the format must be "{FORMAT}"'
        raise _error(file, _line(text, ("format",)), f"unknown format: {shown}", hint)


def _check_role(file: str, text: str, namespace: str, path: str, settings: Mapping[str, Any]) -> None:
    """The schema takes any type for any field, since the fields of many engines stand there."""
    for name, value in settings.items():
        if not fits(name, value):
            line = _line(text, ("namespaces", namespace, "roles", path, name))
            raise _error(file, line, f"{json.dumps(name[:80])} of {json.dumps(path[:80])} has another type", _RETAKE)


def _contradicts(file: str, text: str, namespace: str, table: str, path: str, state: str) -> LockError:
    """Two locks that were merged, one with it and one without."""
    keys = ("namespaces", namespace, "others", table, path)
    return _error(file, _line(text, keys), f"{table}: {json.dumps(path[:80])} is there and {state} at once", _RETAKE)


def _line(text: str, keys: Sequence[PathKey]) -> int:
    from keywave.objects.locate import line_of  # only for a lock that is wrong

    return line_of(text, keys)


def _line_of_text(text: str, part: str) -> int:
    """The line of the last place that holds `part`: of two equal names the second is the one too many."""
    place = text.rfind(json.dumps(part)) if text.rfind(json.dumps(part)) >= 0 else text.rfind(part)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1


def _finding(file: str, line: int, message: str, hint: str, keys: tuple[PathKey, ...] = ()) -> Finding:
    return Finding("KW8005", message, hint, Location(file, line, keys), subject=f"lock {file}")


def _error(file: str, line: int, message: str, hint: str) -> LockError:
    return _stopped(file, [_finding(file, line, message, hint)])


def _stopped(file: str, findings: Sequence[Finding]) -> LockError:
    return LockError(f"{file}: the lock cannot be read", findings)
