"""`python -m keywave` and the console script."""

from __future__ import annotations

import contextlib
import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its code (0 ok, 1 findings, 2 usage, 3 out of reach, 70 bug, 130 interrupted)."""
    # One command, one process, soon over: looking for cycles only costs time (a fifth of a render of 10,000 intents).
    gc.disable()
    from keywave.cli import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(
            OSError, ValueError, AttributeError
        ):  # nobody reads it any more, and that has been told
            stream.flush()
    # Taking the interpreter and all its objects apart would only delay the end (10 ms of a small render).
    os._exit(code)


if __name__ == "__main__":
    main()
