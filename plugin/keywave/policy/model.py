"""A plan: which policies and auth roles Vault should have for a rendered set. Frozen values; `plan` makes them, the formats write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from keywave.references.model import Connection

TOKEN_TTL = 3600
"""Seconds. The operator renews its token; an hour bounds what a lost one is good for."""
NO_PARAMETERS: Mapping[str, tuple[str, ...]] = {}


class Grant(NamedTuple):
    """A right on one path (Vault API path as a policy writes it, a pattern only in the verifier's policy). `capabilities` sorted.

    `allowed`: parameter -> the values it may have (`allowed_parameters`). `why`: the objects that need it, sorted."""

    path: str
    capabilities: tuple[str, ...]
    allowed: Mapping[str, tuple[str, ...]] = NO_PARAMETERS
    why: tuple[str, ...] = ()


class PlannedPolicy(NamedTuple):
    """An ACL policy in the Vault namespace `vault_namespace`; grants sorted by path, one a path."""

    name: str
    vault_namespace: str
    grants: tuple[Grant, ...]


class PlannedRole(NamedTuple):
    """A role of an auth method. `method` is Vault's type of it: kubernetes, jwt, approle.

    `accounts`: (Kubernetes namespace, ServiceAccount), sorted. `role_id` is AppRole's."""

    method: str
    mount: str
    name: str
    vault_namespace: str
    policies: tuple[str, ...]
    accounts: tuple[tuple[str, str], ...] = ()
    audiences: tuple[str, ...] = ()
    role_id: str = ""

    @property
    def path(self) -> str:
        """`auth/kubernetes/role/app`."""
        return f"auth/{self.mount}/role/{self.name}"

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of Vault's API, as `vault write <path>` takes them in JSON. TTLs in seconds."""
        return {**ROLE_FIELDS[self.method](self), "token_policies": list(self.policies), "token_ttl": TOKEN_TTL}


def _kubernetes(role: PlannedRole) -> dict[str, Any]:
    return {
        "bound_service_account_names": sorted({name for _, name in role.accounts}),
        "bound_service_account_namespaces": sorted({namespace for namespace, _ in role.accounts}),
        **({"audience": role.audiences[0]} if role.audiences else {}),
    }


def _jwt(role: PlannedRole) -> dict[str, Any]:
    """A ServiceAccount's token says who it is in `sub`. Lists of claims mean "one of"."""
    subjects = [f"system:serviceaccount:{namespace}:{name}" for namespace, name in role.accounts]
    bound: dict[str, Any] = {"bound_claims": {"sub": subjects}} if len(subjects) > 1 else {"bound_subject": subjects[0]}
    return {
        "role_type": "jwt",
        "user_claim": "sub",
        **bound,
        **({"bound_audiences": list(role.audiences)} if role.audiences else {}),
    }


def _approle(role: PlannedRole) -> dict[str, Any]:
    return {"bind_secret_id": True, **({"role_id": role.role_id} if role.role_id else {})}


ROLE_FIELDS = {"kubernetes": _kubernetes, "jwt": _jwt, "approle": _approle}


class Skipped(NamedTuple):
    """What no policy was written for: the login (or the object), why, and the paths it reads."""

    label: str
    reason: str
    paths: tuple[str, ...] = ()


class Target(NamedTuple):
    """One Vault: its policies and roles, sorted by namespace and name."""

    vault: Connection
    policies: tuple[PlannedPolicy, ...]
    roles: tuple[PlannedRole, ...]


class Plan(NamedTuple):
    """`notes` are sentences for people: what is wider than the references themselves, and why."""

    targets: tuple[Target, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
