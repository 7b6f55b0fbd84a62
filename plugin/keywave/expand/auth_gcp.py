"""Auth method `gcp`: Workload Identity of a ServiceAccount; the login's own where the profile names none."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Auth

_FIELDS = ("region", "clusterName", "projectID")


def needs_account(auth: Auth) -> bool:
    """Unless the profile names the ServiceAccount with Workload Identity."""
    return not auth.settings.get("workloadIdentityServiceAccount")


def block(auth: Auth, account: str) -> dict[str, Any]:
    """`spec.gcp` of VaultAuth."""
    identity = auth.settings.get("workloadIdentityServiceAccount") or account
    return kept(
        {
            "role": auth.role,
            "workloadIdentityServiceAccount": identity,
            **{field: auth.settings.get(field) for field in _FIELDS},
        }
    )
