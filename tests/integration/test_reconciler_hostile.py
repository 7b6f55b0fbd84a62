"""Thousands of objects that are wrong in every way the definitions let pass, and a few good ones among them.

`KEYWAVE_HOSTILE_OBJECTS` and `KEYWAVE_HOSTILE_SEED` make it larger and repeat it."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig.cluster import Cluster
from rig.machine import ENVIRON
from rig.many import create_all
from rig.operators import Operator, reconciler
from rig.vault import Vault
from rig.waiting import wait_for

COUNT = int(ENVIRON.get("KEYWAVE_HOSTILE_OBJECTS", "3000"))
LONG = "x" * 200_000
TEXTS = (
    "",
    "/",
    "..",
    "../../sys/seal",
    "a//b",
    "%2e%2e/x",
    "\u0000".encode("unicode_escape").decode(),
    "ünïcödé",
    "{{ . }}",
    "a\nb",
    "x" * 5000,
    "sys/health",
    "default",
    "nobody/nothing",
    "a/b/c",
    " ",
)
TEMPLATES = (
    "{{",
    "{{ end }}",
    '{{ fail "no" }}',
    '{{ repeat 100000000 "x" }}',
    "{{ range (until 100000000) }}x{{ end }}",
    '{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
    "{{ .Secrets.nothing.deeper }}",
    '{{ index .Secrets "x" }}',
    '{{ regexMatch "(" "x" }}',
    "{{ `" + "y" * 3000 + "` }}",
    '{{ env "HOME" }}',
    '{{ genPrivateKey "rsa" }}',
)


def hostile(chance: random.Random, number: int) -> dict[str, Any]:
    """One that the API server takes."""
    text = lambda: chance.choice(TEXTS)  # noqa: E731
    template = {f"k{n}": {"text": chance.choice(TEMPLATES)} for n in range(chance.randrange(3))}
    transformation = {
        "templates": template,
        "includes": [chance.choice((".*", "(", "a{99999}", "(a*)*b"))],
        "transformationRefs": [{"name": text() or "x", "namespace": text()}] if chance.random() < 0.3 else [],
    }
    destination: dict[str, Any] = {"name": text(), "create": chance.random() < 0.8}
    if destination["create"]:
        destination |= {"labels": {text(): text()}, "annotations": {"x": text()}, "type": text()}
    if chance.random() < 0.7:
        destination["transformation"] = transformation
    spec: dict[str, Any] = {
        "vaultAuthRef": chance.choice(("app", "app", *TEXTS)),
        "namespace": text(),
        "mount": text(),
        "destination": destination,
    }
    kind = chance.choice(("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"))
    if kind == "VaultStaticSecret":
        spec |= {"path": text(), "type": chance.choice(("kv-v1", "kv-v2")), "version": chance.randrange(3)}
        spec |= {"refreshAfter": chance.choice(("1s", "0s", "9999999999h", "0.0000001s"))}
    elif kind == "VaultDynamicSecret":
        spec |= {"path": text(), "params": {text(): text()}, "requestHTTPMethod": "PUT"}
    else:
        spec |= {"role": text(), "commonName": text(), "ttl": "1h", "expiryOffset": "9999999h", "altNames": [text()]}
    return {
        "apiVersion": VSO,
        "kind": kind,
        "metadata": {"name": f"bad-{number}", "annotations": {"reconcile.keywave.dev/refresh": text()}},
        "spec": spec,
    }


@pytest.fixture
def running(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / f"hostile-{secrets.token_hex(3)}", own_cluster, namespace="hostile-op") as started:
        yield started


@pytest.mark.timeout(400)
def test_the_good_ones_do_not_suffer_and_nothing_breaks(running: Operator, own_cluster: Cluster, vault: Vault) -> None:
    seed = int(ENVIRON.get("KEYWAVE_HOSTILE_SEED") or secrets.randbelow(10**6))
    print(f"seed {seed}")
    bad, good = tenant(own_cluster, vault), tenant(own_cluster, vault)
    for shop in (bad, good):
        shop.put("db", password="one")
        shop.connect()
    chance = random.Random(seed)
    taken = create_all(own_cluster, bad.namespace, [hostile(chance, number) for number in range(COUNT)])
    assert taken > COUNT * 0.9, "the API server must take most of them, or nothing is tested"

    for number in range(5):
        began = time.monotonic()
        good.static(f"db-{number}", "db")
        good.wait_secret(f"db-{number}", password="one", timeout=20)
        print(f"a good one took {time.monotonic() - began:.1f} s")

    wait_for("each bad one to be told", lambda: _told(bad) == taken, timeout=200, every=2, last=running.server.tail)
    assert "Traceback" not in running.server.output()
    assert running.value("keywave_bugs_total") == 0
    assert running.server.running()


def _told(shop: Tenant) -> int:
    """How many have a condition Ready."""
    kinds = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")
    found = [body for kind in kinds for body in shop.cluster.list(VSO, kind, shop.namespace)]
    statuses = [(body.get("status") or {}).get("conditions") or [] for body in found]
    return sum(any(condition["type"] == "Ready" for condition in conditions) for conditions in statuses)
