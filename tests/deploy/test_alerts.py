"""When the alerts speak: each rule over texts of /metrics that are as they should be, and as they should not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from promql_values import Scrape, value_of

from keywave.controller.watching.metrics import Metrics

RULES = Path(__file__).resolve().parents[2] / "deploy/overlays/monitoring/alerts.yaml"
NOW = 1_000_000.0
OURS = {"job": "keywave", "operator_namespace": "keywave-system"}
OTHER = {"job": "keywave", "operator_namespace": "another"}
OUT, END = "keywave_out_of_sync_since_seconds", "keywave_lease_end_seconds"
Told = list[dict[str, str]]


def rules() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["spec"]["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def told(alert: str, *scrapes: Scrape) -> Told:
    """The labels of what the alert would speak of, at NOW."""
    return [dict(key) for key in value_of(rules()[alert], scrapes, NOW)]


def as_it_should_be() -> Metrics:
    metrics = Metrics()
    metrics.set("keywave_build_info", 1, "0.1.0")
    metrics.set("keywave_shards_held", 16)
    return metrics


def gauge(name: str, value: float, *labels: str, target: dict[str, str] = OURS) -> Scrape:
    """All is well but for this one."""
    metrics = as_it_should_be()
    metrics.set(name, value, *labels)
    return Scrape(NOW, metrics.text(), target)


def counted(name: str, times: int, seconds: float, *labels: str) -> tuple[Scrape, Scrape]:
    """A counter that has grown so much in so long a time."""
    metrics = as_it_should_be()
    metrics.count(name, *labels)
    first = Scrape(NOW - seconds, metrics.text(), OURS)
    for _ in range(times):
        metrics.count(name, *labels)
    return first, Scrape(NOW, metrics.text(), OURS)


@pytest.mark.parametrize(
    ("alert", "kind", "after"),
    [
        ("KeywaveSecretOutOfSync", "VaultStaticSecret", 3600),
        ("KeywaveSecretOutOfSync", "VaultDynamicSecret", 3600),
        ("KeywaveSecretOutOfSync", "VaultPKISecret", 3600),
        ("KeywaveSecretOutOfSync", "VaultCompositeSecret", 3600),
        ("KeywaveNotReady", "VaultAuth", 600),
        ("KeywaveNotReady", "VaultAuthGlobal", 600),
        ("KeywaveNotReady", "SecretTransformation", 600),
        ("KeywaveVaultAway", "VaultConnection", 120),
    ],
)
def test_a_single_object_that_is_out_of_sync_is_told_of_when_its_time_is_over(
    alert: str, kind: str, after: int
) -> None:
    labels = {"kind": kind, "namespace": "shop", "name": "app"}
    known = {name: labels[name] for name in labels if alert != "KeywaveVaultAway" or name != "kind"}

    assert told(alert, gauge(OUT, NOW - after, kind, "shop", "app")) == []
    assert told(alert, gauge(OUT, NOW - after - 1, kind, "shop", "app")) == [known]
    assert [name for name in rules() if told(name, gauge(OUT, NOW - 9999, kind, "shop", "app"))] == [alert]


def test_a_lease_that_has_ended_is_told_of() -> None:
    assert told("KeywaveLeaseEnded", gauge(END, NOW + 1, "VaultPKISecret", "shop", "tls")) == []
    assert told("KeywaveLeaseEnded", gauge(END, NOW - 1, "VaultPKISecret", "shop", "tls")) == [
        {"kind": "VaultPKISecret", "namespace": "shop", "name": "tls"}
    ]


def test_one_login_that_is_refused_every_twenty_seconds_is_told_of_and_one_refusal_is_not() -> None:
    name = "keywave_vault_logins_total"

    assert told("KeywaveLoginsFail", *counted(name, 30, 600, "kubernetes", "403")) == [{"method": "kubernetes"}]
    assert told("KeywaveLoginsFail", *counted(name, 1, 600, "kubernetes", "403")) == []
    assert told("KeywaveLoginsFail", *counted(name, 300, 600, "kubernetes", "ok")) == []


def test_shards_that_nobody_holds_are_told_of_by_installation() -> None:
    """Another installation that is whole, or stands by, does not hide them."""
    half, rest = (
        gauge("keywave_shards_held", 8),
        Scrape(NOW, gauge("keywave_shards_held", 8).text, {**OURS, "pod": "b"}),
    )
    whole, none = (gauge("keywave_shards_held", held, target=OTHER) for held in (16, 0))
    away = Scrape(NOW, none.text.replace("keywave_standing_by 0", "keywave_standing_by 1"), OTHER)

    assert told("KeywaveShardsUnheld", half, whole) == [OURS]
    assert told("KeywaveShardsUnheld", half, away) == [OURS]
    assert told("KeywaveShardsUnheld", half, rest, away) == []
    assert told("KeywaveStandsBy", half, away) == [OTHER]


@pytest.mark.parametrize(
    ("alert", "quiet", "loud"),
    [
        ("KeywaveQueueOld", [gauge("keywave_queue_age_seconds", 60)], [gauge("keywave_queue_age_seconds", 61)]),
        (
            "KeywaveVaultFails",
            counted("keywave_vault_requests_total", 9, 300, "read", "ok"),
            counted("keywave_vault_requests_total", 9, 300, "read", "sealed"),
        ),
        (
            "KeywaveRestartLoop",
            counted("keywave_rollout_restarts_total", 20, 1800, "Deployment", "shop"),
            counted("keywave_rollout_restarts_total", 21, 1800, "Deployment", "shop"),
        ),
        (
            "KeywaveOrphanedLease",
            counted("keywave_orphaned_leases_total", 0, 3600),
            counted("keywave_orphaned_leases_total", 1, 3600),
        ),
        (
            "KeywaveSeriesDropped",
            counted("keywave_series_dropped_total", 0, 3600),
            counted("keywave_series_dropped_total", 1, 3600),
        ),
        ("KeywaveBug", counted("keywave_bugs_total", 0, 3600), counted("keywave_bugs_total", 1, 3600)),
        ("KeywaveGone", [gauge("keywave_build_info", 1, "0.1.0")], []),
    ],
)
def test_the_others_are_silent_until_there_is_reason(alert: str, quiet: list[Scrape], loud: list[Scrape]) -> None:
    assert told(alert, *quiet) == []
    assert len(told(alert, *loud)) == 1


def test_an_installation_as_it_should_be_sets_no_alert_off() -> None:
    assert [name for name in rules() if told(name, Scrape(NOW, as_it_should_be().text(), OURS))] == []
