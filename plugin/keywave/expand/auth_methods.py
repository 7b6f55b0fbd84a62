"""The auth methods: one module each, in one explicit dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from keywave.intent.model import Auth
from keywave.objects.late_modules import LateModules


class AuthMethodModule(Protocol):
    """What a module of an auth method has."""

    def needs_account(self, auth: Auth) -> bool:
        """True when a ServiceAccount of the workload's namespace logs in."""
        ...

    def block(self, auth: Auth, account: str) -> dict[str, Any]:
        """The method's block in VaultAuth's spec; placeholders are filled already."""
        ...


METHODS: Mapping[str, AuthMethodModule] = LateModules(
    {
        "kubernetes": "keywave.expand.auth_kubernetes",
        "jwt": "keywave.expand.auth_jwt",
        "appRole": "keywave.expand.auth_approle",
        "aws": "keywave.expand.auth_aws",
        "gcp": "keywave.expand.auth_gcp",
    }
)

if TYPE_CHECKING:
    from keywave.expand import auth_approle, auth_aws, auth_gcp, auth_jwt, auth_kubernetes

    _FIT: tuple[AuthMethodModule, ...] = (auth_kubernetes, auth_jwt, auth_approle, auth_aws, auth_gcp)
