"""Auth method `aws`: IAM, by an IRSA ServiceAccount, keys in a Secret, or the node's own role."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Auth

_FIELDS = ("region", "headerValue", "sessionName", "stsEndpoint", "iamEndpoint", "secretRef", "irsaServiceAccount")


def needs_account(auth: Auth) -> bool:
    """Never by itself: an IRSA ServiceAccount carries a cloud role and is named in the profile."""
    return False


def block(auth: Auth, account: str) -> dict[str, Any]:
    """`spec.aws` of VaultAuth."""
    return kept({"role": auth.role, **{field: auth.settings.get(field) for field in _FIELDS}})
