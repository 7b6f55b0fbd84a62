"""The one subprocess door: start a program, bound its time and its output, and leave nothing of it behind.

Rule: no shell, no inherited secrets, one error shape. A program runs in a process group of its own, so that what it started
(git, helm) ends with it: SIGTERM first, SIGKILL for those who do not listen, whatever the reason: the time limit, too much output,
Ctrl-C, SIGTERM to us, or a bug of ours. `start` and `finish` are two steps, so that imports can happen while the program runs.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import NamedTuple, NoReturn

from keywave.errors import ToolError

MAX_OUTPUT = 256 * 1024 * 1024
MAX_STDERR = 64 * 1024
GRACE_SECONDS = 1.0
"""How long a group may take to end after SIGTERM."""

_HELD_SECONDS = 0.5  # a program has ended, but a child of it holds the pipe open: how long to wait for its last words
_CHUNK = 1 << 18


class Done(NamedTuple):
    """What a program left behind."""

    code: int
    stdout: bytes
    stderr: str


class Running:
    """A program under way. `finish` once, or `stop`; both leave neither the program nor its children alive."""

    def __init__(self, argv: Sequence[str], popen: subprocess.Popen[bytes], *, timeout: float, max_output: int) -> None:
        self.argv = tuple(argv)
        self._popen = popen
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._max_output = max_output

    def finish(self, *, check: bool = True) -> Done:
        """Wait for the end. Raises ToolError: out of time, too much output and, with `check`, an exit code other than 0."""
        try:
            stdout, stderr = self._collect()
            code = self._popen.wait(max(0.0, self._deadline - time.monotonic()) + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            raise self._out_of_time() from None
        except BaseException:
            self.stop()
            raise
        self._close()
        done = Done(code, stdout, _text(stderr))
        if check and code:
            raise self.failure(done)
        return done

    def stop(self) -> None:
        """End the program and everything that it started; returns when it is gone. Harmless when it has ended by itself."""
        if self._popen.returncode is None:
            _end_group(self._popen.pid)
            self._popen.wait()
        self._close()

    def failure(self, done: Done) -> ToolError:
        """The error for an exit code other than 0: its summary is the last thing that the program said."""
        how = f"was ended by signal {-done.code}" if done.code < 0 else f"failed with exit code {done.code}"
        said = _last_line(done.stderr)
        summary = f"{self._name} {how}" + (f": {said}" if said else "")
        return ToolError(summary, argv=self.argv, code=done.code, stderr=done.stderr, out_of_reach=False)

    @property
    def _name(self) -> str:
        return os.path.basename(self.argv[0])

    def _collect(self) -> tuple[bytes, bytes]:
        chunks: dict[int, list[bytes]] = {}
        sizes: dict[int, int] = {}
        out, err = self._popen.stdout, self._popen.stderr
        assert out is not None
        assert err is not None
        with selectors.DefaultSelector() as selector:
            for pipe in (out, err):
                selector.register(pipe, selectors.EVENT_READ)
                chunks[pipe.fileno()], sizes[pipe.fileno()] = [], 0
            quiet_since = time.monotonic()
            while selector.get_map():
                now = time.monotonic()
                if now >= self._deadline:
                    raise subprocess.TimeoutExpired(self.argv, self._timeout)
                ready = selector.select(min(self._deadline - now, _HELD_SECONDS))
                for key, _ in ready:
                    data = os.read(key.fd, _CHUNK)
                    if not data:
                        selector.unregister(key.fileobj)
                    elif key.fd == out.fileno() or sizes[key.fd] < MAX_STDERR:
                        chunks[key.fd].append(data)
                    sizes[key.fd] += len(data)
                if sizes[out.fileno()] > self._max_output:
                    raise self._too_much()
                if ready:
                    quiet_since = time.monotonic()
                elif time.monotonic() - quiet_since >= _HELD_SECONDS and _has_ended(self._popen.pid):
                    _signal_group(self._popen.pid, signal.SIGKILL)
                    break
            return b"".join(chunks[out.fileno()]), b"".join(chunks[err.fileno()])[:MAX_STDERR]

    def _out_of_time(self) -> ToolError:
        return ToolError(
            f"{self._name} did not finish within {self._timeout:g} s and was stopped",
            argv=self.argv,
            code=None,
            hint="raise the time limit (--timeout), or find out what it waits for (a remote base, a chart, a slow disk)",
            out_of_reach=True,
        )

    def _too_much(self) -> ToolError:
        return ToolError(
            f"{self._name} printed more than {self._max_output} bytes and was stopped",
            argv=self.argv,
            code=None,
            hint="render a smaller tree: one application at a time",
            out_of_reach=False,
        )

    def _close(self) -> None:
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()


def start(
    argv: Sequence[str],
    *,
    cwd: str,
    timeout: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    max_output: int = MAX_OUTPUT,
) -> Running:
    """Start a program in its own process group. `env` is its whole environment (default: `environment()`).

    Raises ToolError (out of reach) when it cannot be started.
    """
    with contextlib.ExitStack() as stack:
        source = subprocess.DEVNULL
        if stdin is not None:
            import tempfile  # no run of kustomize needs it

            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(stdin)
            file.seek(0)
            source = file.fileno()
        started: list[Running] = []
        try:
            with _signals_held():
                popen = subprocess.Popen(
                    list(argv),
                    cwd=cwd,
                    env=dict(environment() if env is None else env),
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
                started.append(Running(argv, popen, timeout=timeout, max_output=max_output))
        except OSError as error:
            summary = f"{argv[0]} cannot be started: {error.strerror or error}"
            raise ToolError(summary, argv=argv, code=None, out_of_reach=True) from None
        except BaseException:
            for running in started:
                running.stop()
            raise
    return started[0]


def run(
    argv: Sequence[str],
    *,
    cwd: str,
    timeout: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    max_output: int = MAX_OUTPUT,
    check: bool = True,
) -> Done:
    """`start` and `finish` in one."""
    return start(argv, cwd=cwd, timeout=timeout, stdin=stdin, env=env, max_output=max_output).finish(check=check)


_ALWAYS = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
_REMOTE = ("SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_NOWHERE = "http://127.0.0.1:9"


def environment(*, remote: bool = False) -> dict[str, str]:
    """What a program gets to see: never our tokens and parameters, and what leads to the network only when `remote`.

    Without `remote`, git is told to allow no transport and HTTP clients get a proxy that nobody answers: a second fence behind
    the check of the kustomization's entries (`build.closure`).
    """
    kept = {k: v for k, v in os.environ.items() if k in _ALWAYS or k.startswith("XDG_")}
    if remote:
        network = {k: v for k, v in os.environ.items() if _is_for_network(k)}
        return {"GIT_TERMINAL_PROMPT": "0", **kept, **network}
    return {**kept, "GIT_ALLOW_PROTOCOL": "", "HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE}


def _is_for_network(key: str) -> bool:
    return key in _REMOTE or key.startswith(("GIT_", "HELM_", "ARGOCD_ASK_PASS")) or key.lower() in _PROXIES


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into SystemExit(143) inside the block, so that programs are stopped and temporary folders removed.

    Only where nobody else has a handler, and only in the main thread (others cannot set one).
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Deliver signals whose handlers raise at the end only: in the middle of `Popen` a program runs that nobody could stop."""
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda caught, _: came.append(caught))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in came:
            signal.raise_signal(caught)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _end_group(group: int) -> None:
    """SIGTERM, a moment, SIGKILL. The leader must not be reaped yet: it keeps the group's number from being used again."""
    _signal_group(group, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < end and not _has_ended(group):
        time.sleep(0.01)
    _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _has_ended(pid: int) -> bool:
    """True when the process is a zombie of ours or gone; leaves it unreaped. Without `waitid` (macOS) it is never known."""
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _text(data: bytes) -> str:
    """Foreign text for people: UTF-8, and no control characters that would drive a terminal."""
    text = data.decode("utf-8", "replace")
    return "".join(c for c in text if c in "\n\t" or c.isprintable())


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    line = (errors or lines or [""])[-1]
    return line[:397] + "..." if len(line) > 400 else line
