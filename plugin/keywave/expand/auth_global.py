"""VaultAuthGlobal: what all logins of a profile share. What depends on the application, a placeholder, is left to each VaultAuth.

The operator merges field by field: VaultAuth first, then the global's block of the method, then the global's defaults.
"""

from __future__ import annotations

from typing import Any

from keywave.expand.auth_methods import METHODS
from keywave.expand.made import kept
from keywave.intent.model import Profile
from keywave.intent.placeholders import names

_DEFAULTS = {"namespace": "defaultVaultNamespace", "method": "defaultAuthMethod", "mount": "defaultMount"}
_SAME = ("vaultConnectionRef", "params", "headers")


def global_spec(profile: Profile, connection_ref: str) -> dict[str, Any]:
    """`spec` of VaultAuthGlobal: what all logins share. What depends on the application (a placeholder) is left to each VaultAuth."""
    auth = profile.auth
    block = METHODS[auth.method].block(auth, auth.service_account)
    return kept(
        {
            "allowedNamespaces": list(auth.allowed_namespaces),
            "vaultConnectionRef": connection_ref,
            "defaultVaultNamespace": _fixed(profile.vault_namespace),
            "defaultAuthMethod": auth.method,
            "defaultMount": _fixed(auth.mount),
            "params": dict(auth.params),
            "headers": dict(auth.headers),
            auth.method: {name: value for name, value in block.items() if not isinstance(value, str) or _fixed(value)},
        }
    )


def _fixed(text: str) -> str:
    return "" if names(text) else text


def beside_global(spec: dict[str, Any], shared: dict[str, Any], name: str) -> dict[str, Any]:
    """A VaultAuth's spec without what the VaultAuthGlobal `name` says already.

    `tokenExpirationSeconds` stays: the CRD would fill it in.
    """
    method = spec["method"]
    block = {
        field: value
        for field, value in spec[method].items()
        if field == "tokenExpirationSeconds" or shared.get(method, {}).get(field) != value
    }
    rest = {
        field: value
        for field, value in spec.items()
        if field != method and field not in _SAME and shared.get(_DEFAULTS.get(field, "")) != value
    }
    return {"vaultAuthGlobalRef": {"name": name}, **rest, method: block}
