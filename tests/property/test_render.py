"""What holds for every render: the order of the input means nothing, a second run gives the same bytes, edges are respected."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keywave.build.options import BuildOptions
from keywave.emit import stream
from keywave.pipeline import Settings, render

NAMES = ["alpha", "beta", "gamma", "delta"]
PROFILE = {
    "apiVersion": "keywave.dev/v1alpha1",
    "kind": "VaultProfile",
    "metadata": {"name": "vault"},
    "spec": {
        "address": "https://vault.example.com:8200",
        "auth": {"method": "kubernetes", "role": "{namespace}-{serviceAccount}", "audiences": ["vault"]},
        "kv": {"mount": "kv"},
        "dynamic": {"mount": "database"},
        "pki": {"mount": "pki"},
    },
}


def source(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["kv", "dynamic", "pki"]))
    if kind == "pki":
        return {"pki": "web", "commonName": "web.example.com", "ttl": draw(st.sampled_from(["24h", "720h"]))}
    keys = draw(
        st.dictionaries(st.sampled_from(["USER", "PASS", "URL"]), st.sampled_from(["a", "b.c", "d-e"]), max_size=3)
    )
    spec: dict[str, Any] = {"kv": "app/config"} if kind == "kv" else {"dynamic": "creds/app"}
    if keys:
        spec["keys"] = keys
    if kind == "kv" and draw(st.booleans()):
        spec |= {"version": draw(st.integers(1, 9)), "refreshAfter": draw(st.sampled_from(["30s", "5m", "1h"]))}
    return spec


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A profile, some applications with an intent each, in one or two namespaces."""
    documents: list[dict[str, Any]] = [PROFILE]
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        metadata = {"name": name, "namespace": draw(st.sampled_from(["shop", "bank"]))}
        documents.append(
            {"apiVersion": "keywave.dev/v1alpha1", "kind": "SecretIntent", "metadata": metadata, "spec": source(draw)}
        )
        template = {
            "metadata": {"labels": {"app": name}},
            "spec": {
                "serviceAccountName": draw(st.sampled_from(["runner", name])),
                "containers": [{"name": "app", "image": "app:1", "envFrom": [{"secretRef": {"name": name}}]}],
            },
        }
        documents.append(
            {
                "apiVersion": "apps/v1",
                "kind": draw(st.sampled_from(["Deployment", "StatefulSet"])),
                "metadata": metadata,
                "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
            }
        )
    return documents


def rendered(text: str, target: str) -> tuple[str, tuple[str, ...]]:
    """The whole output of one render from a stream, and its errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        report = render("-", Settings(target=target), BuildOptions())
    assert report.ordered is not None
    manifests = [m for layer in report.ordered.layers for m in layer.manifests]
    return stream([*manifests, *report.ordered.extra]), tuple(f.code for f in report.findings if f.severity == "error")


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
