"""Which labels and annotations reach which object."""

from __future__ import annotations

import pytest
from builders import DEPLOYMENT, PROFILE, expanded, intent, made

from keywave.expand.metadata import volatile

META = (
    "namespace: shop, labels: {team: pay, app.kubernetes.io/version: 1.2.3, helm.sh/chart: web-1.2.3, argocd.argoproj.io/instance: x, "
    "kustomize.toolkit.fluxcd.io/name: apps}, annotations: {argocd.argoproj.io/sync-wave: '5', example.com/commit: 4f2a91c, "
    "config.kubernetes.io/origin: x, argocd.argoproj.io/tracking-id: x, kubectl.kubernetes.io/last-applied-configuration: x, "
    "note: hello, kustomize.toolkit.fluxcd.io/prune: disabled}"
)


def _metadata(spec: str, kind: str) -> dict:
    result = expanded(PROFILE, DEPLOYMENT, intent(spec, metadata=META))
    (found,) = [m for m in made(result) if m.kind == kind]
    return {name: value for name, value in found.metadata.items() if name in ("labels", "annotations")}


def test_a_static_secret_gets_all_but_the_tools_bookkeeping() -> None:
    assert _metadata("{kv: a}", "VaultStaticSecret") == {
        "labels": {"team": "pay", "app.kubernetes.io/version": "1.2.3", "helm.sh/chart": "web-1.2.3"},
        "annotations": {
            "argocd.argoproj.io/sync-wave": "5",
            "example.com/commit": "4f2a91c",
            "note": "hello",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }


ISSUING = {
    "VaultDynamicSecret": "{dynamic: creds/x}",
    "VaultPKISecret": "{pki: web, commonName: a.example.com, ttl: 720h}",
}


@pytest.mark.parametrize(("kind", "spec"), ISSUING.items(), ids=ISSUING)
def test_what_issues_gets_only_what_is_stable(kind: str, spec: str) -> None:
    assert _metadata(spec, kind) == {
        "labels": {"team": "pay"},
        "annotations": {
            "argocd.argoproj.io/sync-wave": "5",
            "note": "hello",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }


@pytest.mark.parametrize("kind", ["VaultAuth", "VaultConnection", "ServiceAccount"])
def test_what_the_secret_needs_has_no_wave_of_the_user(kind: str) -> None:
    annotations = _metadata("{kv: a}", kind)["annotations"]

    assert annotations == {
        "example.com/commit": "4f2a91c",
        "note": "hello",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
    }


def test_shared_objects_get_what_all_intents_agree_on() -> None:
    pod = DEPLOYMENT.replace("[{secretRef: {name: payments}}]", "[{secretRef: {name: one}}, {secretRef: {name: two}}]")
    result = expanded(
        PROFILE,
        pod,
        intent("{kv: a}", "one", "namespace: shop, labels: {team: pay, part: a}"),
        intent("{kv: b}", "two", "namespace: shop, labels: {team: pay, part: b}"),
    )

    labels = {
        m.kind: dict(m.labels) for m in made(result) if m.kind in ("VaultAuth", "VaultConnection", "ServiceAccount")
    }
    assert labels == {
        "ServiceAccount": {"team": "pay"},
        "VaultConnection": {"team": "pay"},
        "VaultAuth": {"team": "pay"},
    }


VOLATILE = {
    "app.kubernetes.io/version": ("1.2", True),
    "helm.sh/chart": ("web-1", True),
    "example.com/git-sha": ("x", True),
    "checksum/config": ("x", True),
    "deploy.example.com/released-at": ("noon", True),
    "example.com/any": ("2026-01-02T03:04:05Z", True),
    "example.com/other": ("3f786850e387550fdab836ed7e6dc881de23001b", True),
    "app.kubernetes.io/name": ("payments", False),
    "app.kubernetes.io/part-of": ("shop", False),
    "team": ("payments", False),
    "cost-centre": ("4711", False),
    "app": ("decade", False),
    "argocd.argoproj.io/sync-options": ("Prune=false", False),
}


@pytest.mark.parametrize(("name", "value", "expected"), [(k, *v) for k, v in VOLATILE.items()], ids=list(VOLATILE))
def test_volatile_metadata_is_known_by_name_or_value(name: str, value: str, expected: bool) -> None:
    assert volatile(name, value) is expected
