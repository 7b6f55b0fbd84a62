"""A rollout of the operator: a new process comes beside the old one, which then ends, while objects live. Nobody notices."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig.cluster import Cluster
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

KINDS = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")


@pytest.fixture
def shop(own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL) -> Tenant:
    """A Secret of each kind, each with a workload to restart."""
    made = tenant(own_cluster, vault)
    made.with_database(postgresql, ttl="10m", max_ttl="1h")
    made.with_pki()
    made.put("db", password="one")
    made.deployment("web")
    made.connect()
    targets = [{"kind": "Deployment", "name": "web"}]
    made.static("db", refresh="1s", rolloutRestartTargets=targets)
    made.leased("creds", rolloutRestartTargets=targets)
    destination = {"name": "tls", "create": True, "type": "kubernetes.io/tls"}
    asked = {"vaultAuthRef": "app", "mount": f"{made.mount}-pki", "role": "app", "commonName": "a.example.com"}
    spec = {**asked, "ttl": "30m", "destination": destination, "rolloutRestartTargets": targets}
    made.apply("VaultPKISecret", "tls", spec)
    return made


def world(shop: Tenant) -> dict[str, Any]:
    """All that must stay: versions of Secrets and of the objects, the workload's generation, leases and the certificate."""
    listed = shop.cluster.list("v1", "Secret", shop.namespace)
    listed += [body for kind in KINDS for body in shop.cluster.list(VSO, kind, shop.namespace)]
    versions = {
        f"{body.get('kind')}/{body['metadata']['name']}": body["metadata"]["resourceVersion"] for body in listed
    }
    web = shop.cluster.get("apps/v1", "Deployment", "web", shop.namespace) or {}
    serial = shop.status("VaultPKISecret", "tls")["serialNumber"]
    return {**versions, "web": web["metadata"]["generation"], "leases": shop.leases(), "serial": serial}


def requests(operator: Operator) -> tuple[float, float]:
    """Reads, and what was issued."""
    names = ("read", "issue")
    reads, issued = (operator.value("keywave_vault_requests_total", operation=name) for name in names)
    return reads, issued


def test_a_rollout_writes_no_secret_restarts_no_workload_and_issues_nothing(
    shop: Tenant, rig_folder: Path, own_cluster: Cluster
) -> None:
    namespace = f"upgrade-{secrets.token_hex(3)}"
    folder = rig_folder / namespace
    only = f"--namespace={shop.namespace}"
    with reconciler(folder, own_cluster, only, namespace=namespace) as old:
        for kind, name in zip(KINDS, ("db", "creds", "tls"), strict=True):
            shop.wait_condition(kind, name, "True", "SecretSynced")
        wait_for("a second read", lambda: requests(old)[0] >= 2)
        before = world(shop)
        assert len(before["leases"]) == 1

        with reconciler(folder, own_cluster, only, namespace=namespace) as new:
            assert old.end() == 0
            wait_for("all shards to be its own", lambda: new.value("keywave_shards_held") == 16)
            reads = requests(new)[0]
            wait_for("three reads by the new one", lambda: requests(new)[0] >= reads + 3)

            assert world(shop) == before
            assert requests(new)[1] == 0
            shop.put("db", password="two")
            shop.wait_secret("db", password="two")
            wait_for("the restart", lambda: world(shop)["web"] == before["web"] + 1)
            assert new.end() == 0
