"""Which proxy leads to Vault, as Vault's own command line decides it: VAULT_PROXY_ADDR or VAULT_HTTP_PROXY for everything, else
HTTPS_PROXY or HTTP_PROXY (small letters too) without what NO_PROXY names; never for loopback
(https://pkg.go.dev/golang.org/x/net/http/httpproxy)."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.errors import UsageError
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.origin import Origin


def proxy_for(origin: Origin, environ: Mapping[str, str]) -> Masked:
    """The proxy's URL, masked since it may hold a password; NO_TEXT for none. Raises UsageError for a proxy that is not http."""
    own = environ.get("VAULT_PROXY_ADDR") or environ.get("VAULT_HTTP_PROXY") or ""
    if own:
        return _checked(own, "VAULT_PROXY_ADDR" if environ.get("VAULT_PROXY_ADDR") else "VAULT_HTTP_PROXY")
    name = "HTTPS_PROXY" if origin.scheme == "https" else "HTTP_PROXY"
    # A CGI server sets HTTP_PROXY from a request's header: there the caller would choose the proxy.
    if name == "HTTP_PROXY" and environ.get("REQUEST_METHOD"):
        return NO_TEXT
    url = environ.get(name) or environ.get(name.lower()) or ""
    excepted = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if not url or is_loopback(origin.host) or _excepts(excepted, origin.host, origin.port):
        return NO_TEXT
    return _checked(url, name)


def _checked(url: str, name: str) -> Masked:
    full = url if "://" in url else f"http://{url}"
    if not full.startswith("http://"):
        scheme = full.partition("://")[0]
        raise UsageError(
            f"{name} is a {scheme} proxy; only http:// proxies are supported", hint=f"unset {name} or add NO_PROXY"
        )
    return Masked(full)


def is_loopback(host: str) -> bool:
    """Of a name or address, without asking for its addresses."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _excepts(listed: str, host: str, port: int) -> bool:
    return any(_matches(entry.strip().lower(), host.lower().rstrip("."), port) for entry in listed.split(","))


def _matches(entry: str, host: str, port: int) -> bool:
    import ipaddress

    if entry in ("", "*"):
        return entry == "*"
    try:
        # A range of addresses holds addresses only; names are not resolved for it.
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and name.count(":") == 0:
        if int(wanted) != port:
            return False
        entry = name
    if entry.startswith("*."):
        entry = entry[1:]
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith(f".{entry}")
