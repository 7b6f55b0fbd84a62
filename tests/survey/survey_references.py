"""References as values, for tests of the survey."""

from __future__ import annotations

from typing import Any

from keywave.objects.manifest import Manifest
from keywave.references.model import Connection, Identity, Reference

MANIFEST = Manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}})
NOBODY = Identity(known=False, label="nobody")


def kv(mount: str, path: str, **fields: Any) -> Reference:
    return reference("kv", mount, path, **fields)


def reference(kind: Any, mount: str, path: str, *, identity: Identity = NOBODY, **fields: Any) -> Reference:
    return Reference(kind, MANIFEST, Connection(), identity, "", mount, path, {}, **fields)


def login(mount: str, role: str, **fields: Any) -> Identity:
    usual = {"method": "kubernetes", "namespace": "shop", "service_account": "app"}
    return Identity(known=True, label=role, mount=mount, role=role, **{**usual, **fields})
