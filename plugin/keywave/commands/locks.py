"""Where the locks of a tree are. Cheap, because every render asks: nothing but a look for the folder."""

from __future__ import annotations

import os

FOLDER = "vault.lock.d"


def find(path: str, root: str = "") -> str:
    """The nearest `vault.lock.d` from PATH (a folder, a file, "-" for the working directory) upwards; "" where there is none.

    The way up ends at `root`, else at the repository's top; where neither is known, one folder above PATH: a lock from anywhere above
    could be anybody's.
    """
    start = "." if path == "-" else path
    here = os.path.realpath(start if os.path.isdir(start) else os.path.dirname(start) or ".")
    top = os.path.realpath(root) if root else _repository(here) or os.path.dirname(here)
    while True:
        if os.path.isdir(found := os.path.join(here, FOLDER)):
            return os.path.relpath(found) if not os.path.isabs(path) else found
        parent = os.path.dirname(here)
        if here in (top, parent):
            return ""
        here = parent


def _repository(folder: str) -> str:
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder
