"""`keywave verify`: the report goes to stdout, one line of what was proved to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keywave.commands import output
from keywave.commands.lock_files import aged, read_locks
from keywave.commands.locks import FOLDER, find
from keywave.commands.options import build_options, settings
from keywave.errors import UsageError
from keywave.findings import Finding, Severity

if TYPE_CHECKING:
    from keywave.proving import Live, Locked, Proof


def run(given: Mapping[str, Any]) -> int:
    """Verify what the options of `keywave verify` name; returns the exit code."""
    from keywave import proving

    _refuse_contradictions(given)
    read = proving.read_set(given["path"], settings(given, allow_empty=True), build_options(given))
    source = _source(given, needed=bool(read.references))
    proof = proving.prove(read, source)
    findings = [*read.findings, *proof.findings]
    if isinstance(source, proving.Locked):
        findings += aged(source, given["max_age"])
    code = _tell(findings, proof, given)
    sys.stderr.write(f"verify: {sentence(proof, source)}\n")
    return code


def _refuse_contradictions(given: Mapping[str, Any]) -> None:
    if given["live"] and given["lock"] is not None:
        raise UsageError("--live and --lock are two different proofs", hint="say one of them")
    if given["login"] and not given["live"]:
        raise UsageError("--login goes with --live", hint="keywave verify PATH --live --login")


def _source(given: Mapping[str, Any], *, needed: bool) -> Live | Locked:
    """Raises UsageError where nothing is said and no lock is found, or the lock that is named is not there; a tree that reads nothing from
    Vault needs none (`needed`): a loop over many trees must not stop there."""
    if given["live"]:
        from keywave.commands.connecting import live
        from keywave.commands.vault_options import connect_options

        return live(connect_options(given), login=given["login"])
    place = given["lock"] or find(given["path"])
    if not needed:
        from keywave.proving import Locked

        return Locked({}, place)
    if not place:
        path = given["path"]
        raise UsageError(
            f"there is no {FOLDER} beside {path} or above it, and --live was not said",
            hint=f"ask Vault now: keywave verify {path} --live; or write a lock once: keywave lock {path}",
        )
    return read_locks(place)


def _tell(findings: list[Finding], proof: Proof, given: Mapping[str, Any]) -> int:
    """Write the report whole; returns 1 for errors (for anything with --strict), else 0."""
    from keywave.emit import report
    from keywave.emit.reports import ReportOptions

    screen = given["out"] == "-" and sys.stdout.isatty()
    color = screen and not os.environ.get("NO_COLOR")
    text = report(findings, given["form"], ReportOptions(limit=None, color=color, proved=proof.proved))
    if given["out"] == "-":
        output.write_text(text)
    else:
        output.write_file(given["out"], text)
    stopped = (given["strict"] and findings) or any(f.severity is Severity.ERROR for f in findings)
    return 1 if stopped else 0


def sentence(proof: Proof, source: Live | Locked) -> str:
    """`14 references, 12 paths, 3 logins proved against vault.lock.d (2 days old); 1 not covered; 2 hold Flux variables`."""
    from keywave.commands.lock_files import age
    from keywave.proving import Locked

    if not proof.references and not proof.variables and not proof.findings:
        return "nothing here reads from Vault"
    counts = (
        (len(proof.references), "reference"),
        (proof.paths, "path"),
        (proof.logins, "login"),
    )
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    if isinstance(source, Locked):
        against = ", ".join(f"{i.file} ({age(i.taken)})" for i in proof.inventories) or source.folder
    else:
        against = (
            ", ".join(f"{i.address} (Vault {i.version})" if i.version else i.address for i in proof.inventories)
            or "Vault"
        )
    parts = [f"{said} looked up in {against}"]
    if uncovered := sum(f.code in ("KW8003", "KW8008") for f in proof.findings):
        parts.append(f"{uncovered} not covered")
    if proof.variables:
        parts.append(f"{proof.variables} hold{'s' if proof.variables == 1 else ''} Flux variables")
    parts += [f"not tried: {reason}" for reason in proof.untried]
    parts += [
        f"the lock of {profile} was taken from {had or 'no address'}, the profile says {wanted}: not used"
        for profile, had, wanted in proof.foreign
    ]
    return "; ".join(parts)
