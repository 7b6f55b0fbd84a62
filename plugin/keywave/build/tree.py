"""Where files are, what people call them, and what may be read.

Rule: nothing outside of the tree is opened, whatever `..` or a symlink says; and only regular files are: a FIFO or a device would hang
or never end. The tree is the repository (a folder with `.git` above, or what the caller knows), and without one the folder itself.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from keywave.findings import Finding, Location, PathKey

MAX_FILE_BYTES = 64 * 1024 * 1024


class Tree(NamedTuple):
    """A folder as the user named it (`given`), where it really is (`real`), and the boundary ("" = none known)."""

    given: str
    real: str
    boundary: str

    def show(self, path: str) -> str:
        """A real path as the user would name it: relative where the folder was named so."""
        return os.path.normpath(os.path.join(self.given, os.path.relpath(path, self.real)))

    def holds(self, path: str, beside: str) -> bool:
        """True when a real path may be read by something in the folder `beside`."""
        allowed = (self.boundary,) if self.boundary else (self.real, beside)
        return any(within(path, folder) for folder in allowed)


class Place(NamedTuple):
    """What a finding about an entry says about where the entry stands."""

    file: str
    line: int = 0
    keys: tuple[PathKey, ...] = ()

    def finding(self, code: str, message: str, hint: str = "") -> Finding:
        return Finding(code, message, hint, Location(self.file, self.line, self.keys))


def tree_of(given: str, root: str = "") -> Tree:
    """The tree of a folder. `root` is the boundary when the caller knows it."""
    real = os.path.realpath(given)
    return Tree(given, real, os.path.realpath(root) if root else repository(real))


def repository(folder: str) -> str:
    """The nearest folder upwards with `.git` in it, or ""."""
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def within(path: str, folder: str) -> bool:
    """True when `path` is the folder or below it. Both are real paths."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def unreadable(path: str, shown: str, place: Place) -> Finding | None:
    """A finding when a file is special, too large or not ours to read; None when it can be opened."""
    try:
        info = os.stat(path)
    except OSError as error:
        return place.finding("KW0206", f"{shown} cannot be read: {error.strerror}")
    if not stat.S_ISREG(info.st_mode):
        return place.finding("KW0206", f"{shown} is not a regular file", "only regular files are read")
    if info.st_size > MAX_FILE_BYTES:
        return place.finding(
            "KW0207", f"{shown} is larger than {MAX_FILE_BYTES} bytes", "split it, or render a smaller tree"
        )
    if not os.access(path, os.R_OK):
        return place.finding("KW0206", f"{shown} cannot be read: permission denied")
    return None


def read_bytes(path: str, limit: int = MAX_FILE_BYTES) -> bytes:
    """A regular file's bytes, never blocking on what is not one. Raises OSError."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(0, "not a regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(0, f"larger than {limit} bytes")
    return data
