"""References as `references` finds them, by hand; small, with the few things that a plan looks at."""

from __future__ import annotations

from typing import Any

from keywave.objects.manifest import Manifest
from keywave.references.model import Connection, Identity, Kind, Reference

VAULT = Connection("https://vault.example.com:8200", "vault")


def login(
    role: str = "shop",
    account: str = "app",
    *,
    namespace: str = "shop",
    audiences: tuple[str, ...] = ("vault",),
    **more: Any,
) -> Identity:
    given = {
        "method": "kubernetes",
        "mount": "kubernetes",
        "vault": VAULT,
        "label": f"VaultAuth {namespace}/{account or role}",
    }
    return Identity(
        **{"known": True, "role": role, "service_account": account, "namespace": namespace, "audiences": audiences}
        | given
        | more
    )


def asks(
    kind: Kind,
    mount: str,
    path: str,
    *,
    identity: Identity | None = None,
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> Reference:
    kinds = {"kv": "VaultStaticSecret", "dynamic": "VaultDynamicSecret", "pki": "VaultPKISecret", "raw": "Pod"}
    name = path.rpartition("/")[2]
    body = {
        "apiVersion": "secrets.hashicorp.com/v1beta1",
        "kind": kinds[kind],
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec or {},
    }
    given: dict[str, Any] = {"vault": VAULT, "vault_namespace": "", "spots": {}}
    return Reference(
        **{"kind": kind, "manifest": Manifest(body), "identity": identity or login(), "mount": mount, "path": path}
        | given
        | more
    )


def kv(path: str, *, mount: str = "kv", engine: int | None = 2, **more: Any) -> Reference:
    return asks("kv", mount, path, engine=engine, **more)
