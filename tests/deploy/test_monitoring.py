"""Alert rules and dashboard: Prometheus can read each expression, and each metric in them is one that we export."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml

from keywave.controller.watching.metrics import METRICS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
NAME = re.compile(r"\b(?:keywave|vso)_[a-z_]+\b")


def expressions() -> list[str]:
    rules = yaml.safe_load((DEPLOY / "overlays/monitoring/alerts.yaml").read_text())["spec"]["groups"]
    panels = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())["panels"]
    alerts = [rule["expr"] for group in rules for rule in group["rules"]]
    return [*alerts, *(target["expr"] for panel in panels for target in panel["targets"])]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_can_be_read_and_names_metrics_that_there_are(expression: str) -> None:
    promql_parser.parse(expression)
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(expression)}

    assert names - set(METRICS) == set()
    assert names
