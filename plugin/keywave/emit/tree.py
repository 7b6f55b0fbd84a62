"""A set of files as one swap: the folder holds all of the new or all of the old, whatever happens in between.

Everything is written and flushed into a hidden folder beside the target; then both change places in one system call (Linux), or
in two renames. A folder that keywave did not make is never replaced: the marker file says that it did.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from keywave.errors import OutputError

MARKER = ".keywave"
_MARKER_TEXT = "This folder is made by keywave and replaced as a whole at each run. Do not edit it by hand.\n"


def write_tree(files: Mapping[str, str], out: Path) -> None:
    """Write texts to paths below `out` (relative, `/` between names), replacing the folder that stood there.

    Raises OutputError when `out` holds what keywave did not make, when a path leads out of it, or when writing fails; what stood
    there before then still stands.
    """
    paths = _checked(files)
    out = Path(os.path.abspath(out))
    _may_replace(out)
    fresh = out.parent / f".{out.name}.{os.getpid()}.new"
    try:
        _sweep(out)
        try:
            _write(paths, fresh)
            _swap(fresh, out)
        finally:
            _remove(fresh)
    except OSError as error:
        raise OutputError(
            f"cannot write {out}: {error.strerror or error}",
            hint="what stood there before is untouched; make room and run again",
        ) from error


def _sweep(out: Path) -> None:
    """Remove what runs that were killed have left beside `out`."""
    if not out.parent.is_dir():
        return
    before, after = f".{out.name}.", ".new"
    for path in out.parent.iterdir():
        pid = path.name.removeprefix(before).removesuffix(after)
        if path.name == f"{before}{pid}{after}" and pid.isdecimal() and not _alive(int(pid)):
            _remove(path)


def _remove(folder: Path) -> None:
    import shutil  # 10 ms, and most runs write to stdout

    shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid != os.getpid()


def _checked(files: Mapping[str, str]) -> dict[PurePosixPath, str]:
    paths = {PurePosixPath(name): text for name, text in files.items()}
    for path in paths:
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise OutputError(f'"{path}" leads out of the output folder')
    return paths


def _may_replace(out: Path) -> None:
    """A folder is ours when it bears the marker, or has nothing in it."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out} is not a folder", hint="name a folder that does not exist yet")
    if out.is_dir() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise OutputError(
            f"{out} holds files that keywave did not write, and it would be replaced as a whole",
            hint=f"name another folder; or, if it may go, put an empty file {MARKER} into it",
        )


def _write(paths: Mapping[PurePosixPath, str], fresh: Path) -> None:
    """All files, flushed to the disk before any of them is shown."""
    _remove(fresh)
    fresh.mkdir(parents=True)
    folders = {fresh}
    for path, text in {PurePosixPath(MARKER): _MARKER_TEXT, **paths}.items():
        target = fresh / path
        target.parent.mkdir(parents=True, exist_ok=True)
        folders.add(target.parent)
        _write_file(target, text)
    for folder in folders:
        _flush(folder)


def _write_file(target: Path, text: str) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    target.chmod(0o644)


def _swap(fresh: Path, out: Path) -> None:
    """Put `fresh` where `out` is; the old tree, if any, is then at `fresh`."""
    if not out.is_dir():
        fresh.rename(out)
    elif not _exchange(fresh, out):
        old = fresh.with_suffix(".old")
        out.rename(old)
        try:
            fresh.rename(out)
        except BaseException:
            old.rename(out)
            raise
        old.rename(fresh)
    _flush(out.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Linux's renameat2 with RENAME_EXCHANGE: no moment without a tree. False where the system or the file system cannot."""
    import ctypes

    call = getattr(ctypes.CDLL(None), "renameat2", None)
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
