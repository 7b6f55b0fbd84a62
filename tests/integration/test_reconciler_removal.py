"""Everything is removed at once, in each order, with the credentials of the login: it goes, and what Vault issued has ended."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig.cluster import Body, Cluster
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

FINALIZER = "reconcile.keywave.dev/revokes-with-it"
EVERYTHING = [("v1", "Secret"), (VSO, "VaultConnection"), (VSO, "VaultAuth"), (VSO, "VaultDynamicSecret")]


@pytest.fixture(scope="module")
def running(rig_folder: Path, own_cluster: Cluster) -> Iterator[Operator]:
    with reconciler(rig_folder / "removal", own_cluster) as started:
        yield started


@pytest.fixture(scope="module")
def shop(running: Operator, own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL) -> Tenant:
    made = tenant(own_cluster, vault)
    made.with_database(postgresql)
    vault.write(f"sys/auth/{made.mount}-approle", {"type": "approle"})
    vault.write(f"auth/{made.mount}-approle/role/app", {"token_policies": made.mount, "token_ttl": "20m"})
    return made


def with_approle(shop: Tenant, name: str, role: str) -> None:
    """Connection, login, its Secret and one lease, all of that name."""
    path = f"auth/{shop.mount}-approle/role/app"
    role_id = (shop.vault.read(f"{path}/role-id") or {})["role_id"]
    secret_id = shop.vault.request("POST", f"{path}/secret-id", {}).body["data"]["secret_id"]
    metadata = {"name": name, "namespace": shop.namespace}
    shop.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"id": secret_id}})
    shop.apply("VaultConnection", name, {"address": shop.vault.url})
    spec = {"vaultConnectionRef": name, "method": "appRole", "mount": f"{shop.mount}-approle"}
    shop.apply("VaultAuth", name, {**spec, "appRole": {"roleId": role_id, "secretRef": name}})
    destination = {"name": f"{name}-creds", "create": True, "transformation": {"excludeRaw": True}}
    shop.leased(name, role, vaultAuthRef=name, destination=destination)
    wait_for("credentials", lambda: shop.secret(f"{name}-creds"))


def finalizers(shop: Tenant, name: str) -> list[str]:
    found = shop.cluster.get("v1", "Secret", name, shop.namespace) or {}
    return list(found.get("metadata", {}).get("finalizers") or [])


def left(shop: Tenant, name: str) -> list[Body]:
    found = [shop.cluster.get(version, kind, name, shop.namespace) for version, kind in EVERYTHING]
    return [body for body in found if body is not None]


def gone(shop: Tenant, name: str) -> bool:
    return not left(shop, name)


def told(shop: Tenant, name: str) -> str:
    """What is left, with its finalizers and annotations."""
    fields = ("finalizers", "annotations", "deletionTimestamp")
    return "\n".join(f"{body['kind']} {[body['metadata'].get(field) for field in fields]}" for body in left(shop, name))


def test_what_logs_in_with_a_secret_keeps_it_until_its_leases_are_revoked(shop: Tenant, postgresql: PostgreSQL) -> None:
    names = {"forward": EVERYTHING, "backward": EVERYTHING[::-1]}
    for name in names:
        shop.role(name, "60s", "10m")
        with_approle(shop, name, name)
        assert finalizers(shop, name) == [FINALIZER]
        assert len(shop.leases(name)) == 1

    for name, order in names.items():
        for version, kind in order:
            shop.cluster.delete(version, kind, name, shop.namespace)

    for name in names:
        wait_for(f"all called {name} to go", partial(gone, shop, name), timeout=20, last=partial(told, shop, name))
        assert (shop.leases(name), postgresql.roles(f"v-%-{name}-%")) == ([], [])


def test_the_secret_is_free_when_the_last_lease_of_its_login_has_gone(shop: Tenant) -> None:
    shop.role("alone", "60s", "10m")
    with_approle(shop, "alone", "alone")
    assert finalizers(shop, "alone") == [FINALIZER]

    shop.cluster.delete(VSO, "VaultDynamicSecret", "alone", shop.namespace)

    wait_for("the finalizer to come off", lambda: finalizers(shop, "alone") == [], timeout=20)
    auth = shop.cluster.get(VSO, "VaultAuth", "alone", shop.namespace) or {}
    assert "reconcile.keywave.dev/holds" not in (auth["metadata"].get("annotations") or {})
    assert shop.condition("VaultAuth", "alone") == ("True", "Accepted")
