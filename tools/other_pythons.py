"""Run the tests that need no server on each further Python (3.11 to 3.13) that this machine has, each in a .venv-3.X of its own.

One line for each; a failure's output is shown whole. Exit code 1 when one fails; there may be none to run on.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TESTED = ((3, 11), (3, 12), (3, 13))


def other_pythons() -> dict[tuple[int, int], str]:
    """Version -> interpreter, without the version that runs this."""
    listed = subprocess.run(["sh", "tools/find-python.sh"], cwd=REPOSITORY, capture_output=True, text=True).stdout
    found: dict[tuple[int, int], str] = {}
    for path in listed.splitlines():
        asked = subprocess.run([path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True)
        major, minor = (int(part) for part in asked.stdout.split())
        found.setdefault((major, minor), path)
    return {
        version: path
        for version, path in sorted(found.items())
        if version in TESTED and version != sys.version_info[:2]
    }


def environment_key() -> str:
    files = (REPOSITORY / name for name in ("setup.cfg", "pyproject.toml"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def prepare(python: str, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """Make or refresh the virtual environment; None when it is as it should be, else the step that failed."""
    stamp = folder / ".dev"
    if stamp.exists() and stamp.read_text() == environment_key() and (folder / "bin" / "python").exists():
        return None
    steps = [
        [python, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"],
    ]
    steps[1] += ["--editable", ".[dev]"]
    for argv in steps:
        done = subprocess.run(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return done
    stamp.write_text(environment_key())
    return None


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    argv = [str(folder / "bin" / "python"), "-m", "pytest", "-q", "-m", "not integration", "-p", "no:cacheprovider"]
    argv.append("--ignore=tests/packaging")  # they make environments of the first Python, whichever runs them
    # The search for counter-examples is the main run's; here it is asked whether the code runs on this Python.
    argv.append("--hypothesis-profile=few")
    # Coverage, colours and the like of the outer run are not this one's.
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(argv, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def on(python: str, folder: Path) -> tuple[subprocess.CompletedProcess[str], float]:
    """What the last step said, and the seconds that all took."""
    started = time.monotonic()
    done = prepare(python, folder) or run_tests(folder)
    return done, time.monotonic() - started


def main() -> int:
    pythons = other_pythons()
    folders = [REPOSITORY / f".venv-{major}.{minor}" for major, minor in pythons]
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (major, minor), (done, seconds) in zip(pythons, pool.map(on, pythons.values(), folders), strict=True):
            last = (done.stdout.strip().splitlines() or [""])[-1].strip("= ")
            print(f"Python {major}.{minor}: {last} ({seconds:.0f} s with its environment)", flush=True)
            if done.returncode:
                failed = True
                print(done.stdout)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
