"""Run a command and measure it: wall time, CPU time and peak memory of the whole process tree that it waited for."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Sample(NamedTuple):
    """Seconds, CPU seconds (user + system, children included), peak resident MiB of the largest process."""

    wall: float
    cpu: float
    peak_mib: float
    objects: int


def run_once(argv: Sequence[str], *, stdin: Path | None = None, env: Mapping[str, str] | None = None) -> Sample:
    """Run once; raises RuntimeError with the command's own stderr when it fails."""
    env = {name: value for name, value in (env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    output = Path(os.environ.get("TMPDIR", "/tmp")) / f"keywave-bench-{os.getpid()}.out"
    errors = output.with_suffix(".err")
    with Path(stdin or os.devnull).open("rb") as source, output.open("wb") as sink, errors.open("wb") as complaints:
        started = time.perf_counter()
        child = subprocess.Popen(argv, stdin=source, stdout=sink, stderr=complaints, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {child.returncode}\n{errors.read_text()[-2000:]}")
    text = output.read_text()
    objects = text.count("\nkind: ") + text.startswith("kind: ")
    output.unlink()
    errors.unlink()
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, objects)


def measure(
    argv: Sequence[str], *, runs: int, stdin: Path | None = None, env: Mapping[str, str] | None = None
) -> Sample:
    """The median of `runs` runs, each column on its own, after one that is not counted (byte code, page cache)."""
    run_once(argv, stdin=stdin, env=env)
    samples = [run_once(argv, stdin=stdin, env=env) for _ in range(runs)]
    return Sample(
        statistics.median(s.wall for s in samples),
        statistics.median(s.cpu for s in samples),
        max(s.peak_mib for s in samples),
        samples[0].objects,
    )
