"""The subprocess door: what it gives, what it refuses, and that nothing stays alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from keywave.build import process
from keywave.errors import ToolError


def shell(lines: str, **more: float | bool | bytes) -> process.Done:
    settings = {"timeout": 20.0, **more}
    return process.run(["/bin/sh", "-c", lines], cwd="/", **settings)  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    """False for zombies too: they wait for their parent, which may be the init of a container."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    """True when the process is gone, now or in a moment: a killed process needs a turn on the processor to go."""
    end = time.monotonic() + 3
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


def wait_for(path: Path) -> int:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def test_output_error_and_code_come_back() -> None:
    assert shell("echo out; echo err >&2; exit 3", check=False) == process.Done(3, b"out\n", "err\n")


def test_stdin_is_given_and_otherwise_empty() -> None:
    assert shell("cat", stdin=b"x" * 300_000).stdout == b"x" * 300_000
    assert shell("cat").stdout == b""


def test_much_output_on_both_pipes_does_not_block() -> None:
    done = shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero | tr '\\0' e >&2")

    assert len(done.stdout) == 3_000_000
    assert done.stderr == "e" * process.MAX_STDERR


def test_control_characters_of_foreign_errors_do_not_reach_a_terminal() -> None:
    assert shell("printf 'a\\033[31mb\\a\\n' >&2; exit 0").stderr == "a[31mb\n"


@pytest.mark.parametrize(
    ("lines", "limits", "summary", "exit_code"),
    [
        pytest.param("echo Error: no >&2; exit 4", {}, "sh failed with exit code 4: Error: no", 1, id="it fails"),
        pytest.param("kill -9 $$", {}, "sh was ended by signal 9", 1, id="it is killed by another"),
        pytest.param("sleep 60", {"timeout": 0.3}, "sh did not finish within 0.3 s and was stopped", 3, id="it hangs"),
        pytest.param(
            "yes", {"max_output": 1000}, "sh printed more than 1000 bytes and was stopped", 1, id="it prints for ever"
        ),
    ],
)
def test_every_failure_has_one_shape(lines: str, limits: dict[str, float], summary: str, exit_code: int) -> None:
    with pytest.raises(ToolError) as caught:
        shell(lines, **limits)

    assert (caught.value.summary, caught.value.exit_code) == (summary, exit_code)
    assert caught.value.argv == ("/bin/sh", "-c", lines)


def test_a_program_that_is_not_there_is_out_of_reach() -> None:
    with pytest.raises(ToolError) as caught:
        process.run(["/nowhere/kustomize"], cwd="/", timeout=1)

    assert caught.value.summary == "/nowhere/kustomize cannot be started: No such file or directory"
    assert (caught.value.exit_code, caught.value.code) == (3, None)


def test_the_time_limit_ends_children_too_even_those_that_ignore_sigterm(tmp_path: Path) -> None:
    lines = (
        f"trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {tmp_path}/child; sleep 60' & echo $$ > {tmp_path}/self; wait"
    )

    with pytest.raises(ToolError, match="did not finish"):
        shell(lines, timeout=1.0)

    assert ends(wait_for(tmp_path / "self"))
    assert ends(wait_for(tmp_path / "child"))


def test_a_child_that_keeps_the_pipe_open_does_not_hold_the_result(tmp_path: Path) -> None:
    began = time.monotonic()
    done = shell(f"sleep 60 & echo $! > {tmp_path}/child; echo done")

    assert done.stdout == b"done\n"
    assert time.monotonic() - began < 5
    assert ends(wait_for(tmp_path / "child"))


def test_stop_ends_what_was_started(tmp_path: Path) -> None:
    running = process.start(["/bin/sh", "-c", f"echo $$ > {tmp_path}/self; sleep 60"], cwd="/", timeout=60)
    pid = wait_for(tmp_path / "self")
    running.stop()
    running.stop()

    assert ends(pid)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "an interrupt from the keyboard"]
)
def test_a_signal_to_us_ends_the_program_and_runs_what_cleans_up(tmp_path: Path, number: int, code: int) -> None:
    program = f"""
import sys
from keywave.build import process
try:
    with process.terminable():
        process.run(["/bin/sh", "-c", "sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/self; wait"], cwd="/", timeout=60)
except KeyboardInterrupt:
    sys.exit(130)
finally:
    open("{tmp_path}/cleaned", "w").close()
"""
    us = subprocess.Popen([sys.executable, "-c", program])
    child, shell_pid = wait_for(tmp_path / "child"), wait_for(tmp_path / "self")
    us.send_signal(number)

    assert us.wait(15) == code
    assert (ends(child), ends(shell_pid), (tmp_path / "cleaned").exists()) == (True, True, True)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal_in_the_middle_of_starting_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch, number: int, error: type[BaseException]
) -> None:
    pids: list[int] = []

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, argv: list[str], **settings: Any) -> None:
            super().__init__(argv, **settings)
            pids.append(self.pid)
            signal.raise_signal(number)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(error), process.terminable():
        process.start(["/bin/sleep", "60"], cwd="/", timeout=60)

    assert [ends(pid) for pid in pids] == [True]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_handler_of_the_caller_is_left_in_place() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with process.terminable():
            inside = signal.getsignal(signal.SIGTERM)
        assert (inside, signal.getsignal(signal.SIGTERM)) == (signal.SIG_IGN, signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_environment_holds_no_secrets_and_leads_nowhere(monkeypatch: pytest.MonkeyPatch, canary: str) -> None:
    for name in ("VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "ARGOCD_ENV_X", "GIT_ASKPASS"):
        monkeypatch.setenv(name, canary)
    seen = shell("env").stdout.decode()

    assert canary not in seen
    assert "GIT_ALLOW_PROTOCOL=\n" in seen
    assert "HTTPS_PROXY=http://127.0.0.1:9\n" in seen
    assert f"PATH={os.environ['PATH']}\n" in seen


def test_a_remote_build_sees_proxies_and_what_git_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("GIT_ASKPASS", "/bin/ask")
    monkeypatch.setenv("VAULT_ADDR", "https://vault")
    environment = process.environment(remote=True)

    assert (environment["https_proxy"], environment["GIT_ASKPASS"]) == ("http://proxy:3128", "/bin/ask")
    assert {"VAULT_ADDR", "GIT_ALLOW_PROTOCOL"} & set(environment) == set()
