"""`python -m keywave` and the console script: what belongs to the process, not to the command."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line and exit with its code (0 ok, 1 findings, 2 usage, 3 out of reach, 70 bug, 130 interrupted)."""
    signal.signal(signal.SIGTERM, _terminated)
    # One command, one process, soon over: looking for cycles only costs time (a fifth of a render of 10,000 intents).
    gc.disable()
    from keywave.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        # Where nobody reads it any more, that has been told.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    # Taking the interpreter and all its objects apart would only delay the end (10 ms of a small render).
    os._exit(code)


def _terminated(signum: int, frame: FrameType | None) -> None:
    """Leave through the ordinary way out, so that temp folders and kustomize's process group are cleaned up."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    main()
