"""From Vault Secrets Operator to the reconciler and back, on its definitions: its real process, one cluster, the same objects all the way.

Ours has the rights of deploy/overlays/takeover and no others. Each stage is a fixture that goes on from the one before, so a single test
runs what it needs.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from deploy_overlays import DEPLOY, as_account, built
from reconciler_handover import KINDS, certificate, cluster_of_its_own, gone, make_objects
from reconciler_tenant import VSO, Tenant, tenant

from rig import http
from rig.cluster import Cluster
from rig.operators import Operator, incumbent, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import stays, wait_for

LEASE, PLACE = "b0d477c0.hashicorp.com", "vault-secrets-operator-system"
LEASED = ("leased", "lent-lease")
KEPT = ("opaque", "lent", "taken", "tls", "cert", "rotated")
"""Secrets that nobody has a reason to write anew."""


@pytest.fixture(scope="module")
def their_cluster(rig_folder: Path) -> Iterator[Cluster]:
    with cluster_of_its_own(rig_folder / "takeover") as started:
        yield started


class Story:
    """What runs and what was seen."""

    def __init__(self, folder: Path, shop: Tenant, kubeconfig: str, stack: contextlib.ExitStack) -> None:
        self.folder, self.shop, self.kubeconfig, self.stack = folder, shop, kubeconfig, stack
        self.seen: dict[str, Any] = {}
        self.theirs: Operator
        self.ours: Operator
        self.other: Tenant

    def start_theirs(self) -> Operator:
        return self.stack.enter_context(incumbent(self.folder, self.shop.cluster, namespace=PLACE, elect=True))

    def start_ours(self, ready: str = "/readyz") -> Operator:
        started = reconciler(self.folder, self.shop.cluster, namespace=PLACE, kubeconfig=self.kubeconfig, ready=ready)
        return self.stack.enter_context(started)

    def versions(self, *names: str) -> dict[str, str]:
        found = self.shop.cluster.list("v1", "Secret", self.shop.namespace)
        known = {secret["metadata"]["name"]: secret["metadata"]["resourceVersion"] for secret in found}
        return {name: version for name, version in known.items() if not names or name in names}

    def objects(self) -> dict[str, str]:
        """Every Secret and every custom resource with its version."""
        found = {f"Secret/{name}": version for name, version in self.versions().items()}
        for kind in KINDS:
            for body in self.shop.cluster.list(VSO, kind, self.shop.namespace):
                found[f"{kind}/{body['metadata']['name']}"] = body["metadata"]["resourceVersion"]
        return found

    def generations(self) -> dict[str, int]:
        found = self.shop.cluster.list("apps/v1", "Deployment", self.shop.namespace)
        return {body["metadata"]["name"]: body["metadata"]["generation"] for body in found}

    def events(self, name: str) -> list[str]:
        found = self.shop.cluster.list("v1", "Event", self.shop.namespace)
        mine = [event for event in found if event["involvedObject"]["name"] == name]
        return [event["reason"] for event in mine if event.get("reportingComponent", "").startswith("keywave")]


@pytest.fixture(scope="module")
def story(
    rig_folder: Path, their_cluster: Cluster, vault: Vault, postgresql: PostgreSQL, kustomize: Path
) -> Iterator[Story]:
    """Objects of every kind, synced by the incumbent; and a second tenant, whose objects are all deleted later."""
    shop, other = tenant(their_cluster, vault), tenant(their_cluster, vault)
    for each in (shop, other):
        each.with_database(postgresql, ttl="60s", max_ttl="10m")
        each.with_pki()
    make_objects(shop)
    other.put("db", password="one")
    other.connect()
    other.static("db")
    other.leased("db-lease")
    certificate(other, "tls", revoke=True)
    folder = rig_folder / "takeover-operators"
    _, kubeconfig = as_account(their_cluster, built(kustomize, DEPLOY / "overlays/takeover"), folder)
    with contextlib.ExitStack() as stack:
        made = Story(folder, shop, kubeconfig, stack)
        made.other = other
        made.theirs = made.start_theirs()
        wait_for("the incumbent to sync", lambda: synced(made), timeout=40, last=lambda: made.theirs.server.tail(20))
        yield made


def synced(story: Story) -> bool:
    """All of it, and by the generation that it has got: the incumbent changes specs when it puts its finalizers on."""
    done = []
    for shop in (story.shop, story.other):
        for kind, field in (
            ("VaultStaticSecret", "secretMAC"),
            ("VaultPKISecret", "serialNumber"),
            ("VaultDynamicSecret", "secretLease"),
        ):
            for body in shop.cluster.list(VSO, kind, shop.namespace):
                status = body.get("status") or {}
                current = status.get("lastGeneration") == body["metadata"]["generation"]
                done.append(current and bool(status.get(field)) and bool(body["metadata"].get("finalizers")))
    return all(done)


@pytest.fixture(scope="module")
def both(story: Story) -> Story:
    """Ours was started beside it: what that changed in three seconds."""
    story.ours = story.start_ours(ready="/healthz")
    wait_for("it to stand by", lambda: story.ours.value("keywave_standing_by") == 1)
    story.seen["before"] = story.objects()
    time.sleep(3)
    story.seen["beside"] = story.objects()
    story.seen["told"] = (
        http.request("GET", f"{story.ours.url}/readyz").text,
        http.request("GET", f"{story.ours.url}/healthz").text,
        story.ours.value("keywave_standing_by"),
    )
    return story


def test_beside_the_incumbent_nothing_is_written_and_it_says_why(both: Story) -> None:
    assert both.seen["told"] == ("standing by: Vault Secrets Operator is at work\n", "ok\n", 1.0)
    assert both.seen["beside"] == both.seen["before"]


@pytest.fixture(scope="module")
def taken_over(both: Story) -> Story:
    """The incumbent was killed: its Lease runs out."""
    shop = both.shop
    both.theirs.end(kill=True)
    both.seen["leases"] = lease_ids(both)
    both.seen["data"] = {name: shop.secret(name) for name in LEASED}
    both.seen["secrets"], both.seen["generations"] = both.versions(*KEPT), both.generations()
    began = time.monotonic()
    ready = lambda: http.request("GET", f"{both.ours.url}/readyz").ok  # noqa: E731
    wait_for("ours to begin", ready, timeout=30, last=lambda: both.ours.server.tail())
    both.seen["waited"] = time.monotonic() - began
    renewed = lambda: all(lease not in both.seen["leases"].values() for lease in lease_ids(both).values())  # noqa: E731
    wait_for("new credentials", renewed, timeout=30, last=lambda: both.ours.server.tail())
    time.sleep(2)
    return both


def lease_ids(story: Story) -> dict[str, str]:
    return {name: story.shop.status("VaultDynamicSecret", name)["secretLease"]["id"] for name in LEASED}


def alive(story: Story, stage: str) -> list[str]:
    """The leases of that stage that Vault still has. The incumbent itself leaves some that no status names."""
    known = {lease.rpartition("/")[2] for lease in story.seen[stage].values()}
    return sorted(known & set(story.shop.leases()))


def test_after_the_incumbent_died_no_secret_is_rewritten_and_no_workload_restarted(taken_over: Story) -> None:
    assert 9 < taken_over.seen["waited"] < 30
    assert taken_over.versions(*KEPT) == taken_over.seen["secrets"]
    for name in ("web", "cron"):
        assert taken_over.generations()[name] == taken_over.seen["generations"][name]


def test_leased_credentials_are_issued_anew_once_and_announced(taken_over: Story, postgresql: PostgreSQL) -> None:
    shop = taken_over.shop
    for name in LEASED:
        data = shop.secret(name) or {}
        assert data != taken_over.seen["data"][name]
        assert postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]
        assert "SecretLeaseRenewalError" in taken_over.events(name)
    wait_for(
        "the restart", lambda: taken_over.generations()["api"] == taken_over.seen["generations"]["api"] + 1, timeout=6
    )
    known = lease_ids(taken_over)
    stays("the same leases", lambda: lease_ids(taken_over) == known, seconds=2)
    assert taken_over.generations()["api"] == taken_over.seen["generations"]["api"] + 1
    # Revoked where no workload is restarted; nothing rolls the other one out here, so it ends by itself.
    wait_for("the old ones to end", lambda: not alive(taken_over, "leases"), timeout=150, every=1)


def test_what_the_incumbent_made_is_deleted_without_a_rest(taken_over: Story) -> None:
    """Its finalizers come off, in any order; its leases and certificates are revoked."""
    other = taken_over.other
    serial = other.status("VaultPKISecret", "tls")["serialNumber"]

    gone(other)

    assert other.leases() == []
    assert (other.vault.read(f"{other.mount}-pki/cert/{serial}") or {})["revocation_time"] > 0


@pytest.fixture(scope="module")
def restarted(taken_over: Story) -> Story:
    """Ours ended and was started again: what that changed in four seconds. Without the Lease that the incumbent left: who starts waits
    for it as if it were new."""
    wait_for("the old leases to be revoked", lambda: not alive(taken_over, "leases"), timeout=20)
    assert taken_over.ours.end() == 0
    before = taken_over.objects(), taken_over.generations()
    taken_over.shop.cluster.delete("coordination.k8s.io/v1", "Lease", LEASE, PLACE)
    taken_over.ours = taken_over.start_ours()
    time.sleep(4)
    taken_over.seen["by a restart"] = before, (taken_over.objects(), taken_over.generations())
    return taken_over


def test_a_restart_on_the_incumbents_definitions_writes_nothing(restarted: Story) -> None:
    before, after = restarted.seen["by a restart"]
    assert after == before


def test_a_refresh_that_is_asked_for_is_answered_once_though_no_status_can_say_so(restarted: Story) -> None:
    shop = restarted.shop
    before = lease_ids(restarted)["leased"]
    metadata = {"metadata": {"annotations": {"reconcile.keywave.dev/refresh": "1"}}}
    shop.cluster.patch(VSO, "VaultDynamicSecret", "leased", metadata, shop.namespace)
    first = wait_for("new credentials", lambda: other(restarted, "leased", before), timeout=10)

    shop.cluster.patch(VSO, "VaultDynamicSecret", "leased", {"metadata": {"labels": {"wake": "it"}}}, shop.namespace)

    stays("the same lease", lambda: lease_ids(restarted)["leased"] == first, seconds=3)


def test_a_change_in_vault_restarts_each_workload_once_though_no_status_can_say_so(restarted: Story) -> None:
    shop, before = restarted.shop, restarted.generations()
    shop.put("db", user="shop", password="two", port="5432")
    expected = {"USER": "SHOP", "password": "two", "url": "shop@db:5432", "user": "shop"}
    shop.wait_secret("opaque", timeout=10, **expected)

    def since() -> dict[str, int]:
        return {name: after - before[name] for name, after in restarted.generations().items() if name != "api"}

    wait_for("the restarts", lambda: since() == {"web": 1, "cron": 1}, timeout=10)
    stays("one restart each", lambda: since() == {"web": 1, "cron": 1}, seconds=3)


def other(story: Story, name: str, before: str) -> str:
    now = lease_ids(story)[name]
    return now if now != before else ""


@pytest.fixture(scope="module")
def back(restarted: Story) -> Story:
    """The incumbent is started while ours runs; then ours ends."""
    restarted.seen["leases"] = lease_ids(restarted)
    restarted.seen["secrets"], restarted.seen["generations"] = restarted.versions(*KEPT), restarted.generations()
    restarted.theirs = restarted.start_theirs()
    standing_by = lambda: restarted.ours.value("keywave_standing_by") == 1  # noqa: E731
    wait_for("ours to stand by", standing_by, timeout=10, last=lambda: restarted.theirs.server.tail())
    assert restarted.ours.end() == 0
    renewed = lambda: not set(restarted.seen["leases"].values()) & set(lease_ids(restarted).values())  # noqa: E731
    wait_for("its own credentials", renewed, timeout=20, last=lambda: restarted.theirs.server.tail(40))
    time.sleep(3)
    return restarted


def test_back_with_the_incumbent_no_secret_is_rewritten_and_leased_credentials_live(
    back: Story, postgresql: PostgreSQL
) -> None:
    kept, before = back.versions(*KEPT), dict(back.seen["secrets"])
    # The password of a static role stays, its ttl does not: the incumbent writes and restarts whenever it reads one again.
    del kept["rotated"], before["rotated"]
    assert kept == before
    assert back.generations()["web"] == back.seen["generations"]["web"]
    for name in LEASED:
        data = back.shop.secret(name) or {}
        assert postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]
    known = lease_ids(back)
    stays("the same leases", lambda: lease_ids(back) == known, seconds=3)


def test_with_the_incumbent_no_deletion_hangs(back: Story) -> None:
    """The secrets first: it revokes nothing without its VaultAuth."""
    for kind in ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"):
        for body in back.shop.cluster.list(VSO, kind, back.shop.namespace):
            back.shop.cluster.delete(VSO, kind, body["metadata"]["name"], back.shop.namespace)
    gone(back.shop)
