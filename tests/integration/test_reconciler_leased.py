"""Credentials with a lease and certificates, from their first day to their last: PostgreSQL, the PKI engine and one reconciler."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig.cluster import Cluster
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for


@pytest.fixture(scope="module")
def running(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / "leased", own_cluster) as started:
        yield started


@pytest.fixture(scope="module")
def world(own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL) -> Tenant:
    made = tenant(own_cluster, vault)
    made.with_database(postgresql)
    made.with_pki()
    made.connect()
    return made


@pytest.fixture
def shop(running: Operator, world: Tenant) -> Tenant:
    return world


def events(shop: Tenant, name: str) -> list[str]:
    """Reasons of what was told of an object."""
    found = shop.cluster.list("v1", "Event", shop.namespace)
    return [str(event["reason"]) for event in found if event["involvedObject"]["name"] == name]


def test_a_lease_is_renewed_until_its_longest_time_and_then_replaced_while_it_still_works(
    shop: Tenant, postgresql: PostgreSQL
) -> None:
    shop.role("short", "5s", "12s")
    shop.leased("short", "short")
    users: list[str] = []
    wait_for("credentials", lambda: shop.secret("short"))
    end = time.monotonic() + 16
    while time.monotonic() < end:
        data = shop.secret("short") or {}
        assert postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]
        users += [data["username"]] if data["username"] not in users else []
        time.sleep(0.5)

    # 12 s each, of which the first half or more is lived through by renewals.
    assert 2 <= len(users) <= 3

    # Of this tenant's login: the server is shared, and so may be the name of a role.
    ours = f"v-{shop.mount}-short-%"
    assert users[-1] in postgresql.roles(ours)
    shop.cluster.delete(VSO, "VaultDynamicSecret", "short", shop.namespace)
    wait_for("all leases to be revoked", lambda: not shop.leases("short"), timeout=20)
    assert postgresql.roles(ours) == []


def test_a_lease_revoked_behind_our_back_is_replaced_when_its_renewal_is_due(shop: Tenant) -> None:
    shop.role("gone", "6s", "10m")
    shop.leased("gone", "gone")
    before = wait_for("credentials", lambda: shop.secret("gone"))
    (lease,) = shop.leases("gone")

    shop.vault.write("sys/leases/revoke", {"lease_id": f"{shop.mount}-db/creds/gone/{lease}", "sync": True})

    wait_for("others", lambda: shop.secret("gone") not in (None, before), timeout=10)
    assert len(shop.leases("gone")) == 1
    wait_for("the event", lambda: "SecretLeaseRenewalError" in events(shop, "gone"), timeout=10)


def test_a_static_role_is_read_again_after_each_rotation(shop: Tenant, postgresql: PostgreSQL) -> None:
    role = {
        "db_name": "shop",
        "username": "legacy",
        "rotation_statements": ["ALTER USER \"{{name}}\" WITH PASSWORD '{{password}}';"],
        "rotation_period": "6s",
    }
    shop.vault.write(f"{shop.mount}-db/static-roles/legacy", role)
    shop.leased("legacy", path="static-creds/legacy", allowStaticCreds=True)
    first = wait_for("credentials", lambda: shop.secret("legacy"))

    second = wait_for("the rotated ones", lambda: _other(shop, "legacy", first), timeout=15)

    assert postgresql.query("SELECT 1", user="legacy", password=second["password"]) == ["1"]
    rotation = shop.status("VaultDynamicSecret", "legacy")["staticCredsMetaData"]
    assert (rotation["rotationPeriod"], rotation["ttl"] <= 6) == (6, True)


def _other(shop: Tenant, name: str, before: dict[str, str]) -> dict[str, str] | None:
    data = shop.secret(name)
    return data if data and data["password"] != before["password"] else None


def certificate(shop: Tenant, name: str, **spec: Any) -> None:
    asked = {
        "vaultAuthRef": "app",
        "mount": f"{shop.mount}-pki",
        "role": "app",
        "commonName": "web.example.com",
        "altNames": ["a.example.com", "b.example.com"],
        "ttl": "30m",
        "destination": {"name": name, "create": True, "type": "kubernetes.io/tls"},
    }
    shop.apply("VaultPKISecret", name, {**asked, **spec})


def revoked(shop: Tenant, serial: str) -> bool:
    return bool((shop.vault.read(f"{shop.mount}-pki/cert/{serial}") or {}).get("revocation_time"))


def test_a_certificate_is_issued_and_revoked_with_its_object(shop: Tenant) -> None:
    certificate(shop, "tls", revoke=True, expiryOffset="10m")
    shop.wait_condition("VaultPKISecret", "tls", "True", "SecretSynced")
    data, status = shop.secret("tls") or {}, shop.status("VaultPKISecret", "tls")
    assert data["tls.crt"].startswith("-----BEGIN CERTIFICATE-----")
    assert data["serial_number"] == status["serialNumber"]
    assert (status["valid"], status["error"], status["expiration"]) == (True, "", int(data["expiration"]))
    assert "pendingRevocations" not in status

    shop.cluster.delete(VSO, "VaultPKISecret", "tls", shop.namespace)

    wait_for("the certificate to be revoked", lambda: revoked(shop, status["serialNumber"]), timeout=20)


def rolled_out(shop: Tenant, name: str) -> None:
    """As the controller of deployments would tell it, which does not run here."""
    found = shop.cluster.get("apps/v1", "Deployment", name, shop.namespace) or {}
    status = {"observedGeneration": found["metadata"]["generation"]}
    shop.cluster.patch_status("apps/v1", "Deployment", name, status, shop.namespace)


def test_a_certificate_is_replaced_before_its_end_and_the_old_one_is_revoked(shop: Tenant) -> None:
    shop.deployment("web")
    brief = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}}
    shop.cluster.patch("apps/v1", "Deployment", "web", brief, shop.namespace)
    targets = [{"kind": "Deployment", "name": "web"}]
    certificate(shop, "brief", ttl="60s", expiryOffset="50s", revoke=True, rolloutRestartTargets=targets)
    before = wait_for("the certificate", lambda: shop.secret("brief"))
    assert not shop.restarted_at("web")

    wait_for("another", lambda: _serial(shop, "brief") not in ("", before["serial_number"]), timeout=45)

    # Before its end, which the certificate itself tells.
    assert time.time() < int(before["expiration"])
    wait_for("the workload to be restarted", lambda: shop.restarted_at("web"), timeout=10)
    assert not revoked(shop, before["serial_number"])
    rolled_out(shop, "web")
    wait_for("the old one to be revoked", lambda: revoked(shop, before["serial_number"]), timeout=30)
    shop.cluster.delete(VSO, "VaultPKISecret", "brief", shop.namespace)


def test_a_certificate_in_a_secret_of_somebody_else_is_cleared_with_the_object(shop: Tenant) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs", "namespace": shop.namespace}}
    shop.cluster.apply({**body, "type": "kubernetes.io/tls", "data": {"tls.crt": "", "tls.key": ""}})
    certificate(shop, "lent", clear=True, destination={"name": "theirs"})
    shop.wait_condition("VaultPKISecret", "lent", "True")
    assert (shop.secret("theirs") or {})["tls.key"].startswith("-----BEGIN")

    shop.cluster.delete(VSO, "VaultPKISecret", "lent", shop.namespace)

    wait_for("it to be empty", lambda: shop.secret("theirs") == {"tls.crt": "", "tls.key": ""}, timeout=15)


def test_everything_removed_at_once_leaves_nothing_to_revoke(
    shop: Tenant, vault: Vault, postgresql: PostgreSQL
) -> None:
    """As `kubectl delete -k`: no order, the login and the connection among the first."""
    other = tenant(shop.cluster, vault)
    other.with_database(postgresql)
    other.with_pki()
    other.connect()
    other.leased("one")
    other.leased("two")
    certificate(other, "cert", revoke=True)
    for kind, name in (("VaultDynamicSecret", "one"), ("VaultDynamicSecret", "two"), ("VaultPKISecret", "cert")):
        other.wait_condition(kind, name, "True")
    serial = _serial(other, "cert")

    for kind, name in (
        ("VaultConnection", "app"),
        ("VaultAuth", "app"),
        ("VaultDynamicSecret", "one"),
        ("VaultPKISecret", "cert"),
        ("VaultDynamicSecret", "two"),
    ):
        other.cluster.delete(VSO, kind, name, other.namespace)

    kinds = ("VaultConnection", "VaultAuth", "VaultDynamicSecret", "VaultPKISecret")
    wait_for("nothing to be left", lambda: not any(other.cluster.list(VSO, kind, other.namespace) for kind in kinds))
    assert (other.leases(), revoked(other, serial)) == ([], True)


def test_the_credentials_of_a_login_may_go_first(shop: Tenant, vault: Vault, postgresql: PostgreSQL) -> None:
    """Their Secret belongs to somebody else, so nothing of ours holds it: the token that is there does for the revocation."""
    other = tenant(shop.cluster, vault)
    other.with_database(postgresql)
    other.connect()
    mount = f"{other.mount}-roles"
    vault.write(f"sys/auth/{mount}", {"type": "approle"})
    vault.write(f"auth/{mount}/role/app", {"token_policies": other.mount, "token_ttl": "10m"})
    ids = {"roleId": (vault.read(f"auth/{mount}/role/app/role-id") or {})["role_id"], "secretRef": "login"}
    made = vault.write(f"auth/{mount}/role/app/secret-id", {})
    known = {"name": "login", "namespace": other.namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": known, "stringData": {"id": made["secret_id"]}}
    other.cluster.apply(secret)
    other.apply("VaultAuth", "role", {"vaultConnectionRef": "app", "method": "appRole", "mount": mount, "appRole": ids})
    other.leased("creds", vaultAuthRef="role")
    other.wait_condition("VaultDynamicSecret", "creds", "True")
    assert len(other.leases()) == 1

    other.cluster.delete("v1", "Secret", "login", other.namespace)
    for kind, name in (("VaultConnection", "app"), ("VaultAuth", "role"), ("VaultDynamicSecret", "creds")):
        other.cluster.delete(VSO, kind, name, other.namespace)

    wait_for("nothing to be left", lambda: not other.cluster.list(VSO, "VaultDynamicSecret", other.namespace))
    assert other.leases() == []


def test_a_composite_holds_a_kv_secret_and_credentials_that_live_by_themselves(
    shop: Tenant, postgresql: PostgreSQL
) -> None:
    shop.put("config", mode="one")
    shop.role("mixed", "6s", "10m")
    db = {"mount": f"{shop.mount}-db", "path": "creds/mixed"}
    spec = {
        "vaultAuthRef": "app",
        "refreshAfter": "2s",
        "destination": {"name": "mixed", "create": True},
        "sources": [
            {"name": "config", "kv": {"mount": shop.mount, "type": "kv-v2", "path": "config"}},
            {"name": "db", "dynamic": db, "keys": {"DB_USER": "username", "DB_PASSWORD": "password"}},
        ],
    }
    metadata = {"name": "mixed", "namespace": shop.namespace}
    version, kind = "reconcile.keywave.dev/v1alpha1", "VaultCompositeSecret"
    shop.cluster.apply({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    first = wait_for("the Secret", lambda: shop.secret("mixed"))
    assert postgresql.query("SELECT 1", user=first["DB_USER"], password=first["DB_PASSWORD"]) == ["1"]

    shop.put("config", mode="two")
    wait_for("the other value", lambda: (shop.secret("mixed") or {})["mode"] == "two", timeout=10)
    time.sleep(6)  # longer than the lease, which is renewed

    assert shop.secret("mixed") == {**first, "mode": "two"}
    assert postgresql.query("SELECT 1", user=first["DB_USER"], password=first["DB_PASSWORD"]) == ["1"]
    assert len(shop.leases("mixed")) == 1

    (lease,) = shop.leases("mixed")
    shop.vault.write("sys/leases/revoke", {"lease_id": f"{shop.mount}-db/creds/mixed/{lease}", "sync": True})
    wait_for("others", lambda: (shop.secret("mixed") or {})["DB_USER"] != first["DB_USER"], timeout=10)

    shop.cluster.delete(version, kind, "mixed", shop.namespace)
    wait_for("the object to go", lambda: shop.cluster.get(version, kind, "mixed", shop.namespace) is None)
    assert (shop.leases("mixed"), postgresql.roles("v-%-mixed-%")) == ([], [])


def _serial(shop: Tenant, name: str) -> str:
    return str(shop.status("VaultPKISecret", name).get("serialNumber") or "")
