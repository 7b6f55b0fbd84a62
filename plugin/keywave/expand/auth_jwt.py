"""Auth method `jwt`: a token of the ServiceAccount, or one that lies in a Secret under the key `jwt`."""

from __future__ import annotations

from typing import Any

from keywave.expand.auth_kubernetes import TOKEN_SECONDS
from keywave.expand.made import kept
from keywave.intent.model import Auth


def needs_account(auth: Auth) -> bool:
    """Unless a Secret holds the token."""
    return not auth.settings.get("secretRef")


def block(auth: Auth, account: str) -> dict[str, Any]:
    """`spec.jwt` of VaultAuth; `secretRef` is the name of a Secret."""
    secret = auth.settings.get("secretRef", "")
    return kept(
        {
            "role": auth.role,
            "secretRef": secret,
            "serviceAccount": "" if secret else account,
            "audiences": list(auth.audiences),
            "tokenExpirationSeconds": auth.token_expiration_seconds or TOKEN_SECONDS,
        }
    )
