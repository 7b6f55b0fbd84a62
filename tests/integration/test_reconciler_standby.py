"""First ours on the incumbent's definitions, then on ours laid over them, then Vault Secrets Operator there, then ours again.

Each stage is a fixture that goes on from the one before.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reconciler_handover import cluster_of_its_own, gone
from reconciler_tenant import Tenant, tenant

from rig import REPOSITORY, crds
from rig.cluster import Cluster
from rig.operators import Operator, incumbent, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

KEPT = ("db", "tls")


@pytest.fixture(scope="module")
def fresh_cluster(rig_folder: Path) -> Iterator[Cluster]:
    with cluster_of_its_own(rig_folder / "standby") as started:
        yield started


class Story:
    """What runs and what was seen."""

    def __init__(self, folder: Path, shop: Tenant, stack: contextlib.ExitStack) -> None:
        self.folder, self.shop, self.stack = folder, shop, stack
        self.ours: Operator
        self.theirs: Operator
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}
        self.left: set[str] = set()
        """Leases when the incumbent had ended."""
        self.known: list[str] = []
        """Leases that ours was told of at its second start, or issued since."""

    def world(self) -> dict[str, Any]:
        """What must stay as it is."""
        shop = self.shop
        secrets = {secret["metadata"]["name"]: secret for secret in shop.cluster.list("v1", "Secret", shop.namespace)}
        web = shop.cluster.get("apps/v1", "Deployment", "web", shop.namespace) or {}
        return {
            **{name: secrets[name]["metadata"]["resourceVersion"] for name in KEPT},
            "serial": shop.status("VaultPKISecret", "tls")["serialNumber"],
            "web": web["metadata"]["generation"],
        }

    def synced(self) -> bool:
        fields = (("VaultStaticSecret", "db", "secretMAC"), ("VaultPKISecret", "tls", "serialNumber"))
        done = [self.shop.status(kind, name).get(field) for kind, name, field in fields]
        return all([*done, self.shop.status("VaultDynamicSecret", "creds").get("secretLease", {}).get("id")])

    def lease(self) -> str:
        return str(self.shop.status("VaultDynamicSecret", "creds")["secretLease"]["id"])

    def start_ours(self, *more: str) -> None:
        self.ours = self.stack.enter_context(reconciler(self.folder, self.shop.cluster, *more))

    def definitions(self) -> dict[str, int]:
        found = self.shop.cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        return {body["metadata"]["name"]: body["metadata"]["generation"] for body in found}

    def new_lease(self, before: str, operator: Operator) -> str:
        def other() -> str:
            now = self.lease()
            return now if now != before else ""

        return wait_for("new credentials", other, timeout=30, last=lambda: operator.server.tail())


@pytest.fixture(scope="module")
def ours_first(rig_folder: Path, fresh_cluster: Cluster, vault: Vault, postgresql: PostgreSQL) -> Iterator[Story]:
    """Synced by ours, which made the key of the keyed hashes as well."""
    shop = tenant(fresh_cluster, vault)
    shop.with_database(postgresql, ttl="40s")
    shop.with_pki()
    shop.put("db", password="one")
    shop.deployment("web")
    shop.connect()
    targets = [{"kind": "Deployment", "name": "web"}]
    shop.static("db", rolloutRestartTargets=targets)
    shop.leased("creds")
    asked = {"vaultAuthRef": "app", "mount": f"{shop.mount}-pki", "role": "app", "commonName": "a.example.com"}
    tls = {"name": "tls", "create": True, "type": "kubernetes.io/tls"}
    shop.apply("VaultPKISecret", "tls", {**asked, "ttl": "30m", "destination": tls, "rolloutRestartTargets": targets})
    with contextlib.ExitStack() as stack:
        story = Story(rig_folder / "standby-operators", shop, stack)
        story.before = story.definitions()
        story.start_ours("--install-crds")
        wait_for("all to be synced", lambda: story.synced(), last=lambda: story.ours.server.tail())
        yield story


def test_only_definitions_that_are_absent_are_installed(ours_first: Story) -> None:
    own = {"vaultcompositesecrets.reconcile.keywave.dev": 1}
    assert ours_first.definitions() == {**ours_first.before, **own}

    source = {"name": "db", "kv": {"mount": ours_first.shop.mount, "path": "db", "type": "kv-v2"}}
    spec = {"vaultAuthRef": "app", "sources": [source], "destination": {"name": "all", "create": True}}
    metadata = {"name": "all", "namespace": ours_first.shop.namespace}
    body = {"apiVersion": "reconcile.keywave.dev/v1alpha1", "kind": "VaultCompositeSecret", "metadata": metadata}
    ours_first.shop.cluster.apply({**body, "spec": spec})

    wait_for("the Secret of several sources", lambda: ours_first.shop.secret("all") == {"password": "one"})


@pytest.fixture(scope="module")
def upgraded(ours_first: Story) -> Story:
    """Our definitions were laid over the incumbent's while ours was away."""
    story, shop = ours_first, ours_first.shop
    assert story.ours.end() == 0
    story.before = {**story.world(), "lease": story.lease()}
    crds.install(shop.cluster, crds.read_crds(sorted((REPOSITORY / "schemas" / "crds").glob("*.yaml"))))
    story.start_ours()
    for kind, name in (("VaultStaticSecret", "db"), ("VaultDynamicSecret", "creds"), ("VaultPKISecret", "tls")):
        shop.wait_condition(kind, name, "True", "SecretSynced")
    story.after = {**story.world(), "lease": story.lease()}
    return story


def test_our_definitions_over_the_incumbents_bring_the_conditions_and_change_nothing_else(upgraded: Story) -> None:
    assert upgraded.after == upgraded.before
    assert [upgraded.lease().rpartition("/")[2]] == upgraded.shop.leases()


@pytest.fixture(scope="module")
def theirs_next(upgraded: Story) -> Story:
    story = upgraded
    assert story.ours.end() == 0
    story.before, lease = story.world(), story.lease()
    story.theirs = story.stack.enter_context(incumbent(story.folder, story.shop.cluster, elect=True))
    story.new_lease(lease, story.theirs)
    time.sleep(3)
    story.after = story.world()
    return story


def test_the_incumbent_goes_on_where_ours_ended(theirs_next: Story, postgresql: PostgreSQL) -> None:
    """On our definitions, after our status: it writes its own. The credentials are its own at once, not when ours have died."""
    story, shop = theirs_next, theirs_next.shop
    assert story.after == story.before
    data = shop.secret("creds") or {}
    assert postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]
    events = shop.cluster.list("v1", "Event", shop.namespace)
    assert [event["message"] for event in events if event["reason"] == "StatusUpdateError"] == []


@pytest.fixture(scope="module")
def ours_again(theirs_next: Story) -> Story:
    """The incumbent is told to end; it leaves its Lease as it is."""
    story = theirs_next
    story.before, lease = story.world(), story.lease()
    story.theirs.end(seconds=40)
    story.left = set(story.shop.leases())
    story.start_ours()
    story.known = [lease, story.new_lease(lease, story.ours)]
    time.sleep(2)
    story.after = story.world()
    return story


def test_ours_takes_over_from_an_incumbent_that_was_told_to_end(ours_again: Story) -> None:
    story, shop = ours_again, ours_again.shop
    assert story.after == story.before
    assert set(shop.leases()) - story.left == {story.lease().rpartition("/")[2]}
    for kind, name in (("VaultStaticSecret", "db"), ("VaultDynamicSecret", "creds"), ("VaultPKISecret", "tls")):
        shop.wait_condition(kind, name, "True", "SecretSynced")
    shop.put("db", password="two")
    shop.wait_secret("db", password="two", timeout=10)


def test_in_the_end_nothing_hangs_and_no_credentials_are_left(ours_again: Story) -> None:
    shop = ours_again.shop
    shop.cluster.delete("reconcile.keywave.dev/v1alpha1", "VaultCompositeSecret", "all", shop.namespace)
    gone(shop)

    left = shop.leases()
    assert [lease for lease in ours_again.known if lease.rpartition("/")[2] in left] == []
    # What the incumbent replaced it did not revoke, and told nobody of: it ends by its own time.
    wait_for("the last credentials to end", lambda: not shop.leases(), timeout=45)
