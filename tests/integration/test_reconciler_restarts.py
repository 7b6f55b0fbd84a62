"""What has a lease outlives the process that asked for it: its token, too, is known by its accessor only."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from reconciler_tenant import VSO, Tenant, tenant

from rig.cluster import Cluster
from rig.operators import reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import stays, wait_for


def test_credentials_survive_a_restart_of_the_reconciler_and_end_with_the_object(
    rig_folder: Path, own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL
) -> None:
    shop, folder = tenant(own_cluster, vault), rig_folder / f"restart-{secrets.token_hex(3)}"
    shop.with_database(postgresql)
    shop.connect()
    shop.leased("creds")
    with reconciler(folder, own_cluster) as first:
        shop.wait_condition("VaultDynamicSecret", "creds", "True")
        before = shop.secret("creds")
        assert before is not None
        assert works(postgresql, before)
        assert first.end() == 0

    with reconciler(folder, own_cluster):
        stays("the same credentials", lambda: shop.secret("creds") == before and len(shop.leases()) == 1, seconds=4)
        shop.cluster.delete(VSO, "VaultDynamicSecret", "creds", shop.namespace)
        wait_for("the lease to be revoked", lambda: not shop.leases(), timeout=20)
        assert before["username"] not in postgresql.roles("v-%")
        # The garbage collector learns of new kinds every half minute.
        wait_for("the Secret to go", lambda: shop.secret("creds") is None, timeout=75)


def test_leases_of_a_killed_process_are_kept_by_its_tokens_accessor_or_replaced_before_its_token_ends(
    rig_folder: Path, own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL
) -> None:
    """Vault takes a lease away with the token that asked for it, however long the lease is."""
    folder = rig_folder / f"killed-{secrets.token_hex(3)}"
    allowed, refused = (tenant(own_cluster, vault, token_ttl="20s") for _ in range(2))
    for shop in (allowed, refused):
        shop.with_database(postgresql, ttl="10m", max_ttl="20m")
        shop.connect()
        shop.leased("creds")
    without = vault.read(f"sys/policies/acl/{refused.mount}") or {}
    vault.policy(refused.mount, str(without["policy"]).replace("auth/token/renew-accessor", "auth/token/nothing"))
    with reconciler(folder, own_cluster, "--lease-duration=5") as first:
        for shop in (allowed, refused):
            shop.wait_condition("VaultDynamicSecret", "creds", "True")
        users = {shop.mount: [user_of(shop)] for shop in (allowed, refused)}
        first.end(kill=True)

    with reconciler(folder, own_cluster, "--lease-duration=5"):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for shop in (allowed, refused):
                assert works(postgresql, shop.secret("creds") or {})
                if user_of(shop) not in users[shop.mount]:
                    users[shop.mount].append(user_of(shop))
            time.sleep(0.5)

    assert [len(users[shop.mount]) for shop in (allowed, refused)] == [1, 2]


def works(postgresql: PostgreSQL, data: dict[str, str]) -> bool:
    return postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]


def user_of(shop: Tenant) -> str:
    return (shop.secret("creds") or {})["username"]
