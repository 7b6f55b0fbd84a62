"""`render --verify` and the plugin's parameter `verify`: what is printed never depends on them, only whether anything is.

Rule: what is missing or forbidden stops a render; a Vault that does not answer does not. Argo CD keeps a failed render for an hour after
the third, so a restart of Vault must not become an outage of deploys.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from keywave.commands.locks import FOLDER, find
from keywave.errors import UsageError
from keywave.findings import Finding, Location, Severity

if TYPE_CHECKING:
    from keywave.pipeline import Report
    from keywave.proving import Live, Locked

MODES = ("off", "lock", "live")


def checked(report: Report, mode: str, path: str, *, root: str = "", deadline: float = 0.0) -> Report:
    """The report with what Vault or its lock tells. `mode`: one of MODES, "" = lock where there is one. `root` is the repository's top
    where the caller knows it; `deadline` seconds for a live Vault (0 = the usual).

    Raises UsageError for `lock` without a lock and for `live` without address or login, LockError for a lock that cannot be read.
    """
    if mode == "off" or report.prepared is None:
        return report
    if mode == "live":
        return _live(report, deadline)
    place = find(path, root)
    if place:
        return _locked(report, place)
    if mode == "lock":
        raise UsageError(
            f"--verify lock: there is no {FOLDER} beside {path} or above it", hint=f"write one: keywave lock {path}"
        )
    return report


def _locked(report: Report, place: str) -> Report:
    from keywave.commands.lock_files import read_locks

    source = read_locks(place)
    return _with(report, source)


def _live(report: Report, deadline: float) -> Report:
    from keywave.commands.connecting import live
    from keywave.vault.faults import OutOfReach
    from keywave.vault.settings import ConnectOptions

    root = report.prepared.built.root if report.prepared else ""
    options = ConnectOptions(deadline=deadline) if deadline else ConnectOptions()
    try:
        return _with(report, live(options))
    except OutOfReach as fault:
        # That Vault refuses our login is an answer, and asking again does not mend it.
        severity = Severity.ERROR if fault.reason == "login" else Severity.WARNING
        told = Finding("KW8001", f"nothing was proved: {fault.summary}", fault.hint, Location(root), severity)
        return report.with_findings([told])


def _with(report: Report, source: Live | Locked) -> Report:
    from keywave import proving
    from keywave.commands.verifying import sentence

    if report.prepared is None:
        return report
    proof = proving.prove(proving.set_of(report.prepared, report.findings), source)
    if sys.stderr.isatty() and not os.environ.get("ARGOCD_APP_NAME"):
        sys.stderr.write(f"verify: {sentence(proof, source)}\n")
    return report.with_findings(proof.findings)
