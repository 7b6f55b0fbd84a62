"""Run one long command: its output into a log, its progress as one line, its whole process group ended with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT_SECONDS = 60.0
TAIL_LINES = 12


@dataclass(frozen=True)
class Done:
    code: int
    seconds: float
    stdout: str
    tail: str


def say(text: str, *, over: bool = False) -> None:
    """One line on stderr; with `over` it replaces the line before it, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="" if over else "\n", file=sys.stderr, flush=True)
    elif not over:
        print(text, file=sys.stderr, flush=True)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it started: `go build` leaves its compilers behind when only it is killed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=5)
            return
        except subprocess.TimeoutExpired:
            continue


def run_logged(
    argv: Sequence[str],
    *,
    log: Path,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    keep_stdout: bool = False,
) -> Done:
    """Run `argv` to its end. Raises OSError when it cannot be started; anything that stops us also ends the command."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    say(f"{what} ...")
    output = log.with_suffix(".out") if keep_stdout else log
    with log.open("ab") as errors, output.open("wb" if keep_stdout else "ab") as out:
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True
        )
        try:
            wait_aloud(process, what, started)
        finally:
            if process.poll() is None:
                end_group(process)
    seconds = time.monotonic() - started
    say(f"{what}: {'done' if process.returncode == 0 else 'failed'} in {seconds:.0f} s")
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    stdout = output.read_text(errors="replace") if keep_stdout else ""
    return Done(process.returncode, seconds, stdout, "\n".join(lines))


def wait_aloud(process: subprocess.Popen[bytes], what: str, started: float) -> None:
    """Wait; say each second on a terminal, each minute elsewhere, that the work goes on."""
    spoken = started
    while True:
        try:
            process.wait(timeout=1)
            return
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if sys.stderr.isatty():
            say(f"{what} ... {now - started:.0f} s", over=True)
        elif now - spoken >= HEARTBEAT_SECONDS:
            say(f"{what} ... {now - started:.0f} s so far")
            spoken = now
