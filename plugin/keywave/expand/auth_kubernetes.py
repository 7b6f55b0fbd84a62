"""Auth method `kubernetes`: the operator asks for a token of the ServiceAccount and logs in with it."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Auth

TOKEN_SECONDS = 600
"""The CRD's default and minimum."""


def needs_account(auth: Auth) -> bool:
    """Always: the token is the ServiceAccount's."""
    return True


def block(auth: Auth, account: str) -> dict[str, Any]:
    """`spec.kubernetes` of VaultAuth."""
    return kept(
        {
            "role": auth.role,
            "serviceAccount": account,
            "audiences": list(auth.audiences),
            "tokenExpirationSeconds": auth.token_expiration_seconds or TOKEN_SECONDS,
        }
    )
