"""Identity of an object: group, kind, namespace, name (the version is not part of it, as for the API server)."""

from __future__ import annotations

from typing import NamedTuple

VSO_GROUP = "secrets.hashicorp.com"
INTENT_GROUP = "keywave.dev"
CLIENT_CERTIFICATE = "reconcile.keywave.dev/client-cert-secret"
"""Annotation of a VaultConnection, whose spec has no field for it: a Secret in its namespace with tls.crt and tls.key."""


class ResourceId(NamedTuple):
    """What two manifests must share to be the same object. `namespace` is "" where the manifest names none."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Kind namespace/name`, the way findings name an object."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def group_of(api_version: str) -> str:
    """`apps/v1` -> `apps`; `v1` -> ""."""
    return api_version.rpartition("/")[0]
