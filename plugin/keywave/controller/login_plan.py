"""How an object logs in to Vault, worked out: connection, method, mount, role, params. Hashable: equal plans share a token. No secrets."""

from __future__ import annotations

from typing import NamedTuple

Pairs = tuple[tuple[str, str], ...]


class ConnectionPlan(NamedTuple):
    """From a VaultConnection. `ca_secret` is a Secret of `namespace` with the key ca.crt; `client_secret` is one with tls.crt and tls.key,
    to be shown to Vault; `timeout` in seconds for one request."""

    ref: str
    """namespace/name of the VaultConnection"""
    namespace: str
    address: str
    headers: Pairs = ()
    server_name: str = ""
    ca_secret: str = ""
    ca_path: str = ""
    skip_verify: bool = False
    timeout: float = 60.0
    client_secret: str = ""


class LoginPlan(NamedTuple):
    """From VaultAuth, VaultAuthGlobal and VaultConnection, for a consumer. ServiceAccounts and Secrets that `settings` name are of
    `consumer_namespace`.

    `settings` has the fields of the method's block as texts, lists joined by "," (audiences); `namespace` is Vault's, of the login;
    requests may name another one."""

    connection: ConnectionPlan
    auth_ref: str
    method: str
    mount: str
    namespace: str
    consumer_namespace: str
    settings: Pairs = ()
    params: Pairs = ()
    headers: Pairs = ()
