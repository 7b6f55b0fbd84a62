"""A namespace with its secrets in Vault, its login and its objects, for the tests of the reconciler as a process."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from rig.cluster import Body, Cluster
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

VSO = "secrets.hashicorp.com/v1beta1"
CREATE_ROLE = ["CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"]
RULES = """
path "{mount}/*" {{ capabilities = ["create", "read", "update"] }}
path "{mount}-db/*" {{ capabilities = ["read", "update"] }}
path "{mount}-pki/*" {{ capabilities = ["create", "read", "update"] }}
path "sys/leases/renew" {{ capabilities = ["update"] }}
path "sys/leases/revoke" {{ capabilities = ["update"] }}
path "auth/token/renew-accessor" {{ capabilities = ["update"] }}
"""


class Tenant(NamedTuple):
    """Everything is called `mount`: KV v2 mount, auth mount, policy, role; PKI and database engines end in -pki and -db."""

    cluster: Cluster
    vault: Vault
    namespace: str
    mount: str

    def put(self, path: str, **values: str) -> None:
        self.vault.put_kv(path, values, mount=self.mount)

    def apply(self, kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> Body:
        whole = {"name": name, "namespace": self.namespace, **metadata}
        return self.cluster.apply({"apiVersion": VSO, "kind": kind, "metadata": whole, "spec": spec})

    def connect(self, address: str = "") -> None:
        """VaultConnection, ServiceAccount and VaultAuth, all named app."""
        account = {"name": "app", "namespace": self.namespace}
        self.cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        self.apply("VaultConnection", "app", {"address": address or self.vault.url})
        self.apply("VaultAuth", "app", self.auth_spec())

    def auth_spec(self) -> dict[str, Any]:
        return {
            "vaultConnectionRef": "app",
            "method": "kubernetes",
            "mount": self.mount,
            "kubernetes": {"role": "app", "serviceAccount": "app", "audiences": ["vault"]},
        }

    def static(self, name: str, path: str = "", refresh: str = "2s", **spec: Any) -> Body:
        whole = {
            "vaultAuthRef": "app",
            "mount": self.mount,
            "type": "kv-v2",
            "path": path or name,
            "refreshAfter": refresh,
            "destination": {"name": name, "create": True, "transformation": {"excludeRaw": True}},
            **spec,
        }
        return self.apply("VaultStaticSecret", name, whole)

    def secret(self, name: str) -> dict[str, str] | None:
        """The data of a Secret, decoded; None where there is none."""
        found = self.cluster.get("v1", "Secret", name, self.namespace)
        if found is None:
            return None
        return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}

    def wait_secret(self, name: str, timeout: float = 30.0, **values: str) -> None:
        def explain() -> str:
            found = [self.cluster.get(VSO, kind, name, self.namespace) for kind in ("VaultStaticSecret",)]
            return str([(body or {}).get("status") for body in found])

        wait_for(
            f"the Secret {name} to hold what Vault has",
            lambda: self.secret(name) == values,
            timeout=timeout,
            last=explain,
        )

    def status(self, kind: str, name: str) -> dict[str, Any]:
        return ((self.cluster.get(VSO, kind, name, self.namespace) or {}).get("status")) or {}

    def condition(self, kind: str, name: str, type: str = "Ready") -> tuple[str, str]:
        """(status, reason); empty texts where there is none."""
        for entry in self.status(kind, name).get("conditions") or ():
            if entry["type"] == type:
                return entry["status"], entry["reason"]
        return "", ""

    def wait_condition(self, kind: str, name: str, status: str, reason: str = "", timeout: float = 30.0) -> None:
        def reached() -> bool:
            got = self.condition(kind, name)
            return got[0] == status and reason in ("", got[1])

        wait_for(
            f"{kind} {name} to be Ready={status} {reason}",
            reached,
            timeout=timeout,
            last=lambda: str(self.status(kind, name)),
        )

    def deployment(self, name: str) -> None:
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
        self.cluster.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
            }
        )

    def restarted_at(self, name: str) -> str:
        found = self.cluster.get("apps/v1", "Deployment", name, self.namespace) or {}
        annotations = found["spec"]["template"]["metadata"].get("annotations") or {}
        return str(annotations.get("vso.secrets.hashicorp.com/restartedAt", ""))

    def with_database(self, postgresql: PostgreSQL, *, ttl: str = "60s", max_ttl: str = "10m") -> None:
        """The database engine with the role `app`."""
        mount = f"{self.mount}-db"
        self.vault.enable(mount, "database")
        self.vault.write(
            f"{mount}/config/shop",
            {
                "plugin_name": "postgresql-database-plugin",
                "connection_url": postgresql.vault_url,
                "username": postgresql.user,
                "password": postgresql.password,
                "allowed_roles": "*",
            },
        )
        self.role("app", ttl, max_ttl)

    def with_pki(self) -> None:
        """A root CA with the role `app`."""
        mount = f"{self.mount}-pki"
        self.vault.enable(mount, "pki")
        self.vault.write(f"{mount}/root/generate/internal", {"common_name": "root.example.com", "ttl": "24h"})
        self.vault.write(f"{mount}/roles/app", {"allow_any_name": True, "max_ttl": "1h"})

    def role(self, name: str, ttl: str, max_ttl: str) -> None:
        """Another role of the database."""
        role = {"db_name": "shop", "creation_statements": CREATE_ROLE, "default_ttl": ttl, "max_ttl": max_ttl}
        self.vault.write(f"{self.mount}-db/roles/{name}", role)

    def leased(self, name: str, role: str = "app", **spec: Any) -> Body:
        """A VaultDynamicSecret of the database's role."""
        destination = {"name": name, "create": True, "transformation": {"excludeRaw": True}}
        asked = {
            "vaultAuthRef": "app",
            "mount": f"{self.mount}-db",
            "path": f"creds/{role}",
            "destination": destination,
        }
        return self.apply("VaultDynamicSecret", name, {**asked, "revoke": True, **spec})

    def leases(self, role: str = "app") -> list[str]:
        """Ids of the leases of a database role."""
        found = self.vault.request("LIST", f"sys/leases/lookup/{self.mount}-db/creds/{role}")
        return list(found.body["data"]["keys"]) if found.ok else []


def tenant(cluster: Cluster, vault: Vault, *, token_ttl: str = "20m") -> Tenant:
    """A fresh one. Vault asks the cluster itself whether a ServiceAccount's token is good."""
    tag = f"t-{secrets.token_hex(3)}"
    made = Tenant(cluster, vault, tag, tag)
    cluster.ensure_namespace(tag)
    vault.enable(tag, "kv", options={"version": "2"})
    vault.write(f"sys/auth/{tag}", {"type": "kubernetes"})
    trust = {
        "kubernetes_host": cluster.url,
        "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
        "token_reviewer_jwt": cluster.token,
    }
    vault.write(f"auth/{tag}/config", trust)
    vault.policy(tag, RULES.format(mount=tag))
    role = {
        "bound_service_account_names": "app",
        "bound_service_account_namespaces": tag,
        "audience": "vault",
        "token_policies": tag,
        "token_ttl": token_ttl,
    }
    vault.write(f"auth/{tag}/role/app", role)
    wait_for("the fresh KV mount to take writes", lambda: vault.request("POST", f"{tag}/data/x", {"data": {}}).ok)
    return made
