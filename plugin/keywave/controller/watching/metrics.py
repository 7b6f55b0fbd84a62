"""What is counted, and its text for Prometheus. One table: name, kind, help, labels. Our own seventy lines: design/0012.

Three names are those that guides for Vault Secrets Operator give (it does not export them itself); the rest are ours.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


_OBJECT = ("kind", "namespace", "name")
METRICS: Mapping[str, Metric] = {
    "vso_secret_sync_total": Metric("counter", "Successful reconciles of secret objects.", ("kind", "namespace")),
    "vso_secret_sync_error_total": Metric("counter", "Failed ones.", ("kind", "namespace", "reason")),
    "vso_secret_rotation_total": Metric("counter", "Secrets that got other data.", ("kind", "namespace")),
    "keywave_last_success_seconds": Metric("gauge", "When an object was last in sync, in seconds since 1970.", _OBJECT),
    "keywave_lease_end_seconds": Metric("gauge", "When an object's lease ends, in seconds since 1970.", _OBJECT),
    "keywave_reconcile_total": Metric("counter", "Reconciles by outcome.", ("kind", "outcome")),
    "keywave_reconcile_seconds": Metric("histogram", "How long they took.", ("kind",)),
    "keywave_queue_depth": Metric("gauge", "Objects that wait for a worker.", ("lane",)),
    "keywave_queue_age_seconds": Metric("gauge", "How long the oldest of them waits."),
    "keywave_vault_requests_total": Metric("counter", "Requests to Vault.", ("operation", "outcome")),
    "keywave_vault_request_seconds": Metric("histogram", "How long they took.", ("operation",)),
    "keywave_vault_logins_total": Metric("counter", "Logins to Vault.", ("method", "outcome")),
    "keywave_vault_tokens": Metric("gauge", "Tokens that are held."),
    "keywave_vault_token_age_seconds": Metric("gauge", "Age of the oldest one."),
    "keywave_rollout_restarts_total": Metric("counter", "Workloads that were restarted.", ("kind", "namespace")),
    "keywave_orphaned_leases_total": Metric("counter", "Leases that could not be revoked in time."),
    "keywave_kube_failures_total": Metric("counter", "Watches that were cut off or refused.", ("reason",)),
    "keywave_shards_held": Metric("gauge", "Shards of sixteen that this replica works on."),
    "keywave_standing_by": Metric("gauge", "1 while Vault Secrets Operator is at work."),
    "keywave_bugs_total": Metric("counter", "Unexpected errors in keywave itself."),
    "keywave_build_info": Metric("gauge", "1, with the version.", ("version",)),
}
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
Labels = tuple[str, ...]


class Metrics:
    """Satisfies ports.Counting. `before`: called at each scrape, to set what is looked up then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in METRICS}
        self._spread: dict[str, dict[Labels, list[float]]] = {}
        self.before: Callable[[], None] = lambda: None
        for name, metric in METRICS.items():
            if not metric.labels and metric.type != "histogram":
                self._values[name][()] = 0.0

    def count(self, name: str, *labels: str) -> None:
        with self._lock:
            values = self._values[name]
            values[labels] = values.get(labels, 0.0) + 1.0

    def set(self, name: str, value: float, *labels: str) -> None:
        self._values[name][labels] = value

    def observe(self, name: str, value: float, *labels: str) -> None:
        with self._lock:
            counts = self._spread.setdefault(name, {}).setdefault(labels, [0.0] * (len(_BOUNDS) + 2))
            counts[bisect_left(_BOUNDS, value)] += 1.0
            counts[-1] += value

    def forget(self, *labels: str) -> None:
        """An object is gone: its own series go."""
        with self._lock:
            for name, metric in METRICS.items():
                if metric.labels == _OBJECT:
                    self._values[name].pop(labels, None)

    def text(self) -> str:
        """Prometheus' text format, 0.0.4."""
        self.before()
        lines: list[str] = []
        with self._lock:
            for name, metric in METRICS.items():
                lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.type}"]
                for labels, value in sorted(self._values[name].items()):
                    lines.append(f"{name}{_labels(metric.labels, labels)} {value:.15g}")
                for labels, counts in sorted(self._spread.get(name, {}).items()):
                    lines += _histogram(name, metric.labels, labels, counts)
        return "\n".join(lines) + "\n"


def _histogram(name: str, names: Labels, labels: Labels, counts: list[float]) -> list[str]:
    lines, total = [], 0.0
    for bound, count in zip((*map(str, _BOUNDS), "+Inf"), counts[:-1], strict=True):
        total += count
        lines.append(f"{name}_bucket{_labels((*names, 'le'), (*labels, bound))} {total:.15g}")
    lines.append(f"{name}_sum{_labels(names, labels)} {counts[-1]:.15g}")
    return [*lines, f"{name}_count{_labels(names, labels)} {total:.15g}"]


def _labels(names: Labels, values: Labels) -> str:
    if not names:
        return ""
    escaped = (text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') for text in values)
    return "{" + ",".join(f'{name}="{text}"' for name, text in zip(names, escaped, strict=True)) + "}"
