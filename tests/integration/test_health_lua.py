"""The health scripts of integrations/argocd, run by Argo CD itself (`argocd admin settings resource-overrides health`)."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from order.statuses import CASES

from rig import machine

pytestmark = pytest.mark.integration

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "integrations" / "argocd"
CM = FOLDER / "argocd-cm-health.yaml"


def health(body: dict[str, Any], folder: Path) -> tuple[str, str]:
    """(status, message) as Argo CD works them out."""
    file = folder / "object.yaml"
    file.write_text(yaml.safe_dump(body))
    done = subprocess.run(
        [
            str(machine.program("argocd")),
            "admin",
            "settings",
            "resource-overrides",
            "health",
            str(file),
            "--argocd-cm-path",
            str(CM),
        ],
        env=machine.plain_environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    return lines["STATUS"], lines.get("MESSAGE", "").strip()


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Name of a case -> (status, message). All at once, two at a time: each is a start of Argo CD's large binary."""
    folders = {name: tmp_path_factory.mktemp("health") for name in CASES}
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda name: health(CASES[name].body(), folders[name]), CASES)
        return dict(zip(CASES, found, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_gate(name: str, verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts[name][0] == ("Healthy" if CASES[name].healthy else "Progressing")


MESSAGES = {
    "1.3 static: first failure": "m",
    "1.3 static: a later failure": "the Secret is there; the last refresh failed: m",
    "1.3 static: the new generation is not seen yet": "waiting for the operator to see the latest change",
    "0.10 PKI: a later failure": "the Secret is there; the last refresh failed: sealed",
    "0.10 auth: no status yet": "waiting for the operator",
}


@pytest.mark.parametrize(("name", "message"), MESSAGES.items())
def test_the_message_tells_what_happened(name: str, message: str, verdicts: dict[str, tuple[str, str]]) -> None:
    assert verdicts[name][1] == message


COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEALTHY = {"health": {"status": "Healthy"}, "sync": {"status": "Synced", "revision": COMMIT}}
APPLICATIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no status yet": ({}, "main", "Progressing"),
    "in sync and healthy": (HEALTHY, "main", "Healthy"),
    "healthy but not in sync": ({**HEALTHY, "sync": {"status": "OutOfSync"}}, "main", "Progressing"),
    "healthy, in sync, but no sync status": ({"health": {"status": "Healthy"}}, "main", "Progressing"),
    "a sync is running": ({**HEALTHY, "operationState": {"phase": "Running"}}, "main", "Progressing"),
    "at the commit it is pinned to": (HEALTHY, COMMIT, "Healthy"),
    "still at an older commit": (HEALTHY, COMMIT[::-1], "Progressing"),
    "degraded": (
        {"health": {"status": "Degraded", "message": "pod died"}, "sync": {"status": "Synced"}},
        "main",
        "Degraded",
    ),
    "progressing": ({"health": {"status": "Progressing"}}, "main", "Progressing"),
}


@pytest.mark.parametrize(("status", "revision", "expected"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_applications(status: dict[str, Any], revision: str, expected: str, tmp_path: Path) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "child", "namespace": "argocd"},
        "spec": {"source": {"targetRevision": revision}},
        "status": status,
    }

    assert health(body, tmp_path)[0] == expected


def test_an_application_with_several_sources(tmp_path: Path) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "child", "namespace": "argocd"},
        "spec": {"sources": [{"targetRevision": COMMIT}]},
        "status": HEALTHY,
    }

    assert health(body, tmp_path)[0] == "Healthy"
