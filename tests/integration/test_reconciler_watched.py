"""What an operator sees of a running reconciler: its log at debug level, metrics, health, Events. A value is in none of them."""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from keywave.controller.watching.metrics import METRICS
from rig import http as rig_http
from rig.cluster import Cluster
from rig.operators import Operator, reconciler
from rig.vault import Vault
from rig.waiting import wait_for

CANARY = os.environ["KEYWAVE_TEST_CANARY"]


@pytest.fixture(scope="module")
def watched(rig_folder: Path, own_cluster: Cluster, vault: Vault) -> Iterator[tuple[Operator, Tenant]]:
    """A reconciler of one namespace that tells all it can."""
    shop = tenant(own_cluster, vault)
    with reconciler(
        rig_folder / "watched",
        own_cluster,
        f"--namespace={shop.namespace}",
        "--log-level=debug",
        namespace=shop.namespace,
    ) as started:
        yield started, shop


class Echo(http.server.BaseHTTPRequestHandler):
    """A Vault, or what stands before it, that repeats the request in its refusal."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        told = json.dumps({"errors": [f"cannot take {self.path} {self.headers} {body}"]}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_PUT = do_POST

    def do_GET(self) -> None:
        told = b'{"initialized":true,"sealed":false,"standby":false}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_no_value_is_told_whatever_fails_with_it(watched: tuple[Operator, Tenant], echo: str) -> None:
    running, shop = watched
    shop.put("db", password=CANARY, url=f"https://{CANARY}@host", port="1")
    shop.connect()
    templates = {
        "fails": '{{ fail (get .Secrets "password") }}',
        "digs": '{{ (get .Secrets "password").foo.bar }}',
        "counts": '{{ index (get .Secrets "password") "x" }}',
        "parses": '{{ get .Secrets "password" | fromJson | toString | mustToDate "2006" }}',
        "picks": '{{ template (get .Secrets "password") }}',
    }
    for name, text in templates.items():
        destination = {"name": name, "create": True, "transformation": {"templates": {"x": {"text": text}}}}
        shop.static(name, path="db", destination=destination)
    shop.static("db")
    secret_id = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "role", "namespace": shop.namespace}}
    shop.cluster.apply({**secret_id, "data": {"id": base64.b64encode(CANARY.encode()).decode()}})
    shop.apply("VaultConnection", "echo", {"address": echo})
    role = {"roleId": "r", "secretRef": "role"}
    shop.apply("VaultAuth", "echo", {"vaultConnectionRef": "echo", "method": "appRole", "mount": "x", "appRole": role})
    shop.static("echo", path="db", vaultAuthRef="echo")

    shop.wait_secret("db", password=CANARY, url=f"https://{CANARY}@host", port="1")
    shop.wait_condition("VaultAuth", "echo", "False", "VaultLoginFailed")
    shop.wait_condition("VaultStaticSecret", "echo", "False")
    for name in templates:
        shop.wait_condition("VaultStaticSecret", name, "False", "TransformationError")
    wait_for("the Events", lambda: len(shop.cluster.list("v1", "Event", shop.namespace)) >= 6)
    objects = [str(shop.cluster.list(VSO, kind, shop.namespace)) for kind in ("VaultStaticSecret", "VaultAuth")]
    told = [running.server.output(), running.metrics(), str(shop.cluster.list("v1", "Event", shop.namespace)), *objects]

    assert [CANARY in text or base64.b64encode(CANARY.encode()).decode() in text for text in told] == [False] * 5
    assert running.value("keywave_bugs_total") == 0


def test_every_line_of_the_log_is_one_object_with_the_same_fields(watched: tuple[Operator, Tenant]) -> None:
    lines = [json.loads(line) for line in watched[0].server.output().splitlines()]

    assert len(lines) > 3
    assert [line for line in lines if not {"time", "level", "message", "object"} <= line.keys()] == []


def test_metrics_are_those_of_the_table_and_go_with_their_object(watched: tuple[Operator, Tenant]) -> None:
    running, shop = watched
    shop.put("gone", password="one")
    shop.connect()
    shop.static("gone")
    shop.wait_secret("gone", password="one")
    wait_for("its series", lambda: 'name="gone"' in running.metrics())
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", running.metrics(), re.MULTILINE))

    shop.cluster.delete(VSO, "VaultStaticSecret", "gone", shop.namespace)

    wait_for("its series to go", lambda: 'name="gone"' not in running.metrics())
    assert types == {name: metric.type for name, metric in METRICS.items()}
    assert running.value("keywave_vault_token_age_seconds") < 600
    assert running.value("keywave_shards_held") == 16


def test_a_failing_object_has_its_series_until_it_is_in_sync(watched: tuple[Operator, Tenant]) -> None:
    running, shop = watched
    shop.connect()
    shop.static("late")
    shop.wait_condition("VaultStaticSecret", "late", "False", "VaultNotFound")
    series = re.compile(r'^keywave_out_of_sync_since_seconds\{.*name="late"\} 1[6-9]\d{8}$', re.MULTILINE)
    wait_for("the series", lambda: series.search(running.metrics()))

    shop.put("late", password="one")
    shop.wait_secret("late", password="one")

    wait_for("the series to go", lambda: not series.search(running.metrics()))


def test_it_is_healthy_and_ready(watched: tuple[Operator, Tenant]) -> None:
    url = watched[0].url

    assert [rig_http.request("GET", f"{url}{path}", timeout=5).status for path in ("/healthz", "/readyz")] == [200, 200]
