"""The process that holds a shard is killed without a word: another one goes on with its work within the lease, and a little."""

from __future__ import annotations

import time
from pathlib import Path

from reconciler_tenant import tenant

from keywave.controller.running.shards import shard_of
from rig.cluster import Cluster
from rig.operators import reconciler
from rig.vault import Vault
from rig.waiting import wait_for

LEASE_SECONDS = 6


def test_the_work_of_a_killed_replica_is_taken_up_within_the_lease(
    rig_folder: Path, own_cluster: Cluster, vault: Vault
) -> None:
    shop = tenant(own_cluster, vault)
    shop.put("db", password="one")
    shop.connect()
    shop.static("db", refresh="1s")
    told = (f"--namespace={shop.namespace}", f"--lease-duration={LEASE_SECONDS}", "--workers=4")
    folder = rig_folder / "failover"
    name = f"keywave-reconciler-shard-{shard_of(shop.namespace):02}"

    def holder() -> str:
        lease = own_cluster.get("coordination.k8s.io/v1", "Lease", name, shop.namespace) or {}
        return str(lease.get("spec", {}).get("holderIdentity") or "").partition("-")[0]

    with (
        reconciler(folder, own_cluster, *told, namespace=shop.namespace, env={"POD_NAME": "first"}) as first,
        reconciler(folder, own_cluster, *told, namespace=shop.namespace, env={"POD_NAME": "second"}) as second,
    ):
        both = {"first": first, "second": second}
        shop.wait_secret("db", password="one")
        wait_for(
            "half of the shards each",
            lambda: [one.value("keywave_shards_held") for one in both.values()] == [8.0, 8.0],
            timeout=60,
        )
        killed = wait_for("a holder", holder)
        both[killed].end(kill=True)
        began = time.monotonic()
        shop.put("db", password="two")

        shop.wait_secret("db", password="two", timeout=60)
        took = time.monotonic() - began
        (other,) = both.keys() - {killed}

        assert holder() == other
        # A round each quarter of a lease, and what a busy machine adds.
        assert took < LEASE_SECONDS * 1.5 + 8
        wait_for("all shards", lambda: both[other].value("keywave_shards_held") == 16.0, timeout=60)
        shop.put("db", password="three")
        shop.wait_secret("db", password="three", timeout=60)
        assert both[other].value("keywave_bugs_total") == 0
