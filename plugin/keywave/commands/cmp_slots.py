"""A bound on renders that run at once in one sidecar.

The repo-server's own `--parallelismlimit` is released as soon as the tarball is sent, so a refresh of many applications starts as many
processes as there are applications. Slots are lock files: the kernel frees them when a process dies, however it dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from keywave.errors import ToolError

POLL = 0.02
"""Seconds between two looks at the slots."""


@contextlib.contextmanager
def slot(folder: str | os.PathLike[str], *, slots: int, timeout: float) -> Iterator[None]:
    """Hold one of `slots` slots. Raises ToolError (out of reach) when none came free within `timeout` seconds."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    deadline = time.monotonic() + timeout
    while True:
        for number in range(slots):
            handle = os.open(os.path.join(folder, f"slot-{number}"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                continue
            try:
                yield
            finally:
                os.close(handle)
            return
        if time.monotonic() >= deadline:
            raise ToolError(
                f"no free slot for a render within {timeout:.0f} s: {slots} renders run at once in this sidecar",
                argv=("keywave", "cmp", "generate"),
                code=None,
                hint="raise KEYWAVE_CMP_SLOTS or the sidecar's CPU",
                out_of_reach=True,
            )
        time.sleep(POLL)
