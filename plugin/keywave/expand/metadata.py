"""Which labels and annotations of an intent its objects get.

Rule: what belongs to a tool's bookkeeping is never copied. On kinds that issue, any change of metadata makes the operator issue new
credentials and restart the workloads, so only stable metadata passes there: no versions, charts, commits, hashes, times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from keywave.intent.model import Intent
from keywave.objects.later import later

ISSUING_KINDS = ("VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret")
WAVE = "argocd.argoproj.io/sync-wave"

_BOOKKEEPING = (
    "argocd.argoproj.io/instance",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "argocd.argoproj.io/refresh",
    "kubectl.kubernetes.io/",
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "alpha.config.kubernetes.io/",
    "config.k8s.io/",
    "kustomize.config.k8s.io/",
    "internal.kustomize.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "reconcile.fluxcd.io/",
    "meta.helm.sh/",
    "keywave.dev/",
)
"""Exact names, or prefixes that end with a slash."""

STEERING_FLUX = (
    "kustomize.toolkit.fluxcd.io/prune",
    "kustomize.toolkit.fluxcd.io/reconcile",
    "kustomize.toolkit.fluxcd.io/ssa",
)
"""Flux's switches, which users set by hand: they pass although their group holds Flux's ownership labels."""

_PHASE = (WAVE, "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy")
"""Say when one object is applied: they hold for the secret objects, not for what those need."""

_VOLATILE_NAME = later(
    r"^(app\.kubernetes\.io/version|helm\.sh/chart|chart|version|.*\b(version|revision|commit|git|sha|sha1|sha256|hash|checksum|digest|"
    r"build|build-?id|timestamp|time|date|released?-?at|deployed-?at|created-?at|updated-?at|restarted-?at|pipeline|job|run-?id|ref|branch|tag)\b.*)$",
    re.IGNORECASE,
)
_VOLATILE_VALUE = later(r"^(?=.*[0-9])([0-9a-f]{7,64}|sha256:[0-9a-f]{8,64}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?)$")


def volatile(name: str, value: str) -> bool:
    """True for metadata that usually changes with a release: by its name, or because the value is a hash, commit or date."""
    if name.startswith("argocd.argoproj.io/"):
        return False
    return _VOLATILE_NAME.match(name) is not None or _VOLATILE_VALUE.match(value) is not None


def for_secret(intent: Intent, kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """(labels, annotations) for the intent's secret object of that kind; a user's own wave is among them."""
    labels, annotations = _own(intent)
    if kind not in ISSUING_KINDS:
        return labels, annotations
    return _stable(labels), _stable(annotations)


def for_shared(intents: Sequence[Intent]) -> tuple[dict[str, str], dict[str, str]]:
    """(labels, annotations) for an object that these intents share: what all of them agree on, without waves and hooks."""
    pairs = [_own(intent) for intent in intents]
    labels = _common([labels for labels, _ in pairs])
    annotations = _common([annotations for _, annotations in pairs])
    return labels, {name: value for name, value in annotations.items() if name not in _PHASE}


def _own(intent: Intent) -> tuple[dict[str, str], dict[str, str]]:
    return _copied(intent.manifest.labels), _copied(intent.manifest.annotations)


def _copied(values: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str) and not _bookkeeping(name)}


def _bookkeeping(name: str) -> bool:
    if name in STEERING_FLUX:
        return False
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in _BOOKKEEPING)


def _stable(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if not volatile(name, value)}


def _common(maps: Sequence[dict[str, str]]) -> dict[str, str]:
    first = maps[0] if maps else {}
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in maps[1:])}
