"""What holds for every render: the order of the input means nothing, a second run gives the same bytes, edges are respected."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywave_trees import rendered, trees


@pytest.mark.parametrize("target", ["argocd", "flux"])
@given(data=st.data(), tree=trees())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_order_of_the_input_means_nothing(target: str, data: st.DataObject, tree: list[dict[str, Any]]) -> None:
    shuffled = data.draw(st.permutations(tree))
    first = rendered("---\n".join(yaml.safe_dump(d) for d in tree), target)
    second = rendered("---\n".join(yaml.safe_dump(d) for d in shuffled), target)

    assert first[1] == ()
    assert first == second


@given(tree=trees())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rendering_the_result_again_changes_nothing(tree: list[dict[str, Any]]) -> None:
    once, _ = rendered("---\n".join(yaml.safe_dump(d) for d in tree), "argocd")
    again, _ = rendered(once, "argocd")

    assert again == once


@given(tree=trees())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_needed_stands_in_a_lower_wave(tree: list[dict[str, Any]]) -> None:
    text, _ = rendered("---\n".join(yaml.safe_dump(d) for d in tree), "argocd")
    objects = list(yaml.safe_load_all(text))
    waves = {
        (o["kind"], o["metadata"]["namespace"], o["metadata"]["name"]): int(
            o["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0)
        )
        for o in objects
    }
    by_rank = {"VaultConnection": -2, "VaultAuth": -2, "ServiceAccount": -2, "Deployment": 0, "StatefulSet": 0}

    assert {k: w for k, w in waves.items() if k[0] in by_rank} == {k: by_rank[k[0]] for k in waves if k[0] in by_rank}
    assert {w for k, w in waves.items() if k[0] in ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")} == {
        -1
    }
    for o in objects:
        if ref := o.get("spec", {}).get("vaultAuthRef"):
            assert ("VaultAuth", o["metadata"]["namespace"], ref) in waves
