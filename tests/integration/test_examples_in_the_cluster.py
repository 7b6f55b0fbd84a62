"""Every object that the examples render to is accepted by the real kube-apiserver with the real CRDs, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from examples import EXAMPLES, renders
from keywave_trees import rendered, trees
from rig.cluster import Cluster
from rig.cmp_server import CmpServer

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


@given(tree=trees())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_whatever_an_intent_becomes_is_valid_for_the_real_crds(
    tree: list[dict[str, Any]], vso_cluster: Cluster
) -> None:
    text, errors = rendered("---\n".join(yaml.safe_dump(d) for d in tree), "argocd")
    answers = [
        (d["kind"], vso_cluster.dry_run(d))
        for d in yaml.safe_load_all(text)
        if d["kind"].startswith(("Vault", "Secret"))
    ]

    assert errors == ()
    assert [(kind, a.status, a.message) for kind, a in answers if a.status >= 300] == []


@pytest.mark.parametrize(
    "overlay", [f"teams/{t}/{e}" for t in ("checkout", "search", "identity") for e in ("dev", "prod")]
)
def test_the_monorepo_goes_through_the_plugin_server_into_the_cluster(
    overlay: str, keywave_plugin: CmpServer, vso_cluster: Cluster
) -> None:
    """The main job, whole: three teams, two environments, the real plugin server, the real API server with the real CRDs."""
    objects = keywave_plugin.generate(EXAMPLES / "12-monorepo-flux", path=overlay)
    answers = [(o["kind"], o["metadata"]["name"], vso_cluster.dry_run(o)) for o in objects]

    assert {o["metadata"]["namespace"] for o in objects} == {"-".join(overlay.split("/")[1:])}
    assert [(k, n, a.status, a.message) for k, n, a in answers if a.status >= 300] == []
    assert len(objects) >= 6
