"""The auth methods: one module each, in one explicit dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from keywave.expand import auth_approle, auth_aws, auth_gcp, auth_jwt, auth_kubernetes
from keywave.intent.model import Auth


class AuthMethodModule(Protocol):
    """What a module of an auth method has."""

    def needs_account(self, auth: Auth) -> bool:
        """True when a ServiceAccount of the workload's namespace logs in."""
        ...

    def block(self, auth: Auth, account: str) -> dict[str, Any]:
        """The method's block in VaultAuth's spec; placeholders are filled already."""
        ...


METHODS: Mapping[str, AuthMethodModule] = {
    "kubernetes": auth_kubernetes,
    "jwt": auth_jwt,
    "appRole": auth_approle,
    "aws": auth_aws,
    "gcp": auth_gcp,
}
