"""What is counted, and its text for Prometheus. One table: name, type, help, labels. Why not a library: design/0012.

Three names are those that guides for Vault Secrets Operator give (it does not export them itself); the rest are ours.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


_OBJECT = ("kind", "namespace", "name")
METRICS: Mapping[str, Metric] = {
    "vso_secret_sync_total": Metric("counter", "Successful reconciles of secret objects.", ("kind", "namespace")),
    "vso_secret_sync_error_total": Metric(
        "counter", "Failed reconciles of secret objects.", ("kind", "namespace", "reason")
    ),
    "vso_secret_rotation_total": Metric("counter", "Secrets that got other data.", ("kind", "namespace")),
    "keywave_last_success_seconds": Metric("gauge", "When an object was last in sync, in seconds since 1970.", _OBJECT),
    "keywave_out_of_sync_since_seconds": Metric(
        "gauge", "Since when an object is not in sync, in seconds since 1970; nothing while it is.", _OBJECT
    ),
    "keywave_lease_end_seconds": Metric(
        "gauge", "When an object's lease or certificate ends, in seconds since 1970.", _OBJECT
    ),
    "keywave_reconcile_total": Metric("counter", "Reconciles by outcome.", ("kind", "outcome")),
    "keywave_reconcile_seconds": Metric("histogram", "How long a reconcile took.", ("kind",)),
    "keywave_queue_depth": Metric("gauge", "Objects that wait for a worker.", ("lane",)),
    "keywave_queue_age_seconds": Metric("gauge", "How long the oldest object waits for a worker."),
    "keywave_vault_requests_total": Metric("counter", "Requests to Vault.", ("operation", "outcome")),
    "keywave_vault_request_seconds": Metric("histogram", "How long a request took.", ("operation",)),
    "keywave_vault_logins_total": Metric("counter", "Logins to Vault.", ("method", "outcome")),
    "keywave_vault_tokens": Metric("gauge", "Tokens that are held."),
    "keywave_vault_token_age_seconds": Metric("gauge", "Seconds since the oldest one was got or renewed."),
    "keywave_rollout_restarts_total": Metric("counter", "Workloads that were restarted.", ("kind", "namespace")),
    "keywave_orphaned_leases_total": Metric("counter", "Leases that could not be revoked in time."),
    "keywave_kube_failures_total": Metric("counter", "Watches that were cut off or refused.", ("reason",)),
    "keywave_shards_held": Metric("gauge", "Shards of sixteen that this replica works on."),
    "keywave_standing_by": Metric("gauge", "1 while Vault Secrets Operator is at work."),
    "keywave_series_dropped_total": Metric("counter", "Samples without a series: there were too many."),
    "keywave_bugs_total": Metric("counter", "Unexpected errors in keywave itself."),
    "keywave_build_info": Metric("gauge", "1, with the version.", ("version",)),
}
_DROPPED = "keywave_series_dropped_total"
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MOST = 20_000
"""Series of one metric: ten thousand hostile objects must not fill the memory of two processes."""
Labels = tuple[str, ...]


class Metrics:
    """Satisfies ports.Counting. `before`: called at each scrape, to set what is looked up then."""

    def __init__(self, most: int = _MOST) -> None:
        self._lock, self._most = threading.Lock(), most
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in METRICS}
        self._spread: dict[str, dict[Labels, list[float]]] = {}
        self.before: Callable[[], None] = lambda: None
        for name, metric in METRICS.items():
            if not metric.labels and metric.type != "histogram":
                self._values[name][()] = 0.0

    def count(self, name: str, *labels: str) -> None:
        with self._lock:
            values = self._values[name]
            if self._room(values, labels):
                values[labels] = values.get(labels, 0.0) + 1.0

    def set(self, name: str, value: float, *labels: str) -> None:
        with self._lock:
            values = self._values[name]
            if self._room(values, labels):
                values[labels] = value

    def observe(self, name: str, value: float, *labels: str) -> None:
        with self._lock:
            spread = self._spread.setdefault(name, {})
            if self._room(spread, labels):
                counts = spread.setdefault(labels, [0.0] * (len(_BOUNDS) + 2))
                counts[bisect_left(_BOUNDS, value)] += 1.0
                counts[-1] += value

    def put_all(self, name: str, values: Mapping[Labels, float]) -> None:
        """All series of a gauge: those that are not among them go."""
        with self._lock:
            kept = dict(list(values.items())[: self._most])
            self._values[name] = kept
            self._values[_DROPPED][()] += len(values) - len(kept)

    def forget(self, *labels: str) -> None:
        """An object is gone: its own series go."""
        with self._lock:
            for name, metric in METRICS.items():
                if metric.labels == _OBJECT:
                    self._values[name].pop(labels, None)

    def keep(self, objects: Collection[Labels], namespaces: Collection[str]) -> None:
        """Series of other objects go, and the counters of namespaces that hold none any more. What a reconcile told of an object that
        was just deleted goes so at the next scrape."""
        with self._lock:
            for name, metric in METRICS.items():
                values = self._values[name]
                if metric.labels == _OBJECT:
                    gone = [labels for labels in values if labels not in objects]
                elif "namespace" in metric.labels:
                    place = metric.labels.index("namespace")
                    gone = [labels for labels in values if labels[place] not in namespaces]
                else:
                    continue
                for labels in gone:
                    del values[labels]

    def total(self, name: str) -> float:
        """The sum over all labels."""
        with self._lock:
            return sum(self._values[name].values())

    def text(self) -> str:
        """Prometheus' text format, 0.0.4. Nobody who counts waits for it."""
        self.before()
        with self._lock:
            plain = {name: dict(values) for name, values in self._values.items()}
            spread = {name: {labels: [*counts] for labels, counts in one.items()} for name, one in self._spread.items()}
        lines: list[str] = []
        for name, metric in METRICS.items():
            lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.type}"]
            for labels, value in sorted(plain[name].items()):
                lines.append(f"{name}{_labels(metric.labels, labels)} {value:.15g}")
            for labels, counts in sorted(spread.get(name, {}).items()):
                lines += _histogram(name, metric.labels, labels, counts)
        return "\n".join(lines) + "\n"

    def _room(self, values: Collection[Labels], labels: Labels) -> bool:
        if labels in values or len(values) < self._most:
            return True
        self._values[_DROPPED][()] += 1.0
        return False


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
