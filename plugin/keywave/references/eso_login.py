"""The `vault` block of a store or generator of External Secrets: which Vault, and who logs in.

Rules (read in its source, 2.9): the default mounts are kubernetes, approle and jwt; without a ServiceAccount or Secret the operator's own
ServiceAccount logs in; only a ClusterSecretStore may name another namespace, and where it names none it is the ExternalSecret's.
`auth.namespace` is the Vault namespace of the login, else `namespace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.findings import PathKey
from keywave.objects.manifest import Manifest, mapping
from keywave.references.model import Connection, Identity, Spot
from keywave.references.setting import Setting, text, texts


class _Method(NamedTuple):
    """One block below `auth`: our name, the field of its mount with its default, and the field of the role."""

    block: str
    method: str
    mount_field: str
    mount: str
    role_field: str = "role"


_METHODS = (
    _Method("kubernetes", "kubernetes", "mountPath", "kubernetes"),
    _Method("jwt", "jwt", "path", "jwt"),
    _Method("appRole", "appRole", "path", "approle", ""),
    _Method("iam", "aws", "path", "aws", "vaultRole"),
    _Method("gcp", "gcp", "path", "gcp"),
    _Method("ldap", "ldap", "path", "ldap", ""),
    _Method("userPass", "userpass", "path", "userpass", ""),
    _Method("cert", "cert", "path", "cert", "vaultRole"),
)


def store_connection(vault: Mapping[str, Any], setting: Setting) -> Connection:
    """Which Vault; the profile is the one of that address."""
    address, authority = text(vault.get("server")), mapping(vault.get("caProvider"))
    secret = text(authority.get("name")) if authority.get("type") == "Secret" else ""
    return Connection(address, setting.profile_at(address), ca_cert_secret=secret)


def identity_of(
    holder: Manifest, vault: Mapping[str, Any], base: tuple[PathKey, ...], connection: Connection, namespace: str
) -> Identity:
    """Who logs in for an object of `namespace`; `base` leads to the vault block in `holder`."""
    auth = mapping(vault.get("auth"))
    login_namespace = text(auth.get("namespace")) or text(vault.get("namespace"))
    label = holder.subject
    for method in _METHODS:
        block = mapping(auth.get(method.block))
        if block:
            return _identity(holder, method, block, (*base, "auth", method.block), connection, namespace)._replace(
                vault_namespace=login_namespace
            )
    known = bool(mapping(auth.get("tokenSecretRef")))
    return Identity(
        known, label, method="token" if known else "", vault_namespace=login_namespace, vault=connection,
        namespace=namespace,
    )  # fmt: skip


def _identity(
    holder: Manifest,
    method: _Method,
    block: Mapping[str, Any],
    base: tuple[PathKey, ...],
    connection: Connection,
    namespace: str,
) -> Identity:
    account_keys: tuple[PathKey, ...] = ("serviceAccountRef",)
    account = mapping(block.get("serviceAccountRef"))
    audiences: tuple[str, ...] = ()
    token = mapping(block.get("kubernetesServiceAccountToken"))
    if token:
        account_keys = ("kubernetesServiceAccountToken", "serviceAccountRef")
        account = mapping(token.get("serviceAccountRef"))
        audiences = texts(token.get("audiences")) or ("vault",)
    spots: dict[str, Spot] = {"login": (holder, base)}
    for spot, keys in (
        ("role", (method.role_field,)),
        ("mount", (method.mount_field,)),
        ("roleId", ("roleId",)),
        ("serviceAccount", (*account_keys, "name")),
        ("audience", (*account_keys, "audiences")),
    ):
        if keys[0] in block:
            spots[spot] = (holder, (*base, *keys))
    elsewhere = text(account.get("namespace")) if holder.kind != "SecretStore" else ""
    return Identity(
        known=True,
        label=holder.subject,
        method=method.method,
        mount=text(block.get(method.mount_field)).strip("/").removeprefix("auth/") or method.mount,
        role=text(block.get(method.role_field)),
        namespace=elsewhere or (namespace if account else ""),
        service_account=text(account.get("name")),
        audiences=tuple(dict.fromkeys((*texts(account.get("audiences")), *audiences))),
        role_id=text(block.get("roleId")),
        vault=connection,
        spots=spots,
    )
