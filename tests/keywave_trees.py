"""Random small applications: a profile, intents of every source, the workloads that use them."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
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
