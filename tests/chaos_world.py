"""Sixteen namespaces, one for each shard, with secrets of every kind and the workloads that use them: made, changed, and what of it must
be so when all is calm."""

from __future__ import annotations

import base64
import random
import time
from collections import Counter
from typing import Any, NamedTuple

from reconciler_tenant import VSO, Tenant

from keywave.controller.running.shards import COUNT, shard_of
from rig.cluster import Body, Cluster
from rig.postgresql import PostgreSQL

COMPOSITE = "reconcile.keywave.dev/v1alpha1"
KINDS = {
    "VaultConnection": VSO,
    "VaultAuth": VSO,
    "VaultStaticSecret": VSO,
    "VaultDynamicSecret": VSO,
    "VaultPKISecret": VSO,
    "VaultCompositeSecret": COMPOSITE,
}
WRITING = tuple(KINDS)[2:]
REFRESH, LEASE, LONGEST, TOKEN = 3.0, 20, 60, 20
"""Seconds: refreshAfter, a lease, a lease with all its renewals, a token of a login."""
STATICS = ("app-0", "app-1")


class Change(NamedTuple):
    namespace: str
    name: str


class World:
    """`first` has the engines; the namespaces share them. `values`: what Vault has for each static secret; `writes`: its changes."""

    def __init__(self, first: Tenant, address: str, chance: random.Random) -> None:
        self.first, self.chance, self._address = first, chance, address
        self.shops = [first._replace(namespace=name) for name in _one_a_shard(first.mount)]
        self.values: dict[Change, str] = {}
        self.writes: Counter[str] = Counter()
        self.written: set[str] = set()
        self.diary: list[tuple[str, float, str]] = []
        """Namespace, seconds since 1970, and what happened in it."""

    @property
    def cluster(self) -> Cluster:
        return self.first.cluster

    def fill(self, postgresql: PostgreSQL) -> None:
        self.first.with_database(postgresql, ttl=f"{LEASE}s", max_ttl=f"{LONGEST}s")
        self.first.role("mixed", f"{LEASE}s", f"{LONGEST}s")
        self.first.with_pki()
        vault, mount = self.first.vault, self.first.mount
        vault.write(f"{mount}-pki/roles/app", {"allow_any_name": True, "key_type": "ec", "max_ttl": "1h"})
        role = {
            "bound_service_account_names": "app",
            "bound_service_account_namespaces": ",".join(shop.namespace for shop in self.shops),
            "audience": "vault",
            "token_policies": mount,
            "token_ttl": f"{TOKEN}s",
        }
        vault.write(f"auth/{mount}/role/app", role)
        for number, shop in enumerate(self.shops):
            self.cluster.ensure_namespace(shop.namespace)
            shop.deployment("web")
            shop.deployment("more")
            for name in STATICS:
                self.put(shop, name)
            shop.connect(self._address)
            shop.apply("VaultConnection", "app", {"address": self._address, "timeout": "2s"})
            for name in STATICS:
                path = f"{shop.namespace}/{name}"
                shop.static(name, path, refresh=f"{REFRESH:g}s", rolloutRestartTargets=_targets("web"))
            (_leased, _certificate, _mixed)[number % 3](shop)
        self.writes.clear()

    def put(self, shop: Tenant, name: str) -> None:
        value = f"chaos-{self.chance.randrange(16**12):012x}-value"
        shop.put(f"{shop.namespace}/{name}", password=value)
        self.values[Change(shop.namespace, name)] = value
        self.written.add(value)
        self.writes[shop.namespace] += 1
        self.note(shop.namespace, f"{name} is changed in Vault")

    def note(self, namespace: str, what: str) -> None:
        self.diary.append((namespace, time.time(), what))

    def objects(self, *kinds: str) -> list[Body]:
        return [{**body, "kind": kind} for kind in kinds for body in self.cluster.list(KINDS[kind], kind)]

    def secrets(self) -> dict[Change, dict[str, str]]:
        """All of ours, decoded."""
        ours = {shop.namespace for shop in self.shops}
        found = self.cluster.list("v1", "Secret")
        places = [(body["metadata"]["namespace"], body) for body in found]
        return {Change(space, body["metadata"]["name"]): decoded(body) for space, body in places if space in ours}

    def generations(self) -> dict[Change, int]:
        """Of the workloads: 1, and one more for each restart."""
        found = [body["metadata"] for body in self.cluster.list("apps/v1", "Deployment")]
        return {Change(meta["namespace"], meta["name"]): meta["generation"] for meta in found}

    def leases(self) -> set[str]:
        return {*self.first.leases("app"), *self.first.leases("mixed")}

    def certificates(self) -> list[str]:
        """Serial numbers of all that were issued, but the CA's own."""
        listed = self.first.vault.request("LIST", f"{self.first.mount}-pki/certs")
        own = self.first.vault.read(f"{self.first.mount}-pki/cert/ca") or {}
        serials = listed.body["data"]["keys"] if listed.ok else []
        return [serial for serial in serials if self.certificate(serial).get("certificate") != own.get("certificate")]

    def certificate(self, serial: str) -> dict[str, Any]:
        return self.first.vault.read(f"{self.first.mount}-pki/cert/{serial}") or {}

    def wrong(self) -> list[str]:
        """What is not as Vault has it, a line each; a test's own values only."""
        secrets, living, now = self.secrets(), self.leases(), time.time()
        lines = []
        for body in self.objects(*WRITING):
            space, name = body["metadata"]["namespace"], body["metadata"]["name"]
            data, status = secrets.get(Change(space, name)), body.get("status") or {}
            problem = self._problem(body["kind"], Change(space, name), data, status, living, now)
            synced = {entry["type"]: entry["status"] for entry in status.get("conditions") or ()}
            if not problem and (synced.get("Ready"), synced.get("SecretSynced")) != ("True", "True"):
                problem = f"conditions {status.get('conditions')}"
            if problem:
                lines.append(f"{body['kind']} {space}/{name}: {problem}")
        return lines

    def _problem(
        self, kind: str, where: Change, data: dict[str, str] | None, status: Body, living: set[str], now: float
    ) -> str:
        if data is None:
            return "no Secret"
        if kind == "VaultStaticSecret":
            if data != {"password": self.values[where]}:
                return f"{data} is not {self.values[where]}"
            return "" if status.get("restartedFor") == status.get("secretMAC") else "its workload waits for a restart"
        if kind == "VaultPKISecret":
            serial = str(status.get("serialNumber") or "")
            if data.get("serial_number") != serial or status.get("expiration", 0) <= now:
                return (
                    f"the Secret has {data.get('serial_number')}, the status {serial} until {status.get('expiration')}"
                )
            return f"{serial} is revoked" if self.certificate(serial).get("revocation_time") else ""
        if kind == "VaultCompositeSecret" and data.get("mode") != self.values[where._replace(name="app-0")]:
            return f"mode {data.get('mode')} is not {self.values[where._replace(name='app-0')]}"
        of = status
        if kind == "VaultCompositeSecret":
            of = next((entry for entry in status.get("sources") or () if entry.get("secretLease")), {})
        lease = str((of.get("secretLease") or {}).get("id") or "").rpartition("/")[2]
        return "" if lease in living else f"its lease {lease or '-'} does not live"


def decoded(body: Body) -> dict[str, str]:
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in (body.get("data") or {}).items()}


def _one_a_shard(tag: str) -> list[str]:
    found: dict[int, str] = {}
    number = 0
    while len(found) < COUNT:
        found.setdefault(shard_of(f"{tag}-{number}"), f"{tag}-{number}")
        number += 1
    return [found[shard] for shard in sorted(found)]


def _targets(name: str) -> list[dict[str, str]]:
    return [{"kind": "Deployment", "name": name}]


def _leased(shop: Tenant) -> None:
    shop.leased("creds", rolloutRestartTargets=_targets("more"))


def _certificate(shop: Tenant) -> None:
    spec = {
        "vaultAuthRef": "app",
        "mount": f"{shop.mount}-pki",
        "role": "app",
        "commonName": "web.example.com",
        "ttl": "60s",
        "expiryOffset": "20s",
        "revoke": True,
        "destination": {"name": "tls", "create": True, "type": "kubernetes.io/tls"},
        "rolloutRestartTargets": _targets("more"),
    }
    shop.apply("VaultPKISecret", "tls", spec)


def _mixed(shop: Tenant) -> None:
    sources = [
        {
            "name": "kv",
            "kv": {"mount": shop.mount, "type": "kv-v2", "path": f"{shop.namespace}/app-0"},
            "keys": {"mode": "password"},
        },
        {
            "name": "db",
            "dynamic": {"mount": f"{shop.mount}-db", "path": "creds/mixed"},
            "keys": {"username": "username", "password": "password"},
        },
    ]
    spec = {
        "vaultAuthRef": "app",
        "refreshAfter": f"{REFRESH:g}s",
        "destination": {"name": "mixed", "create": True},
        "sources": sources,
        "rolloutRestartTargets": _targets("more"),
    }
    metadata = {"name": "mixed", "namespace": shop.namespace}
    shop.cluster.apply({"apiVersion": COMPOSITE, "kind": "VaultCompositeSecret", "metadata": metadata, "spec": spec})
