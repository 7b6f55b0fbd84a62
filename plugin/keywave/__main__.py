"""`python -m keywave` and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code (0 ok, 1 findings, 2 usage, 3 out of reach, 70 bug, 130 interrupted)."""
    # One command, one process, soon over: looking for cycles only costs time (a fifth of a render of 10,000 intents).
    gc.disable()
    from keywave.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
