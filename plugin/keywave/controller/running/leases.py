"""Leases as values: read, made, renewed; whether a holder lives, by what we saw ourselves (clocks of other machines are not trusted).

Source: coordination.k8s.io/v1, and client-go's leader election (a lease has ended when it did not change for its duration since we saw it).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keywave.controller.model import Body
from keywave.objects.manifest import mapping

LABELS = {"app.kubernetes.io/name": "keywave-reconciler", "app.kubernetes.io/managed-by": "keywave-reconciler"}


class Seen(NamedTuple):
    """`since`: when we first saw this very renewal, by time.monotonic."""

    holder: str
    renewed: str
    version: str
    seconds: float
    since: float


class Observer:
    """Remembers when each Lease last changed. `now` never goes back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[tuple[str, str], Seen] = {}

    def look(self, body: Body) -> Seen:
        metadata, spec = mapping(body.get("metadata")), mapping(body.get("spec"))
        key = (str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
        holder, renewed = str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or "")
        before = self._seen.get(key)
        same = before is not None and (before.holder, before.renewed) == (holder, renewed)
        since = before.since if before is not None and same else self._now()
        duration = spec.get("leaseDurationSeconds")
        seconds = float(duration) if isinstance(duration, int) else 15.0
        seen = self._seen[key] = Seen(holder, renewed, str(metadata.get("resourceVersion") or ""), seconds, since)
        return seen

    def alive(self, seen: Seen) -> bool:
        return bool(seen.holder) and self._now() - seen.since < seen.seconds


def lease(namespace: str, name: str, holder: str, seconds: float, *, version: str = "") -> dict[str, Any]:
    """A Lease renewed now; `version` makes a replace fail where somebody was faster."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": LABELS}
    if version:
        metadata["resourceVersion"] = version
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec: dict[str, Any] = {"holderIdentity": holder, "leaseDurationSeconds": max(round(seconds), 1)}
    if holder:
        spec |= {"renewTime": moment, "acquireTime": moment}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
