"""Alert rules, dashboard and scrape jobs: Prometheus can read each expression, and each metric and label in them is one of /metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from keywave.controller import reasons
from keywave.controller.types import TYPES
from keywave.controller.watching.metrics import METRICS, Metrics

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PART = re.compile(r"_(bucket|sum|count)$")
FROM_SCRAPE = {"pod", "job", "operator_namespace"}
"""Labels that Prometheus adds: to each sample the job, and what the scrape job says."""


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "overlays/monitoring/alerts.yaml").read_text())["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads((DEPLOY / "monitoring/dashboard.json").read_text())["panels"])


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def wrong_in(expression: str) -> list[str]:
    """What Prometheus would find nothing for. Raises ValueError for what it cannot read."""
    told: list[str] = []
    exported = set(re.findall(r"^# TYPE (\S+)", Metrics().text(), re.MULTILINE))

    def labels_below(node: Any) -> set[str]:
        """The labels that the series of a part have."""
        if isinstance(node, promql_parser.AggregateExpr):
            below = labels_below(node.expr)
            wanted = set(node.modifier.labels) if node.modifier else set()
            told.extend(f"no label {label} in {node.expr}" for label in sorted(wanted - below))
            return wanted
        if isinstance(node, (promql_parser.VectorSelector, promql_parser.MatrixSelector)):
            selector = getattr(node, "vector_selector", node)
            name = selector.name if selector.name in exported else PART.sub("", selector.name)
            if name not in exported:
                told.append(f"no metric {selector.name}")
                return set()
            more = {"le"} if METRICS[name].type == "histogram" else set()
            known = {*METRICS[name].labels, *FROM_SCRAPE, *more}
            names = {matcher.name for matcher in selector.matchers.matchers}
            told.extend(f"no label {label} of {name}" for label in sorted(names - known))
            return known
        parts = [labels_below(part) for part in children(node)]
        return set.union(*parts) if parts else set()

    labels_below(promql_parser.parse(expression))
    return told


def children(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.Call):
        yield from node.args
    for name in ("lhs", "rhs", "expr"):
        if hasattr(node, name):
            yield getattr(node, name)


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_can_be_read_and_names_what_is_in_metrics(expression: str) -> None:
    assert wrong_in(expression) == []
    assert [name for name in METRICS if name in expression]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("max(keywave_queue_old) > 60", ["no metric keywave_queue_old"]),
        ("sum by (space) (rate(vso_secret_sync_total[5m]))", ["no label space in rate(vso_secret_sync_total{}[5m])"]),
        ('keywave_vault_logins_total{how="x"}', ["no label how of keywave_vault_logins_total"]),
        ("rate(keywave_vault_request_seconds_bucket[5m]) and rate(up[5m])", ["no metric up"]),
    ],
)
def test_an_expression_that_is_wrong_is_found(expression: str, told: list[str]) -> None:
    assert wrong_in(expression) == told


def test_an_expression_that_is_no_promql_is_refused() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        wrong_in("sum by (kind (x)")


def test_an_alert_speaks_of_labels_that_its_expression_has() -> None:
    for rule in rules():
        spoken = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = {label for part in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in part.split(", ")}

        assert spoken - kept == set(), rule["alert"]


def test_the_kinds_that_alerts_pick_are_kinds() -> None:
    patterns = set(re.findall(r'kind=~?"([^"]+)"', "\n".join(rule["expr"] for rule in rules())))
    picked = [kind for pattern in patterns for kind in TYPES if re.fullmatch(pattern, kind)]

    assert sorted(picked) == sorted(TYPES), "each kind by one of the patterns"


def test_every_metric_of_an_object_or_a_failure_is_looked_at_by_somebody() -> None:
    text = "\n".join(expressions())
    unseen = {name for name in METRICS if name not in text}

    assert unseen == {
        "keywave_reconcile_total",
        "keywave_vault_tokens",
        "keywave_kube_failures_total",
    }


def test_both_ways_to_scrape_keep_the_namespace_of_the_object() -> None:
    monitor = yaml.safe_load((DEPLOY / "overlays/monitoring/pod-monitor.yaml").read_text())["spec"]
    (job,) = yaml.safe_load((DEPLOY / "monitoring/scrape.yaml").read_text())
    (keep, *_) = job["relabel_configs"]
    deployment = yaml.safe_load((DEPLOY / "base/deployment.yaml").read_text())["spec"]["template"]
    labels, (container,) = deployment["metadata"]["labels"], deployment["spec"]["containers"]

    (endpoint,) = monitor["podMetricsEndpoints"]

    assert endpoint["honorLabels"] is True
    added = {entry["targetLabel"]: entry["sourceLabels"] for entry in endpoint["relabelings"]}
    assert added == {"operator_namespace": ["__meta_kubernetes_namespace"]}
    added = {entry["target_label"]: entry["source_labels"] for entry in job["relabel_configs"][1:]}
    assert added == {"pod": ["__meta_kubernetes_pod_name"], "operator_namespace": ["__meta_kubernetes_namespace"]}
    # The pod is what Prometheus Operator adds by itself.
    assert {*added, "job"} == FROM_SCRAPE
    assert (job["honor_labels"], job["kubernetes_sd_configs"][0]["role"]) == (True, "pod")
    assert keep["regex"] == f"{labels['app.kubernetes.io/name']};{container['ports'][0]['name']}"
    assert monitor["selector"]["matchLabels"].items() <= labels.items()


def test_the_panels_have_places_and_numbers_of_their_own() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]

    assert len(set(places)) == len(places) == len({panel["id"] for panel in panels()})


def test_reasons_that_count_as_labels_are_words() -> None:
    values = {value for name, value in vars(reasons).items() if name.isupper()}

    assert [value for value in values if not re.fullmatch(r"\w+", value)] == []
