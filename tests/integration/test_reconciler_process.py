"""The reconciler as a process, on a real API server and a real Vault: the state of the world after each story."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from reconciler_tenant import Tenant, tenant

from rig.cluster import Cluster
from rig.operators import Operator, reconciler
from rig.vault import Vault
from rig.waiting import stays, wait_for

CANARY = os.environ["KEYWAVE_TEST_CANARY"]


@pytest.fixture(scope="module")
def running(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / "reconciler", own_cluster) as started:
        yield started


@pytest.fixture
def shop(running: Operator, own_cluster: Cluster, vault: Vault) -> Tenant:
    return tenant(own_cluster, vault)


def test_a_secret_comes_from_vault_and_follows_it(shop: Tenant) -> None:
    shop.put("db", password="one")
    shop.connect()
    shop.static("db")
    shop.wait_secret("db", password="one")
    shop.wait_condition("VaultStaticSecret", "db", "True", "SecretSynced")

    shop.put("db", password="two")

    shop.wait_secret("db", password="two", timeout=10)


def test_dependencies_may_arrive_in_any_order(shop: Tenant) -> None:
    shop.put("db", password="one")
    shop.static("db")
    shop.wait_condition("VaultStaticSecret", "db", "False", "InvalidResourceRef")
    shop.apply("VaultAuth", "app", shop.auth_spec())
    time.sleep(1)
    started = time.monotonic()

    shop.connect()

    shop.wait_secret("db", password="one", timeout=10)
    assert time.monotonic() - started < 8


def test_what_somebody_changes_in_the_secret_is_put_right(shop: Tenant) -> None:
    shop.put("db", password="one")
    shop.connect()
    shop.static("db", refresh="1h")
    shop.wait_secret("db", password="one")

    shop.cluster.patch("v1", "Secret", "db", {"data": {"password": "eA==", "more": "eA=="}}, shop.namespace)
    shop.wait_secret("db", password="one", timeout=10)
    shop.cluster.delete("v1", "Secret", "db", shop.namespace)

    shop.wait_secret("db", password="one", timeout=10)


def test_a_refresh_that_changes_nothing_writes_nothing(shop: Tenant, running: Operator) -> None:
    shop.put("db", password="one")
    shop.connect()
    shop.static("db", refresh="1s")
    shop.wait_secret("db", password="one")
    shop.wait_condition("VaultStaticSecret", "db", "True")
    versions = lambda: [  # noqa: E731
        (shop.cluster.get(*what, shop.namespace) or {})["metadata"]["resourceVersion"]
        for what in (("v1", "Secret", "db"), ("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", "db"))
    ]
    time.sleep(1.5)
    before = versions()
    reads = running.value("keywave_vault_requests_total", operation="read")

    wait_for("three more reads", lambda: running.value("keywave_vault_requests_total", operation="read") >= reads + 3)

    assert versions() == before


def test_a_deleted_version_keeps_the_last_good_secret(shop: Tenant) -> None:
    shop.put("db", password="one")
    shop.connect()
    shop.static("db", refresh="1s")
    shop.wait_secret("db", password="one")

    assert shop.vault.request("DELETE", f"{shop.mount}/data/db").ok

    wait_for(
        "SecretSynced to tell of it",
        lambda: shop.condition("VaultStaticSecret", "db", "SecretSynced") == ("False", "VaultSecretDeleted"),
    )
    stays("the Secret", lambda: shop.secret("db") == {"password": "one"}, seconds=2)
    assert shop.condition("VaultStaticSecret", "db")[0] == "True"


def test_a_change_restarts_the_workload_once_and_the_first_sync_does_not(shop: Tenant) -> None:
    shop.deployment("web")
    shop.put("db", password="one")
    shop.connect()
    shop.static("db", rolloutRestartTargets=[{"kind": "Deployment", "name": "web"}])
    shop.wait_secret("db", password="one")
    stays("no restart", lambda: not shop.restarted_at("web"), seconds=3)

    shop.put("db", password="two")
    first = wait_for("the restart", lambda: shop.restarted_at("web"), timeout=15)

    stays("one restart", lambda: shop.restarted_at("web") == first, seconds=4)


def test_a_wrong_role_is_told_and_mended_in_vault_without_a_hand(shop: Tenant) -> None:
    shop.put("db", password="one")
    shop.vault.request("DELETE", f"auth/{shop.mount}/role/app")
    shop.connect()
    shop.static("db")
    shop.wait_condition("VaultAuth", "app", "False", "VaultLoginFailed")
    shop.wait_condition("VaultStaticSecret", "db", "False", "VaultLoginFailed")

    role = {
        "bound_service_account_names": "app",
        "bound_service_account_namespaces": shop.namespace,
        "audience": "vault",
        "token_policies": shop.mount,
    }
    shop.vault.write(f"auth/{shop.mount}/role/app", role)

    shop.wait_secret("db", password="one", timeout=30)


def test_no_value_is_told_anywhere(shop: Tenant, running: Operator) -> None:
    shop.put("db", password=CANARY, url=f"https://{CANARY}@host")
    shop.put("bad", password=CANARY)
    shop.connect()
    shop.static("db")
    template = {"text": '{{ fail (get .Secrets "password") }}'}
    destination = {"name": "bad", "create": True, "transformation": {"templates": {"x": template}}}
    shop.static("bad", destination=destination)
    wait_for("the Secret", lambda: shop.secret("db"))
    shop.wait_condition("VaultStaticSecret", "bad", "False", "TransformationError")
    time.sleep(2)

    told = [running.server.output(), running.metrics()]
    told += [str(shop.cluster.list("v1", "Event", shop.namespace))]
    told += [str(shop.cluster.list("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", shop.namespace))]

    assert [CANARY in text for text in told] == [False] * 4
