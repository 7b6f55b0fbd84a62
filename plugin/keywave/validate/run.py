"""Runs every check over the whole rendered set, hand-written objects included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keywave.findings import Finding
from keywave.objects.manifest import Manifest
from keywave.validate.checks import CHECKS
from keywave.validate.consumers import check_consumers
from keywave.validate.view import look

if TYPE_CHECKING:
    from keywave.intent.load import Loaded


def validate(manifests: Sequence[Manifest], loaded: Loaded, *, target: str) -> list[Finding]:
    """All findings of all checks, in the order of `CHECKS` and then of the manifests, consumers last; [] where nothing is wrong.

    `target` is argocd, flux or plain. Nothing is raised for bad input: what has no meaning to a check, the structural check tells.
    """
    view = look(manifests, loaded, target=target)
    found = [finding for check in CHECKS for finding in check(view)]
    return [*found, *check_consumers(manifests, loaded)]
