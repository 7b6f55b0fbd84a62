"""Where a server may lie already: KEYWAVE_TOOLS_DIR, PATH, the cache. Nothing is fetched or built here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.catalogue import GoFiles, Probe, Tool

PROBE_SECONDS = 20


@dataclass(frozen=True)
class Machine:
    """What the look-up depends on, read once: tests point HOME elsewhere later."""

    tools_dir: Path | None
    cache: Path
    path: str

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders that hold <tool>-<version>/, best first."""
        return (self.cache,) if self.tools_dir is None else (self.tools_dir, self.cache)

    @property
    def building_place(self) -> Path:
        """Where a missing server is put: KEYWAVE_TOOLS_DIR when it can be written to, else the cache."""
        if self.tools_dir is None:
            return self.cache
        nearest = next(p for p in (self.tools_dir, *self.tools_dir.parents) if p.exists())
        return self.tools_dir if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK) else self.cache


def this_machine(environ: Mapping[str, str] = os.environ) -> Machine:
    given = environ.get("KEYWAVE_TOOLS_DIR")
    # XDG says: a relative path there is to be ignored.
    cache_home = environ.get("XDG_CACHE_HOME", "")
    home = environ.get("HOME") or str(Path.home())
    base = Path(cache_home) if Path(cache_home).is_absolute() else Path(home) / ".cache"
    return Machine(
        tools_dir=Path(given).expanduser().absolute() if given else None,
        cache=base / "keywave" / "tools",
        path=environ.get("PATH", os.defpath),
    )


@dataclass(frozen=True)
class Found:
    """`paths` maps every program (and other name) of the tool to its file; `folder` is where files of a module lie."""

    where: str
    folder: Path
    paths: dict[str, Path]


def runnable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def probed_version(path: Path, probe: Probe) -> tuple[int, int, int] | None:
    """The first x.y.z that the program prints; None when it does not run (a version manager's shim, say)."""
    try:
        done = subprocess.run([path, *probe.argv], capture_output=True, timeout=PROBE_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    seen = re.search(rb"(\d+)\.(\d+)\.(\d+)", done.stdout)
    if done.returncode or seen is None:
        return None
    major, minor, patch = (int(part) for part in seen.groups())
    return major, minor, patch


def in_folder(tool: Tool, folder: Path, where: str) -> Found | None:
    paths = {name: folder / name for name in tool.names}
    if all(runnable(path) for path in paths.values()):
        return Found(where, folder, paths)
    return None


def on_path(tool: Tool, machine: Machine) -> Found | None:
    if tool.probe is None:
        return None
    paths: dict[str, Path] = {}
    for name in tool.names:
        seen = shutil.which(name, path=machine.path)
        version = probed_version(Path(seen), tool.probe) if seen else None
        if seen is None or version is None or version < tool.probe.minimum:
            return None
        paths[name] = Path(seen)
    return Found("PATH", next(iter(paths.values())).parent, paths)


def find(tool: Tool, machine: Machine) -> Found | None:
    """The tool where it lies complete, or None."""
    if isinstance(tool.source, GoFiles):
        for folder in machine.folders:
            if (folder / tool.folder).is_dir():
                where = "cache" if folder == machine.cache else "KEYWAVE_TOOLS_DIR"
                return Found(where, folder / tool.folder, {})
        return None
    if machine.tools_dir is not None:
        # A binary put there by its plain name is the user's choice: its version is not questioned.
        for folder in (machine.tools_dir, machine.tools_dir / tool.folder):
            if found := in_folder(tool, folder, "KEYWAVE_TOOLS_DIR"):
                return found
    return on_path(tool, machine) or in_folder(tool, machine.cache / tool.folder, "cache")
