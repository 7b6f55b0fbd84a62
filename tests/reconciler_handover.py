"""What the tests of two operators on one cluster share: the cluster, objects of every kind, and their end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler_tenant import VSO, Tenant

from rig import crds
from rig import etcd as etcd_driver
from rig import kubernetes as kubernetes_driver
from rig.cluster import Cluster
from rig.waiting import wait_for

KINDS = (
    "VaultConnection",
    "VaultAuth",
    "VaultStaticSecret",
    "VaultDynamicSecret",
    "VaultPKISecret",
    "SecretTransformation",
)


@contextlib.contextmanager
def cluster_of_its_own(folder: Path) -> Iterator[Cluster]:
    """With the definitions of Vault Secrets Operator and garbage collection. Not a shared one: either operator works on every object."""
    with (
        etcd_driver.etcd(folder / "etcd") as etcd,
        kubernetes_driver.kube_apiserver(folder / "kube-apiserver", etcd) as started,
        kubernetes_driver.kube_controller_manager(folder / "kube-controller-manager", started),
    ):
        crds.install(started, crds.vso_crds())
        yield started


def make_objects(shop: Tenant) -> None:
    for name in ("web", "api", "cron"):
        shop.deployment(name)
    for name in ("lent", "taken", "lent-lease"):
        metadata = {"name": name, "namespace": shop.namespace}
        shop.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    shop.put("db", user="shop", password="one", port="5432")
    shop.connect()
    template = {"name": "url", "text": '{{ get .Secrets "user" }}@db:{{ get .Secrets "port" }}'}
    shop.apply("SecretTransformation", "shared", {"templates": {"url": template}})
    transformation = {
        "excludeRaw": True,
        "excludes": ["port"],
        "templates": {"USER": {"text": '{{ get .Secrets "user" | upper }}'}},
        "transformationRefs": [{"name": "shared"}],
    }
    targets = [{"kind": "Deployment", "name": "web"}]
    labels = {"labels": {"team": "shop"}, "annotations": {"example.com/of": "shop"}}
    shop.static(
        "opaque",
        "db",
        destination={"name": "opaque", "create": True, "transformation": transformation, **labels},
        rolloutRestartTargets=targets,
    )
    # The incumbent restarts these at every refresh: it finds no data of its own in a Secret that it did not create.
    cron = [{"kind": "Deployment", "name": "cron"}]
    shop.static("lent", "db", destination={"name": "lent"}, rolloutRestartTargets=cron)
    shop.static("taken", "db", destination={"name": "taken", "create": True, "overwrite": True})
    # Nothing is to be renewed while versions are compared.
    shop.leased("leased", renewalPercent=90, rolloutRestartTargets=[{"kind": "Deployment", "name": "api"}])
    shop.leased("lent-lease", renewalPercent=90, destination={"name": "lent-lease"})
    role = {"db_name": "shop", "username": "legacy", "rotation_period": "1h"}
    statements = ["ALTER USER \"{{name}}\" WITH PASSWORD '{{password}}';"]
    shop.vault.write(f"{shop.mount}-db/static-roles/legacy", {**role, "rotation_statements": statements})
    shop.leased("rotated", path="static-creds/legacy", allowStaticCreds=True, rolloutRestartTargets=cron)
    certificate(shop, "tls", revoke=True, rolloutRestartTargets=targets)
    certificate(shop, "cert", destination={"name": "cert", "create": True})


def certificate(shop: Tenant, name: str, **spec: Any) -> None:
    asked = {
        "vaultAuthRef": "app",
        "mount": f"{shop.mount}-pki",
        "role": "app",
        "ttl": "30m",
        "expiryOffset": "5m",
        "commonName": "web.example.com",
        "altNames": ["a.example.com"],
        "destination": {"name": name, "create": True, "type": "kubernetes.io/tls"},
    }
    shop.apply("VaultPKISecret", name, {**asked, **spec})


def gone(shop: Tenant) -> None:
    """Deletes everything, logins and connections first."""

    def left() -> list[str]:
        return [body["metadata"]["name"] for kind in KINDS for body in shop.cluster.list(VSO, kind, shop.namespace)]

    for kind in KINDS:
        for body in shop.cluster.list(VSO, kind, shop.namespace):
            shop.cluster.delete(VSO, kind, body["metadata"]["name"], shop.namespace)
    wait_for("nothing to be left", lambda: not left(), timeout=25, last=lambda: str(left()))
