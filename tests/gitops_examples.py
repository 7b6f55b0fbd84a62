"""The examples, made ready for a real Argo CD and a real Flux: copies that name the Vault of the test, and that Vault filled with
what they ask for. Roles of logins come later, so that a sync stands before its first gate until `Setting.open`."""

from __future__ import annotations

import base64
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import example_vault
from examples import EXAMPLES
from keywave import proving
from keywave.build.options import BuildOptions
from keywave.pipeline import Settings
from rig.cluster import Cluster
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

VSO = "secrets.hashicorp.com/v1beta1"
COMPOSITE = "reconcile.keywave.dev/v1alpha1"
SECRET_KINDS = (
    (VSO, "VaultStaticSecret"),
    (VSO, "VaultDynamicSecret"),
    (VSO, "VaultPKISecret"),
    (COMPOSITE, "VaultCompositeSecret"),
)
WORKLOADS = (("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "CronJob"))
RESTARTED = "vso.secrets.hashicorp.com/restartedAt"
PATHS = {
    "quickstart": ("01-quickstart", "."),
    "helm": ("02-helm-stdin", "."),
    "overlays": ("03-dev-prod-overlays", "overlays/prod"),
    "orders": ("04-multi-tenant", "teams/orders"),
    "billing": ("04-multi-tenant", "teams/billing"),
    "clusters": ("05-multi-cluster", "clusters/eu"),
    "dynamic": ("06-dynamic-database", "."),
    "pki": ("07-pki", "."),
    "approle": ("08-approle", "."),
    "templates": ("09-transformation-templates", "."),
    "fan-in": ("10-fan-in", "."),
    "ledger": ("11-app-of-apps", "."),
    "checkout": ("12-monorepo-flux", "teams/checkout/prod"),
    "search": ("12-monorepo-flux", "teams/search/prod"),
    "identity": ("12-monorepo-flux", "teams/identity/prod"),
    "hand-written": ("13-hand-written", "."),
}
"""What is synced, by a short name: example, and the kustomization in it."""
TENANTS = ("orders", "billing")
"""Their profile is the platform team's, for the project of that name."""
LAYERED = "ledger"
"""In Argo CD an Application of Applications, one for each layer."""


@dataclass
class Setting:
    """One example in a namespace of its own, with a Vault of its own."""

    cluster: Cluster
    vault: Vault
    namespace: str
    tree: Path
    path: str
    project: str = ""
    references: Any = ()
    withheld: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    # What `example_vault.fill` needs of a Vault

    def write(self, path: str, body: dict[str, Any]) -> Any:
        if path.startswith("auth/"):
            self.withheld.append((path, body))
            return None
        values = body.get("data", body)
        if "dockerconfig" in values:  # Kubernetes looks into it
            values["dockerconfig"] = json.dumps({"auths": {"registry.example.com": {"auth": values["dockerconfig"]}}})
        return self.vault.write(path, body)

    def enable(self, path: str, kind: str, **options: Any) -> None:
        self.vault.enable(path, kind, **options)
        if kind == "kv" and (options.get("options") or {}).get("version") == "2":
            body: dict[str, Any] = {"data": {}}
            wait_for("a fresh mount to take writes", lambda: self.vault.request("POST", f"{path}/data/x", body).ok)

    def enable_auth(self, path: str, kind: str) -> None:
        if f"{path}/" in (self.vault.read("sys/auth") or {}):
            return
        self.vault.write(f"sys/auth/{path}", {"type": kind})
        if kind == "kubernetes":
            trust = {
                "kubernetes_host": self.cluster.url,
                "kubernetes_ca_cert": Path(self.cluster.ca_file).read_text(),
                "token_reviewer_jwt": self.cluster.token,
            }
            self.vault.write(f"auth/{path}/config", trust)

    def policy(self, name: str, text: str) -> None:
        self.vault.policy(name, text)

    # The story

    def fill(self, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> None:
        """All that the tree asks for, but the roles of its logins."""
        settings = Settings(profiles=self.profiles, project=self.project)
        with monkeypatch.context() as there:
            there.chdir(self.tree)
            self.references = proving.read_set(self.path, settings, BuildOptions()).references
        example_vault.fill(self, self.references)
        for mount in {reference.mount for reference in self.references if reference.kind == "dynamic"}:
            where = {"plugin_name": "postgresql-database-plugin", "connection_url": postgresql.vault_url}
            who = {"username": postgresql.user, "password": postgresql.password, "allowed_roles": "*"}
            self.vault.write(f"{mount}/config/app", {**where, **who})

    @property
    def profiles(self) -> str:
        """The folder of the platform team's profiles, "" where the tree has its own."""
        return str(self.tree / "platform") if self.project else ""

    def open(self) -> None:
        """The roles of the logins; for an AppRole its SecretID, too, which the platform's people bring."""
        for path, body in self.withheld:
            self.vault.write(path, body)
            if "/approle/role/" in f"/{path}" and not path.endswith("role-id"):
                made = self.vault.write(f"{path}/secret-id", {})
                secret_id = base64.b64encode(made["secret_id"].encode()).decode()
                metadata = {"name": "edge-approle", "namespace": self.namespace}
                self.cluster.apply(
                    {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"id": secret_id}}
                )

    def rotate(self) -> None:
        """New values at every path of a KV engine, and a word to the operator to look now instead of in a minute."""
        for reference in self.references:
            if reference.kind != "kv" or reference.version:
                continue
            values = dict.fromkeys(reference.keys or ("value",), "changed")
            second = (reference.engine or 2) == 2
            path = f"{reference.mount}/{'data/' if second else ''}{reference.path}"
            self.write(path, {"data": values} if second else values)
        for api, kind in SECRET_KINDS:
            for body in self.objects(api, kind):
                if kind in ("VaultStaticSecret", "VaultCompositeSecret"):
                    change = {"metadata": {"annotations": {"reconcile.keywave.dev/refresh": "now"}}}
                    self.cluster.patch(api, kind, body["metadata"]["name"], change, self.namespace)

    def objects(self, api: str, kind: str) -> list[Any]:
        return list(self.cluster.list(api, kind, self.namespace))

    def told(self) -> str:
        """What its objects say of themselves."""
        found = [body for api, kind in (*SECRET_KINDS, (VSO, "VaultAuth")) for body in self.objects(api, kind)]
        return "\n".join(f"{body['kind']} {body['metadata']['name']}: {body.get('status')}" for body in found)

    def logins_refused(self) -> bool:
        """Whether there are logins and none of them works."""
        found = [ready(body) for body in self.objects(VSO, "VaultAuth")]
        return bool(found) and all(one[0] == "False" for one in found)

    def workloads(self) -> list[str]:
        return sorted(f"{kind}/{one['metadata']['name']}" for api, kind in WORKLOADS for one in self.objects(api, kind))

    def secrets(self) -> dict[str, bool]:
        """By the name of each Secret that is to be: whether its object is Ready and it holds something."""
        found = {}
        for api, kind in SECRET_KINDS:
            for body in self.objects(api, kind):
                name = body["spec"]["destination"]["name"]
                secret = self.cluster.get("v1", "Secret", name, self.namespace) or {}
                found[name] = ready(body)[0] == "True" and bool(secret.get("data"))
        return found

    def restarts(self) -> dict[str, str]:
        """Of the workloads that a change of a KV secret restarts: when that was."""
        found = {}
        for api, kind in SECRET_KINDS:
            if kind not in ("VaultStaticSecret", "VaultCompositeSecret"):
                continue
            for body in self.objects(api, kind):
                for target in body["spec"].get("rolloutRestartTargets") or ():
                    workload = self.cluster.get("apps/v1", target["kind"], target["name"], self.namespace) or {}
                    template = (workload.get("spec") or {}).get("template") or {}
                    annotations = (template.get("metadata") or {}).get("annotations") or {}
                    found[f"{target['kind']}/{target['name']}"] = str(annotations.get(RESTARTED, ""))
        return found


def ready(body: Any) -> tuple[str, str]:
    for condition in (body.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready":
            return str(condition["status"]), str(condition["reason"])
    return "", ""


def copied(short: str, folder: Path, namespace: str, vault: Vault) -> str:
    """The example in `folder`, for this namespace, this Vault and keywave's operator. Returns the kustomization's path in it."""
    example, path = PATHS[short]
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("expected", "vault.lock.d"))
    if short == "helm":
        _commit_chart(folder)
    for file in folder.rglob("*.yaml"):
        text = re.sub(r"https://vault\.(\w+\.)?example\.com:8200", vault.url, file.read_text())
        # What the platform team brings, and TLS, which the test's Vault has not.
        text = re.sub(
            r"^ *(caCertSecret|caCertSecretRef|tlsServerName|vaultNamespace|operator):.*\n", "", text, flags=re.M
        )
        text = text.replace("namespaces: [orders, billing]", f"namespaces: [{namespace}]")
        file.write_text(text.replace("external: [vault-ca]", "external: [edge-approle]"))
    for file in folder.rglob("profile.yaml"):
        if "auth:" in file.read_text():  # else it is an overlay's patch
            file.write_text(file.read_text() + "  operator: {kind: keywave}\n")
    kustomization = folder / path / "kustomization.yaml"
    whole = yaml.safe_load(kustomization.read_text())
    whole.pop("replicas", None)
    none = yaml.safe_dump([{"op": "add", "path": "/spec/replicas", "value": 0}])  # no node runs here
    patches = [{"target": {"kind": kind}, "patch": none} for kind in ("Deployment", "StatefulSet")]
    whole |= {"namespace": namespace, "patches": [*whole.get("patches", ()), *patches]}
    kustomization.write_text(yaml.safe_dump(whole))
    return path


def _commit_chart(folder: Path) -> None:
    """What Helm made, as people commit it: the profile in a file of its own."""
    documents = (folder / "chart-output.yaml").read_text().split("---\n")
    (folder / "chart-output.yaml").unlink()
    (profile,) = [text for text in documents if "kind: VaultProfile" in text]
    (folder / "profile.yaml").write_text(profile)
    (folder / "chart.yaml").write_text("---\n".join(text for text in documents if text is not profile))
    (folder / "kustomization.yaml").write_text("resources: [profile.yaml, chart.yaml]\n")
