"""Flux's health expressions, run by the reference implementation of CEL on what operators write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cel_expr_python import cel
from order.statuses import CASES, Case

from keywave.intent.model import Operator
from keywave.order.health import current, expressions

TOP = Path(__file__).resolve().parents[2]
KINDS = [
    "SecretTransformation",
    "VaultAuth",
    "VaultConnection",
    "VaultDynamicSecret",
    "VaultPKISecret",
    "VaultStaticSecret",
]
ENVIRONMENT = cel.NewEnv(variables=dict.fromkeys(("metadata", "spec", "status"), cel.Type.DYN))


def holds(expression: str, body: dict[str, Any]) -> bool:
    """As kustomize-controller: anything but true, an error too, means "wait"."""
    names = {name: body[name] for name in ("metadata", "spec", "status") if name in body}
    return ENVIRONMENT.compile(expression).eval(data=names).value() is True


def operator(case: Case) -> Operator:
    return Operator(kind="keywave" if case.kind == "VaultCompositeSecret" else "vso", version=case.version)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_gate(case: Case) -> None:
    assert holds(current(case.kind, operator(case)), case.body()) is case.healthy


EXTERNAL: dict[str, tuple[str, dict[str, Any], bool]] = {
    "no status yet": ("ExternalSecret", {}, False),
    "synced": (
        "ExternalSecret",
        {"conditions": [{"type": "Ready", "status": "True"}], "syncedResourceVersion": "2-abc"},
        True,
    ),
    "first failure": ("ExternalSecret", {"conditions": [{"type": "Ready", "status": "False"}]}, False),
    "a later failure": (
        "ExternalSecret",
        {"conditions": [{"type": "Ready", "status": "False"}], "syncedResourceVersion": "2-abc"},
        True,
    ),
    "a new generation failed": (
        "ExternalSecret",
        {"conditions": [{"type": "Ready", "status": "False"}], "syncedResourceVersion": "1-abc"},
        False,
    ),
    "a store": ("SecretStore", {"conditions": [{"type": "Ready", "status": "True"}]}, True),
}


@pytest.mark.parametrize(("kind", "status", "healthy"), EXTERNAL.values(), ids=EXTERNAL)
def test_external_secrets(kind: str, status: dict[str, Any], healthy: bool) -> None:
    body = {"metadata": {"generation": 2}, "spec": {}, "status": status}

    assert holds(current(kind, Operator()), body) is healthy


def test_kinds_that_flux_judges_rightly_by_itself() -> None:
    assert [current(kind, Operator()) for kind in ("VaultAuthGlobal", "Deployment", "SecretProviderClass")] == [
        "",
        "",
        "",
    ]


def test_our_own_operator_is_asked_for_ready_whatever_its_version() -> None:
    ours = Operator(kind="keywave", version=(0, 1, 0))

    assert current("VaultStaticSecret", ours) == current("VaultStaticSecret", Operator(version=(1, 4, 1)))


FILES = {"0.x": (0, 10, 0), "1.0": (1, 2, 9), "1.3": (1, 3, 0)}


@pytest.mark.parametrize(("name", "version"), FILES.items())
def test_the_files_for_hand_written_kustomizations_say_the_same(name: str, version: tuple[int, int, int]) -> None:
    text = (TOP / f"integrations/flux/health-checks-{name}.yaml").read_text()

    assert yaml.safe_load(text) == {"healthCheckExprs": expressions(KINDS, Operator(version=version))}
