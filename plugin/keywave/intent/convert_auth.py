"""The login part of a profile. What each method needs is Vault Secrets Operator's own run-time check, said before the sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.intent.model import Auth, AuthMethod
from keywave.intent.notes import Notes

MOUNT_OF: Mapping[AuthMethod, str] = {
    "kubernetes": "kubernetes",
    "jwt": "jwt",
    "appRole": "approle",
    "aws": "aws",
    "gcp": "gcp",
}
FIELDS_OF: Mapping[AuthMethod, frozenset[str]] = {
    "kubernetes": frozenset(("role", "serviceAccount", "audiences", "tokenExpirationSeconds")),
    "jwt": frozenset(("role", "serviceAccount", "audiences", "tokenExpirationSeconds", "secretRef")),
    "appRole": frozenset(("roleId", "secretRef", "secretIDPath")),
    "aws": frozenset(
        (
            "role",
            "region",
            "headerValue",
            "sessionName",
            "stsEndpoint",
            "iamEndpoint",
            "secretRef",
            "irsaServiceAccount",
        )
    ),
    "gcp": frozenset(("role", "workloadIdentityServiceAccount", "region", "clusterName", "projectID")),
}
REQUIRED_OF: Mapping[AuthMethod, tuple[str, ...]] = {
    "kubernetes": ("role",),
    "jwt": ("role",),
    "appRole": ("roleId",),
    "aws": ("role",),
    "gcp": ("role", "workloadIdentityServiceAccount"),
}
_GENERAL = frozenset(("method", "mount", "params", "headers", "allowedNamespaces", "serviceAccount"))
_OWN_PLACE = _GENERAL | {"role", "audiences", "tokenExpirationSeconds"}


def auth_of(notes: Notes, spec: Mapping[str, Any], *, needed: bool) -> Auth:
    """`spec` is the profile's `auth`; `needed` is False where the profile points at a VaultAuth that is in place."""
    method: AuthMethod = spec.get("method", "kubernetes")
    if needed:
        _check_complete(notes, spec, method)
    for name in spec:
        if name not in FIELDS_OF[method] and name not in _GENERAL:
            homes = " or ".join(m for m, fields in FIELDS_OF.items() if name in fields)
            message = f'"{name}" is for the method {homes}, not for {method}'
            notes.error("KW1064", message, "spec", "auth", name, hint="remove it, or set it to null in the overlay")
    seconds = spec.get("tokenExpirationSeconds")
    return Auth(
        method=method,
        mount=spec.get("mount", MOUNT_OF[method]),
        role=spec.get("role", ""),
        service_account=spec.get("serviceAccount", ""),
        audiences=tuple(spec.get("audiences", ())),
        token_expiration_seconds=None if seconds is None else int(seconds),
        params=spec.get("params", {}),
        headers=spec.get("headers", {}),
        allowed_namespaces=tuple(spec.get("allowedNamespaces", ())),
        settings={k: v for k, v in spec.items() if k not in _OWN_PLACE},
    )


def _check_complete(notes: Notes, spec: Mapping[str, Any], method: AuthMethod) -> None:
    for name in REQUIRED_OF[method]:
        if name not in spec:
            hint = 'such as role: "{namespace}-{serviceAccount}"' if name == "role" else ""
            notes.error("KW1063", f'the method {method} needs "{name}"', "spec", "auth", hint=hint)
    if method == "appRole":
        given = [k for k in ("secretRef", "secretIDPath") if k in spec]
        if len(given) != 1:
            message = 'the method appRole needs exactly one of "secretRef" and "secretIDPath"'
            hint = "secretRef is the name of a Secret with the key id; secretIDPath a file in the operator's container"
            notes.error("KW1063", message, "spec", "auth", *given[1:], hint=hint)
        if ".." in str(spec.get("secretIDPath", "")).split("/"):
            notes.error("KW1006", "the path must not have .. in it", "spec", "auth", "secretIDPath")
    allowed = spec.get("allowedNamespaces", [])
    if "*" in allowed and len(allowed) > 1:
        message = '"*" beside other namespaces allows none but those'
        notes.error("KW1065", message, "spec", "auth", "allowedNamespaces", hint='write ["*"] alone, or names only')
