"""Finds kustomize: `kustomize`, else the one inside `kubectl`; and knows its version.

Rule: an absent or too old tool is told before anything is built, with what to install. The answer to "which version" is kept on disk
under the binary's path, size and time of change: asking costs a process, which a cold start should not pay twice.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NamedTuple

from keywave.build import process
from keywave.errors import ToolError
from keywave.objects.later import later

MINIMUM = (5, 0, 0)
HINT = (
    "install kustomize 5 or newer (https://kubectl.docs.kubernetes.io/installation/kustomize/) or kubectl 1.27 or newer, "
    "or name the binary in KEYWAVE_KUSTOMIZE; a folder without kustomization and a stream on stdin need neither"
)

_VERSION = later(r"v?(\d+)\.(\d+)\.(\d+)")
_VERSION_SECONDS = 20.0


class Tool(NamedTuple):
    """A kustomize that can be used. `version` is as it names itself (`v5.8.1`), "" where it does not know."""

    argv: tuple[str, ...]
    version: str

    def build(self, folder: str, *, helm: bool = False) -> tuple[str, ...]:
        """The command that builds a folder."""
        return (*self.argv, *(("--enable-helm",) if helm else ()), folder)


def find(override: str = "") -> Tool:
    """The tool to use: `override`, KEYWAVE_KUSTOMIZE, `kustomize`, `kubectl`, in this order; on PATH, else beside our Python.

    A virtual environment is used without being activated (`.venv/bin/keywave`), and then its own programs are not on PATH.

    Raises ToolError: absent (out of reach), not answering, or older than 5.0.
    """
    path = _path(override or os.environ.get("KEYWAVE_KUSTOMIZE", ""))
    kubectl = os.path.basename(path).startswith("kubectl")
    version = _version(path, kubectl=kubectl)
    tool = Tool((path, "kustomize") if kubectl else (path, "build"), version)
    numbers = _numbers(version)
    if numbers and numbers < MINIMUM:
        raise ToolError(
            f"{path} is kustomize {version}; keywave needs 5.0.0 or newer",
            argv=tool.argv,
            code=None,
            hint=HINT,
            out_of_reach=True,
        )
    return tool


def _path(wanted: str) -> str:
    for name in (wanted,) if wanted else ("kustomize", "kubectl"):
        if found := _which(name):
            return found
    what = f"{wanted} is not there or cannot be run" if wanted else "neither kustomize nor kubectl is on PATH"
    raise ToolError(what, argv=(wanted or "kustomize",), code=None, hint=HINT, out_of_reach=True)


def _which(name: str) -> str:
    """The file that a shell would run, "" for none (`shutil.which` without the import of shutil, which costs a cold start)."""
    beside = os.path.dirname(sys.executable)
    folders = [""] if os.sep in name else [*os.environ.get("PATH", os.defpath).split(os.pathsep), beside]
    for folder in folders:
        path = os.path.abspath(os.path.join(folder, name))
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    match = _VERSION.search(version)
    return tuple(int(part) for part in match.groups()) if match else ()


def _version(path: str, *, kubectl: bool) -> str:
    kept = _note(path)
    if kept:
        with contextlib.suppress(OSError, ValueError), open(kept, encoding="ascii") as file:
            text = file.read(64)
            if _numbers(text):
                return text
    version = _ask(path, kubectl=kubectl)
    if kept and version:
        _keep(kept, version)
    return version


def _ask(path: str, *, kubectl: bool) -> str:
    """`kustomize version` prints `v5.8.1`; `kubectl version --client` a line `Kustomize Version: v5.5.0`."""
    argv = (path, "version", "--client") if kubectl else (path, "version")
    done = process.run(argv, cwd=os.sep, timeout=_VERSION_SECONDS, max_output=1 << 16)
    text = done.stdout.decode("utf-8", "replace")
    if kubectl:
        _, _, text = text.partition("Kustomize Version:")
    match = _VERSION.search(text)
    return match.group() if match else ""


def _note(path: str) -> str:
    """The file that remembers the version of this very binary, "" where there is no place for it."""
    base = os.environ.get("KEYWAVE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    try:
        stat = os.stat(path)
    except OSError:
        return ""
    name = f"{path.strip(os.sep).replace(os.sep, '%')}-{stat.st_size}-{stat.st_mtime_ns}"
    return os.path.join(base, "keywave", "versions", name) if os.path.isabs(base) and len(name) < 200 else ""


def _keep(path: str, version: str) -> None:
    """Best effort: a read-only home costs a few milliseconds a run, nothing else."""
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(version)
        os.replace(temporary, path)
