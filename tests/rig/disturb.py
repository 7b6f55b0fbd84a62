"""What goes wrong with servers: they stop answering for a while, they are killed and come back."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from rig.processes import Server, start


def process_with(argument: str) -> int:
    """The id of the process that was started with this very argument. Raises LookupError."""
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and argument.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                return int(folder.name)
    raise LookupError(argument)


def stall(pid: int, seconds: float) -> None:
    """It lives, holds its connections and answers nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def kill_and_start(argument: str, *, pause: float = 0.0) -> Server:
    """Kill the process with that argument, wait, start it anew as it was: same arguments, folder and environment."""
    pid = process_with(argument)
    proc = Path(f"/proc/{pid}")
    program, *args = [part.decode() for part in (proc / "cmdline").read_bytes().split(b"\0")[:-1]]
    env = dict(line.decode().split("=", 1) for line in (proc / "environ").read_bytes().split(b"\0") if b"=" in line)
    folder, executable = (proc / "cwd").resolve(), (proc / "exe").resolve()
    os.kill(pid, signal.SIGKILL)
    while _lives(pid):
        time.sleep(0.02)
    time.sleep(pause)
    return start(f"{executable.name}-again", executable, args, folder=folder, env=env, called=program)


def _lives(pid: int) -> bool:
    """A killed process that its parent has not looked at yet is a zombie. It holds nothing any more (a port, for one) when all its threads
    have gone, too: the first may well be a zombie before the others."""
    proc = Path(f"/proc/{pid}")
    try:
        zombie = (proc / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return not zombie or len(list((proc / "task").iterdir())) > 1
    except OSError:
        return False
