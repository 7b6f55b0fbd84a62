"""A cache of what kustomize printed, under a hash of everything that it read.

Rule: off unless asked for; a hit is byte-identical to a build. Entries are written whole or not at all (temporary file, rename), so that
renders at the same time never see half of one; a damaged entry is a miss; the oldest used go first when the bound is passed. The
folder is for our user only. It never holds a secret value: output with a Secret in it is not kept, because a Secret's data
would outlive the tree it stood in, in a place that nobody looks after.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable

from keywave.objects.later import later

_MAGIC = b"keywave-build-1 "
_OURS = later(r"^\.?[0-9a-f]{64}")
_SECRET = later(rb"^\s*(?:- )?kind: [\"']?Secret[\"']?\s*$", re.MULTILINE)


def key(parts: Iterable[str], files: Iterable[tuple[str, str]]) -> str:
    """The name of an entry: `parts` are tool, version and options; `files` are (name, real path) of the closure.

    Raises OSError when a file cannot be read.
    """
    digest, listed = hashlib.sha256(), list(parts)
    digest.update(len(listed).to_bytes(8, "big"))
    for part in listed:
        digest.update(_framed(part.encode()))
    for name, path in sorted(files):
        digest.update(_framed(name.encode("utf-8", "surrogateescape")))
        with open(path, "rb") as file:
            digest.update(_framed(file.read()))
    return digest.hexdigest()


def load(folder: str, name: str) -> bytes | None:
    """The entry, or None when there is none or it is damaged."""
    path = os.path.join(folder, name)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    head, _, body = data.partition(b"\n")
    if head != _MAGIC + hashlib.sha256(body).hexdigest().encode():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # what was used last goes last
    return body


def store(folder: str, name: str, body: bytes, *, limit: int) -> None:
    """Keep an entry, best effort: a full or read-only disk costs time, not the render."""
    if _SECRET.search(body) or len(body) > limit:
        return
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        os.replace(temporary, os.path.join(folder, name))
        _shrink(folder, limit)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _framed(data: bytes) -> bytes:
    """Length first, so that no two lists of parts give the same bytes."""
    return len(data).to_bytes(8, "big") + data


def _shrink(folder: str, limit: int) -> None:
    """Remove the oldest used entries until the rest fits. Others may do the same at the same time."""
    entries = []
    with os.scandir(folder) as found:
        for entry in found:
            if not _OURS.match(entry.name):
                continue
            with contextlib.suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                entries.append((info.st_mtime_ns, entry.name, info.st_size))
    total = sum(size for _, _, size in entries)
    for _, name, size in sorted(entries):
        if total <= limit:
            return
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, name))
        total -= size
