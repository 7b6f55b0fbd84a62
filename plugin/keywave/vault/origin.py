"""An address as scheme, host, port and path prefix. Pure."""

from __future__ import annotations

from typing import NamedTuple

from keywave.errors import UsageError


class Origin(NamedTuple):
    """`prefix` is the path before `/v1/`: "" or `/vault`."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """For the Host header and messages: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.prefix}"


DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str, called: str) -> Origin:
    """Read an address; `called` is what the user calls it. Raises UsageError, without the URL where it may hold a password."""
    from urllib.parse import urlsplit

    if not url.isprintable() or not url.isascii() or " " in url:
        raise UsageError(f"{called} is not an address: it has signs that no address has")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(f"{called} is not an address", hint="such as https://vault.example.com:8200") from None
    if "@" in parts.netloc:
        raise UsageError(f"{called} holds a name or password before the @; Vault takes none")
    if parts.scheme not in DEFAULT_PORTS or not host:
        hint = "such as https://vault.example.com:8200"
        raise UsageError(f"{called} is neither http:// nor https://: {url!r}", hint=hint)
    if parts.query or parts.fragment:
        raise UsageError(f"{called} has a ? or # that an address has not")
    return Origin(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port, parts.path.rstrip("/"))
