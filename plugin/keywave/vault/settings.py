"""How to reach Vault, read as Vault's own command line reads it (https://developer.hashicorp.com/vault/docs/commands#environment-variables)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keywave.errors import UsageError
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.retrying import Retries

MOST_WORKERS = 64
"""Threads and connections; more make Vault slower, not faster."""


class ConnectOptions(NamedTuple):
    """What the command line said; "" = nothing, then the environment decides. Secrets come by file or environment only."""

    address: str = ""
    namespace: str = ""
    ca_file: str = ""
    server_name: str = ""
    timeout: str = ""
    workers: int = 8
    deadline: float = 120.0
    method: str = ""
    """Of `LOGINS`; "" = what the environment offers."""
    mount: str = ""
    role: str = ""
    token_file: str = ""
    """A Vault token (method token), or the JWT (kubernetes, jwt)."""
    audience: str = ""
    """Of the token that GitHub Actions is asked for."""
    role_id: str = ""
    secret_id_file: str = ""
    tree_addresses: bool = False
    """Whether the tree may say where Vault is: the login is sent there."""


class Settings(NamedTuple):
    """`address` is a URL without a slash at its end; `namespace` is where keywave logs in (each request names its own).

    `timeout`: seconds for one request from first to last byte; `deadline`: seconds for everything. `limit`: bytes of one answer."""

    address: str
    namespace: str = ""
    ca_file: str = ""
    server_name: str = ""
    skip_verify: bool = False
    timeout: float = 10.0
    deadline: float = 120.0
    workers: int = 8
    ca_path: str = ""
    client_cert: str = ""
    client_key: str = ""
    proxy: Masked = NO_TEXT
    """URL, perhaps with a password."""
    retries: Retries = Retries()
    limit: int = 16 * 1024 * 1024


def settings_from(environ: Mapping[str, str], options: ConnectOptions) -> Settings:
    """Settings by options first, then VAULT_ADDR, VAULT_NAMESPACE, VAULT_CACERT, VAULT_CAPATH, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY,
    VAULT_TLS_SERVER_NAME, VAULT_SKIP_VERIFY, VAULT_CLIENT_TIMEOUT, VAULT_MAX_RETRIES and the proxy variables.

    Raises UsageError for what is missing or has no meaning. There is no default address: on a CI machine it would be a wrong one.
    """
    address = (options.address or environ.get("VAULT_ADDR", "")).strip()
    if not address:
        raise UsageError("no address of Vault", hint="set VAULT_ADDR, such as https://vault.example.com:8200")
    from keywave.vault.origin import origin_of
    from keywave.vault.proxies import proxy_for

    origin = origin_of(address, "VAULT_ADDR")
    retries = environ.get("VAULT_MAX_RETRIES", "").strip()
    if retries and not (retries.isascii() and retries.isdigit() and len(retries) < 10):
        raise UsageError(f"VAULT_MAX_RETRIES is not a number: {retries!r}")
    return Settings(
        address=origin.url,
        namespace=(options.namespace or environ.get("VAULT_NAMESPACE", "")).strip().strip("/"),
        ca_file=options.ca_file or environ.get("VAULT_CACERT", ""),
        # As in Vault's own: VAULT_CACERT wins.
        ca_path="" if options.ca_file or environ.get("VAULT_CACERT") else environ.get("VAULT_CAPATH", ""),
        server_name=options.server_name or environ.get("VAULT_TLS_SERVER_NAME", ""),
        skip_verify=_truth("VAULT_SKIP_VERIFY", environ.get("VAULT_SKIP_VERIFY", "")),
        timeout=_seconds(options.timeout or environ.get("VAULT_CLIENT_TIMEOUT", "")) or Settings(address).timeout,
        deadline=_positive(options.deadline),
        workers=min(max(1, options.workers), MOST_WORKERS),
        client_cert=environ.get("VAULT_CLIENT_CERT", ""),
        client_key=environ.get("VAULT_CLIENT_KEY", ""),
        proxy=proxy_for(origin, environ),
        retries=Retries(attempts=min(int(retries), 20) + 1) if retries else Retries(),
    )


def cautions(settings: Settings) -> tuple[str, ...]:
    """What should be said to whoever connects this way."""
    said = []
    if settings.skip_verify and settings.address.startswith("https:"):
        said.append("Vault's certificate is not verified (VAULT_SKIP_VERIFY): anybody on the way can pose as Vault")
    return tuple(said)


def _positive(seconds: float) -> float:
    if not 0 < seconds < float("inf"):  # nan is neither
        raise UsageError(f"the deadline is no time above 0: {seconds:g} s")
    return seconds


def _truth(name: str, text: str) -> bool:
    """As Go's strconv.ParseBool."""
    if text in ("", "0", "f", "F", "false", "FALSE", "False"):
        return False
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    raise UsageError(f"{name} is neither true nor false: {text!r}")


def _seconds(text: str) -> float:
    """`90`, `90s`, `1m30s`, `500ms`; "" = 0. Zero means "no limit" to Vault's command line; here it is the default."""
    import re

    if not text:
        return 0.0
    if re.fullmatch(r"[0-9]{1,6}", text):
        return float(text)
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    if not re.fullmatch(r"([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h))+", text):
        raise UsageError(f"not a time in VAULT_CLIENT_TIMEOUT: {text!r}", hint="such as 30s or 1m")
    return sum(float(number) * units[unit] for number, _, unit in re.findall(r"([0-9]+(\.[0-9]+)?)(ms|s|m|h)", text))
