"""The real kustomize-controller applies our layers in `dependsOn` order, held back by our health expressions."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import EXAMPLES
from keywave.cli import run
from rig.cluster import Cluster
from rig.flux import Flux
from rig.machine import program
from rig.waiting import wait_for

pytestmark = pytest.mark.integration

VSO = "secrets.hashicorp.com/v1beta1"


def rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Path:
    """The quickstart, rendered for Flux in a namespace of its own, with a profile for the operator whose CRDs are here."""
    monkeypatch.setenv("KEYWAVE_KUSTOMIZE", str(program("kustomize")))
    changes = [
        {"op": "add", "path": "/spec/operator", "value": {"version": "0.10.0"}},
        {
            "op": "add",
            "path": "/spec/flux",
            "value": {"sourceRef": {"kind": "GitRepository", "name": name}, "interval": "1h", "retryInterval": "2s"},
        },
    ]
    patch = json.dumps({"target": {"kind": "VaultProfile"}, "patch": json.dumps(changes)})
    out = tmp_path / "out"
    argv = [
        "render",
        str(EXAMPLES / "01-quickstart"),
        "--target",
        "flux",
        "--namespace",
        name,
        "--patch",
        patch,
        # The example's lock is for its own namespace.
        "--verify",
        "off",
        "--out",
        str(out),
    ]
    assert run(argv) == 0
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
    first = sorted(p for p in out.iterdir() if p.is_dir())[0]
    (first / "namespace.yaml").write_text(namespace)
    return out


def test_a_layer_waits_until_the_one_below_is_healthy(
    flux: Flux, vso_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = rendered(tmp_path, monkeypatch, "layered")
    flux.publish(out, "layered")
    kustomizations: list[dict[str, Any]] = list(yaml.safe_load_all((out / "kustomizations.yaml").read_text()))
    flux.kustomization("layered-way-in", source="layered")  # the whole folder, as a user would point at it
    names = [k["metadata"]["name"] for k in kustomizations]

    def get(kind: str, api: str = VSO) -> dict[str, Any] | None:
        return vso_cluster.get(api, kind, "payments", "layered")

    wait_for("the first layer", lambda: get("VaultAuth"), timeout=60, last=lambda: flux.explain("layered-way-in"))
    time.sleep(6)
    before_health = (get("VaultStaticSecret"), get("Deployment", "apps/v1"), flux.ready(names[0]))
    vso_cluster.patch_status(VSO, "VaultConnection", "payments", {"valid": True}, "layered")
    vso_cluster.patch_status(VSO, "VaultAuth", "payments", {"valid": True, "error": ""}, "layered")
    wait_for("the second layer", lambda: get("VaultStaticSecret"), timeout=90, last=lambda: flux.explain(names[1]))
    time.sleep(6)
    before_secret = get("Deployment", "apps/v1")
    generation = (get("VaultStaticSecret") or {})["metadata"]["generation"]
    done = {"lastGeneration": generation, "secretMAC": "bWFj"}
    vso_cluster.patch_status(VSO, "VaultStaticSecret", "payments", done, "layered")
    wait_for("the workload", lambda: get("Deployment", "apps/v1"), timeout=90, last=lambda: flux.explain(names[2]))

    assert before_health == (None, None, False)
    assert before_secret is None
    assert [k["spec"].get("dependsOn") for k in kustomizations] == [None, [{"name": names[0]}], [{"name": names[1]}]]
