"""Start a server, wait until it is ready, end it by its id whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GUARD = Path(__file__).with_name("die_with_parent.py")
# Nothing here is worth a longer good-bye: all data is thrown away.
ENDING_SECONDS = 0.5


@dataclass(frozen=True)
class Server:
    """A started server. Its output is in `log`."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 30) -> str:
        shown = "\n".join(self.output().splitlines()[-lines:])
        return f"--- the end of {self.name}'s log ---\n{shown}"

    def stop(self) -> None:
        """End the server's whole process group; nothing when it has ended."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, sign)
            try:
                self.process.wait(timeout=ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            # What it started and left behind goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            return


def start(
    name: str, program: Path, args: Sequence[str], *, folder: Path, env: Mapping[str, str], called: str = ""
) -> Server:
    """Start `program` in its own session, in `folder`, with its output in `folder`/<name>.log. `called` is its argv[0].

    Start from the main thread: on Linux the server ends with the thread that started it, which is how it ends with a killed run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    guard = [sys.executable, "-S", "-E", str(GUARD), str(os.getpid()), str(program), called or str(program)]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*guard, *args],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(name, log, process)


@contextlib.contextmanager
def running(
    name: str,
    program: Path,
    args: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    ready: Callable[[], bool],
    timeout: float = 60.0,
) -> Iterator[Server]:
    """A server from ready to ended.

    `ready` may raise OSError for "not yet". Raises AssertionError with the end of the log when the server ends by itself
    or is not ready in `timeout` seconds.
    """
    server = start(name, program, args, folder=folder, env=env)
    try:
        await_ready(server, ready, timeout)
        yield server
    finally:
        server.stop()


def await_ready(server: Server, ready: Callable[[], bool], timeout: float) -> None:
    end = time.monotonic() + timeout
    while True:
        if not server.running():
            raise AssertionError(f"{server.name} ended with status {server.process.returncode}\n{server.tail()}")
        with contextlib.suppress(OSError):
            if ready():
                return
        if time.monotonic() >= end:
            raise AssertionError(f"{server.name} was not ready in {timeout:g} s\n{server.tail()}")
        time.sleep(0.05)
