"""The corpus of broken setups: each is one change to a setup in which everything is right, and the one code that it must give.

A setup (a document of the YAML files here) has: `title`; `source`, where that failure is documented; `code` and `severity` (error unless
said); `also`, codes that cannot but follow; `says`, words that the message or the fix must hold. What it changes: `vault`, requests to
Vault as `METHOD path: body`; `policy`, the policy of the login (the rules for database and PKI are added unless `whole`); `change`, merge
patches of objects of the tree; `without`, objects to leave out; `add`, further documents; `csi` and `injector`, short forms of those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rig.postgresql import PostgreSQL
from rig.vault import Vault

HERE = Path(__file__).parent
FILES = ("kv", "engines", "pki", "logins", "rights", "tools")
OTHER_RULES = """
path "database/creds/orders" { capabilities = ["read"] }
path "pki/issue/web" { capabilities = ["update"] }
"""
KEPT = {"sys/", "identity/", "cubbyhole/", "agent-registry/", "token/"}


class Setup(NamedTuple):
    file: str
    title: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.file}: {self.title}"

    @property
    def codes(self) -> set[str]:
        return {self.body["code"], *self.body.get("also", ())}


def setups(files: Sequence[str] = FILES) -> list[Setup]:
    """All broken setups, in the order of the files; with `("right",)` those in which nothing is wrong."""
    return [
        Setup(name, document["title"], document)
        for name in files
        for document in yaml.safe_load_all((HERE / f"{name}.yaml").read_text())
    ]


def tree_of(body: Mapping[str, Any]) -> str:
    """The manifests of a setup as one stream; `{}` gives the right one."""
    objects = {
        f"{o['kind']}/{o['metadata']['name']}": o for o in yaml.safe_load_all((HERE / "base_tree.yaml").read_text())
    }
    for name in body.get("without", ()):
        del objects[name]
    for name, patch in body.get("change", {}).items():
        objects[name] = merged(objects[name], patch)
    if "csi" in body:
        objects["csi"] = _provider_class(body["csi"])
        objects["reader"] = _reader(body["csi"].get("account", "payments"))
        _forget_payments(objects["Deployment/payments"]["spec"]["template"]["spec"])
    if "injector" in body:
        _annotate(objects["Deployment/payments"], body["injector"])
    documents = [yaml.safe_dump(o, sort_keys=False) for o in objects.values()]
    return "---\n".join([*documents, *([body["add"]] if "add" in body else [])])


def merged(value: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), change)
    return result


def build(vault: Vault, body: Mapping[str, Any], fills: Mapping[str, str]) -> None:
    """Make an empty Vault into that of a setup."""
    requests = [*yaml.safe_load((HERE / "base_vault.yaml").read_text()), *_policy(body), *body.get("vault", ())]
    for line in requests:
        head, content = next(iter(line.items())) if isinstance(line, dict) else (line, None)
        method, path = head.split(" ", 1)
        answer = vault.request(method, path, _filled(_with_accessors(vault, content), fills))
        assert answer.ok, f"{head}: {answer.status} {answer.message}"


def empty(vault: Vault) -> None:
    """Unmount and forget what a setup made."""
    for kind, prefix in (("sys/mounts", "sys/mounts/"), ("sys/auth", "sys/auth/")):
        for path in vault.read(kind) or {}:
            if path not in KEPT:
                vault.request("DELETE", f"{prefix}{path}")
    for name in vault.request("LIST", "sys/policies/acl").body["data"]["keys"]:
        if name not in ("default", "root", "verifier"):
            vault.request("DELETE", f"sys/policies/acl/{name}")


def fills_of(postgresql: PostgreSQL, canary: str) -> dict[str, str]:
    return {
        "postgres_url": postgresql.vault_url,
        "postgres_user": postgresql.user,
        "postgres_password": postgresql.password,
        "public_key": (HERE / "jwt.pub").read_text(),
        "canary": canary,
    }


def _policy(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "policy" in body:
        text = body["policy"] + ("" if body.get("whole") else OTHER_RULES)
        yield {"POST sys/policies/acl/shop-payments": {"policy": text}}


def _with_accessors(vault: Vault, content: Any) -> Any:
    """`@accessor:<auth mount>@` in a policy becomes the accessor that Vault gave to the mount."""
    if not isinstance(content, dict) or "@accessor:" not in str(content.get("policy")):
        return content
    text = content["policy"]
    for path, mount in (vault.read("sys/auth") or {}).items():
        text = text.replace(f"@accessor:{path.strip('/')}@", mount["accessor"])
    return {**content, "policy": text}


def _filled(content: Any, fills: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {key: _filled(value, fills) for key, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, fills) for value in content]
    if isinstance(content, str) and content.startswith("{") and content.endswith("}"):
        return fills.get(content[1:-1], content)
    return content


def _provider_class(given: Mapping[str, str]) -> dict[str, Any]:
    entry = {"objectName": "user", "secretPath": given["secretPath"], "secretKey": given["secretKey"]}
    parameters = {
        "vaultAddress": "https://vault.example.com:8200",
        "roleName": given.get("role", "shop-payments"),
        "audience": given.get("audience", "vault"),
        "objects": json.dumps([entry]),
    }
    if "mount" in given:
        parameters["vaultAuthMountPath"] = given["mount"]
    return {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "payments", "namespace": "shop"},
        "spec": {"provider": "vault", "parameters": parameters},
    }


def _reader(account: str) -> dict[str, Any]:
    """A second workload, so that the intents' own login stays as it is."""
    attributes = {"secretProviderClass": "payments"}
    csi = {"driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": attributes}
    container = {
        "name": "app",
        "image": "registry.example.com/reader:1.0.0",
        "volumeMounts": [{"name": "csi", "mountPath": "/mnt/secrets", "readOnly": True}],
    }
    pod = {"serviceAccountName": account, "containers": [container], "volumes": [{"name": "csi", "csi": csi}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "reader", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "reader"}},
            "template": {"metadata": {"labels": {"app": "reader"}}, "spec": pod},
        },
    }


def _annotate(deployment: dict[str, Any], given: Mapping[str, str]) -> None:
    template = deployment["spec"]["template"]
    _forget_payments(template["spec"])
    template["metadata"]["annotations"] = {
        "vault.hashicorp.com/agent-inject": "true",
        "vault.hashicorp.com/role": given["role"],
        "vault.hashicorp.com/agent-inject-secret-config": given["path"],
    }
    if "token" in given:
        template["metadata"]["annotations"]["vault.hashicorp.com/agent-service-account-token-volume-name"] = "token"
        token = {"serviceAccountToken": {"audience": given["token"], "path": "token", "expirationSeconds": 7200}}
        template["spec"]["volumes"].append({"name": "token", "projected": {"sources": [token]}})


def _forget_payments(pod: dict[str, Any]) -> None:
    """The Secret of the intent that is left out is no longer referred to."""
    container = pod["containers"][0]
    container["envFrom"] = [e for e in container["envFrom"] if e["secretRef"]["name"] != "payments"]
