"""Auth method `appRole`: a role ID, and a secret ID in a Secret (key `id`) or in a file of the operator's."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Auth


def needs_account(auth: Auth) -> bool:
    """Never: the secret ID logs in."""
    return False


def block(auth: Auth, account: str) -> dict[str, Any]:
    """`spec.appRole` of VaultAuth; `secretRef` is the name of a Secret, not an object with name and key."""
    return kept({field: auth.settings.get(field) for field in ("roleId", "secretRef", "secretIDPath")})
