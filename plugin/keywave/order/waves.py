"""When Argo CD applies an object: its phase and its wave, read as Argo CD reads them.

The wave is Go's `strconv.Atoi` of the annotation; a text that is none silently counts as the Helm hook weight, or 0. The phase
comes from Argo CD's own hook annotation, else from Helm's.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from keywave.objects.later import later
from keywave.objects.manifest import Manifest

WAVE = "argocd.argoproj.io/sync-wave"
HOOK = "argocd.argoproj.io/hook"
HELM_HOOK = "helm.sh/hook"
HELM_WEIGHT = "helm.sh/hook-weight"
_INTEGER = later(r"[+-]?[0-9]{1,18}", re.ASCII)

PHASES = {"PreSync": 0, "Sync": 1, "PostSync": 2}
_HELM = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "crd-install": "Sync",
}


class When(NamedTuple):
    """Comparable: an earlier one is applied first."""

    phase: int
    wave: int

    def __str__(self) -> str:
        name = next(name for name, number in PHASES.items() if number == self.phase)
        return f"wave {self.wave}" if name == "Sync" else f"wave {self.wave} of {name}"


def explicit_wave(manifest: Manifest) -> int | None:
    """The wave that the user's own annotations give, or None."""
    annotations = manifest.annotations
    for key in (WAVE, HELM_WEIGHT) if annotations else ():
        value = annotations.get(key)
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            return int(value)
    return None


def bad_wave(manifest: Manifest) -> bool:
    """True when there is a wave annotation that Argo CD does not read as a number."""
    value = manifest.annotations.get(WAVE)
    return WAVE in manifest.annotations and not (isinstance(value, str) and _INTEGER.fullmatch(value) is not None)


def phase_of(manifest: Manifest) -> int | None:
    """The number of the (first) phase, or None for what a sync does not apply: Skip, SyncFail, PreDelete, PostDelete."""
    annotations = manifest.annotations
    if not annotations:
        return 1
    own = annotations.get(HOOK)
    if isinstance(own, str):
        return _first([PHASES.get(name.strip()) for name in own.split(",")])
    helm = annotations.get(HELM_HOOK)
    if isinstance(helm, str):
        return _first([PHASES.get(_HELM.get(name.strip(), "")) for name in helm.split(",")])
    return 1


def _first(phases: list[int | None]) -> int | None:
    known = [phase for phase in phases if phase is not None]
    return min(known) if known else None
