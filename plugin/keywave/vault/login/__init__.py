"""Logins: one module each, behind one Protocol, in one explicit dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keywave.errors import UsageError
from keywave.findings import did_you_mean
from keywave.objects.late_modules import LateModules
from keywave.vault.login.model import Login, LoginMethod
from keywave.vault.settings import ConnectOptions

# In the order in which they are offered where no method is named.
LOGINS: Mapping[str, LoginMethod] = LateModules(
    {
        "token": "keywave.vault.login.token",
        "approle": "keywave.vault.login.approle",
        "jwt": "keywave.vault.login.jwt",
        "kubernetes": "keywave.vault.login.kubernetes",
    }
)

if TYPE_CHECKING:
    from keywave.vault.login import approle, jwt, kubernetes, token

    _FIT: tuple[LoginMethod, ...] = (token, approle, jwt, kubernetes)


def login_from(environ: Mapping[str, str], options: ConnectOptions) -> Login:
    """The login that the options name (or VAULT_AUTH_METHOD), else the first that the surroundings offer; at last the token that
    `vault login` left. Raises UsageError that names what is missing."""
    method = options.method or environ.get("VAULT_AUTH_METHOD", "")
    if method:
        if method not in LOGINS:
            hint = did_you_mean(method, LOGINS) or f"one of {', '.join(LOGINS)}"
            raise UsageError(f"there is no login method {method!r}", hint=hint)
        return LOGINS[method].choose(environ, options)
    for name in LOGINS:
        if LOGINS[name].offered(environ, options):
            return LOGINS[name].choose(environ, options)
    return LOGINS["token"].choose(environ, options)
