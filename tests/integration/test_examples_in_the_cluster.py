"""Every object that the examples render to is accepted by the real kube-apiserver with the real CRDs, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import renders
from rig.cluster import Cluster

pytestmark = pytest.mark.integration

CASES = [
    pytest.param(r, target, id=f"{r.title}-{target}") for r in renders() for target in r.targets if target != "flux"
]
# Kinds whose CRDs are not part of this cluster; Argo CD's own test has the Applications.
ELSEWHERE = {"Application", "Kustomization", "VaultCompositeSecret"}


def documents(folder: Path) -> list[dict[str, Any]]:
    texts = [p.read_text() for p in sorted(folder.rglob("*.yaml"))]
    return [doc for text in texts for doc in yaml.safe_load_all(text) if doc]


@pytest.mark.parametrize(("render", "target"), CASES)
def test_strict_dry_run_accepts_every_object(render: Any, target: str, vso_cluster: Cluster) -> None:
    refused = []
    for document in documents(render.expected / target):
        if document["kind"] in ELSEWHERE:
            continue
        answer = vso_cluster.dry_run(document)
        if answer.status >= 300:
            refused.append((document["kind"], document["metadata"]["name"], answer.status, answer.message))

    assert refused == []


def test_one_wrong_field_is_refused(vso_cluster: Cluster) -> None:
    render = next(r for r in renders() if r.example == "01-quickstart")
    (secret,) = [d for d in documents(render.expected / "argocd") if d["kind"] == "VaultStaticSecret"]
    secret["spec"]["refreshAfterr"] = "1h"
    answer = vso_cluster.dry_run(secret)

    assert (answer.status, "refreshAfterr" in answer.message) == (400, True)
