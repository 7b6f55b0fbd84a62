"""What /metrics says."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

from keywave.controller.watching.http_server import HttpServer
from keywave.controller.watching.metrics import METRICS, Metrics


def lines_of(metrics: Metrics, name: str) -> list[str]:
    return [line for line in metrics.text().splitlines() if line.startswith(name)]


def test_counters_and_gauges_with_their_labels() -> None:
    metrics = Metrics()
    metrics.count("vso_secret_sync_total", "VaultStaticSecret", "team")
    metrics.count("vso_secret_sync_total", "VaultStaticSecret", "team")
    metrics.set("keywave_vault_tokens", 3)

    assert lines_of(metrics, "vso_secret_sync_total") == [
        'vso_secret_sync_total{kind="VaultStaticSecret",namespace="team"} 2'
    ]
    assert lines_of(metrics, "keywave_vault_tokens") == ["keywave_vault_tokens 3"]


def test_a_histogram_counts_up_to_each_bound() -> None:
    metrics = Metrics()
    for seconds in (0.004, 0.2, 99.0):
        metrics.observe("keywave_vault_request_seconds", seconds, "read")

    lines = lines_of(metrics, "keywave_vault_request_seconds")

    assert lines[0] == 'keywave_vault_request_seconds_bucket{operation="read",le="0.005"} 1'
    assert lines[5] == 'keywave_vault_request_seconds_bucket{operation="read",le="0.25"} 2'
    assert lines[-3:] == [
        'keywave_vault_request_seconds_bucket{operation="read",le="+Inf"} 3',
        'keywave_vault_request_seconds_sum{operation="read"} 99.204',
        'keywave_vault_request_seconds_count{operation="read"} 3',
    ]


def test_an_object_that_is_gone_loses_its_series() -> None:
    metrics = Metrics()
    metrics.set("keywave_last_success_seconds", 1, "VaultStaticSecret", "team", "app")
    metrics.forget("VaultStaticSecret", "team", "app")

    assert lines_of(metrics, "keywave_last_success_seconds") == []


def test_what_was_told_of_an_object_after_it_had_gone_goes_at_the_next_scrape() -> None:
    metrics = Metrics()
    metrics.set("keywave_last_success_seconds", 1, "VaultStaticSecret", "team", "app")
    metrics.set("keywave_lease_end_seconds", 1, "VaultDynamicSecret", "team", "gone")
    metrics.count("vso_secret_sync_total", "VaultStaticSecret", "team")
    metrics.count("vso_secret_sync_total", "VaultStaticSecret", "ended")
    metrics.count("keywave_rollout_restarts_total", "Deployment", "ended")
    metrics.count("keywave_reconcile_total", "VaultAuth", "ok")

    metrics.keep({("VaultStaticSecret", "team", "app")}, {"team"})

    told = [line for line in metrics.text().splitlines() if "{" in line and not line.startswith("#")]
    assert told == [
        'vso_secret_sync_total{kind="VaultStaticSecret",namespace="team"} 1',
        'keywave_last_success_seconds{kind="VaultStaticSecret",namespace="team",name="app"} 1',
        'keywave_reconcile_total{kind="VaultAuth",outcome="ok"} 1',
    ]


def test_there_are_so_many_series_and_the_rest_is_counted() -> None:
    metrics = Metrics(most=3)
    for number in range(5):
        metrics.count("vso_secret_sync_total", "VaultStaticSecret", f"team-{number}")
        metrics.observe("keywave_reconcile_seconds", 0.1, f"kind-{number}")
    metrics.put_all("keywave_out_of_sync_since_seconds", {("k", "n", str(number)): 1.0 for number in range(4)})
    metrics.count("vso_secret_sync_total", "VaultStaticSecret", "team-0")

    assert lines_of(metrics, "vso_secret_sync_total")[0].endswith('{kind="VaultStaticSecret",namespace="team-0"} 2')
    assert [
        len(lines_of(metrics, name))
        for name in ("vso_secret_sync_total", "keywave_reconcile_seconds_count", "keywave_out_of_sync_since_seconds")
    ] == [3, 3, 3]
    assert lines_of(metrics, "keywave_series_dropped_total") == ["keywave_series_dropped_total 5"]


def test_a_label_cannot_break_out_of_its_line() -> None:
    metrics = Metrics()
    metrics.count("vso_secret_sync_total", 'a"b\\c\nd', "team")

    assert lines_of(metrics, "vso_secret_sync_total") == [
        'vso_secret_sync_total{kind="a\\"b\\\\c\\nd",namespace="team"} 1'
    ]


def test_every_line_is_of_prometheus_own_form() -> None:
    metrics = Metrics()
    metrics.count("vso_secret_sync_error_total", "VaultStaticSecret", "team", "VaultSealed")
    metrics.observe("keywave_reconcile_seconds", 0.1, "VaultAuth")
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? [-+.0-9einfE]+')

    told = [line for line in metrics.text().splitlines() if not line.startswith("#")]

    assert [line for line in told if not sample.fullmatch(line)] == []
    assert len([line for line in metrics.text().splitlines() if line.startswith("# TYPE")]) == len(METRICS)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_health_and_readiness_say_what_is_wrong() -> None:
    server = HttpServer(("127.0.0.1", 0), metrics=lambda: "x 1\n", healthy=lambda: "", ready=lambda: "standing by")
    server.start()
    try:
        answers = [get(server.port, path) for path in ("/metrics", "/healthz", "/readyz", "/other")]
    finally:
        server.close()

    assert answers == [
        (200, "x 1\n"),
        (200, "ok\n"),
        (503, "standing by\n"),
        (404, "there are /metrics, /healthz and /readyz\n"),
    ]
