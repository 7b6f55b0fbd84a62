"""`keywave lock`: everything is asked before the first file changes, and every file changes whole."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keywave.commands import output
from keywave.commands.connecting import live
from keywave.commands.lock_files import KEY_VARIABLE, existing, hash_key, now, write_locks
from keywave.commands.options import build_options, settings
from keywave.commands.vault_options import connect_options
from keywave.errors import KeywaveError, UsageError
from keywave.findings import Finding, has_errors

if TYPE_CHECKING:
    from keywave.vault.inventory import Inventory


def run(given: Mapping[str, Any]) -> int:
    """Write the locks, or compare with `--check`; returns the exit code. Raises OutOfReach, and then no file has changed."""
    from keywave import proving

    if given["hash_keys"] and not hash_key():
        raise UsageError(
            f"--hash-keys needs a key in {KEY_VARIABLE}",
            hint=f"{KEY_VARIABLE}=$(openssl rand -hex 32), kept as a CI secret",
        )
    read = proving.read_set(given["path"], settings(given, allow_empty=True), build_options(given))
    if has_errors(read.findings):
        # A tree with mistakes has a Vault all the same; what could not be read is not looked for.
        sys.stderr.write("keywave: the tree has errors (keywave verify tells); the lock is of what could be read\n")
    if not read.references:
        sys.stderr.write(f"keywave: {given['path']} reads nothing from Vault, so there is nothing to lock\n")
        return 0
    taken = proving.take_lock(read, live(connect_options(given)), scope=given["scope"])
    if given["check"]:
        return _check(taken, given["out"], strict=given["strict"])
    key = hash_key() if given["hash_keys"] else b""
    texts = {name: _text(name, inventory, given, key) for name, inventory in taken.items()}
    changed = write_locks(texts, given["out"])
    for name in sorted(taken):
        file = str(Path(given["out"]) / f"{name}.json")
        sys.stderr.write(f"keywave: {file} {'written' if file in changed else 'is up to date'}\n")
    return 0


def _text(name: str, inventory: Inventory, given: Mapping[str, Any], key: bytes) -> str:
    """The lock's text; with the time of the file that stands there when nothing else differs."""
    from keywave.lockfile.read import read_lock
    from keywave.lockfile.write import same_content, write_lock

    file = Path(given["out"]) / f"{name}.json"
    before = existing(file)
    if before is not None and not given["touch"]:
        try:
            taken = read_lock(before, str(file), hash_key=key).taken
        except KeywaveError:
            taken = ""
        if taken and same_content(before, write_lock(inventory, taken=taken, hash_key=key)):
            return before
    return write_lock(inventory, taken=now(), hash_key=key)


def _check(taken: Mapping[str, Inventory], out: str, *, strict: bool) -> int:
    """Tell what has changed in Vault since the locks were taken; returns 1 where something
    that may be needed is gone or different (for anything with `strict`; new names and versions are warnings)."""
    from keywave.commands.lock_files import read_locks
    from keywave.emit import report
    from keywave.lockfile.drift import differences

    locks = read_locks(out).locks
    lacking = sorted(set(taken) - set(locks))
    if lacking:
        raise UsageError(f"{out} has no lock for {', '.join(lacking)}", hint="write it: keywave lock PATH")
    findings: list[Finding] = [each for name in sorted(taken) for each in differences(locks[name], taken[name])]
    output.write_text(report(findings, "text"))
    sys.stderr.write(f"lock: {len(findings) or 'nothing'} changed in Vault since\n")
    return 1 if has_errors(findings) or (strict and findings) else 0
