"""A connection to a server: name, TCP, a proxy's tunnel, TLS, all within one time."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from time import monotonic

from keywave.net.http1 import Cut, NotHttp, Reader, TooLarge
from keywave.vault.faults import OutOfReach
from keywave.vault.masked import NO_TEXT, Masked
from keywave.vault.origin import Origin
from keywave.vault.tls import handshake_fault

Addresses = list[tuple[int, tuple[object, ...]]]
_MOST = 64
"""Hosts whose addresses are kept. There is one, and what it redirects to."""
_GONE = 10
"""Seconds without a sign of life from the other machine after which a connection counts as ended."""


class Dialler:
    """Dials any origin. `called` names the servers in messages ("Vault")."""

    def __init__(
        self, context: ssl.SSLContext | None, *, called: str = "Vault", server_name: str = "", proxy: Masked = NO_TEXT
    ) -> None:
        self._context, self._called, self._server_name = context, called, server_name
        self._proxy, self._credentials = _proxy_of(proxy)
        self._known: dict[tuple[str, int], Addresses] = {}

    def forget(self) -> None:
        """Ask for the addresses again: in a process that lives for months, Vault moves."""
        self._known.clear()

    def where(self, origin: Origin) -> str:
        via = f" (by the proxy {self._proxy[0]}:{self._proxy[1]})" if self._proxy else ""
        return f"{self._called} at {origin.url}{via}"

    def target(self, origin: Origin, path: str) -> str:
        """What stands in the request line: the whole URL for a proxy of plain HTTP."""
        return f"{origin.scheme}://{origin.authority}{path}" if self._proxy and origin.scheme == "http" else path

    def dial(self, origin: Origin, end: float) -> socket.socket:
        """A connection ready for a request. Raises OutOfReach."""
        host, port = self._proxy or (origin.host, origin.port)
        plain = self._connect(origin, host, port, end)
        if origin.scheme == "http":
            return plain
        try:
            if self._proxy:
                self._tunnel(origin, plain, end)
            plain.settimeout(max(end - monotonic(), 0.001))
            name = self._server_name or origin.host
            assert self._context is not None
            return self._context.wrap_socket(plain, server_hostname=name)
        except TimeoutError:
            plain.close()
            raise OutOfReach(
                "timeout", f"{self.where(origin)} did not end the TLS handshake in time", transient=True
            ) from None
        except (OSError, ValueError) as error:
            plain.close()
            fault = error if isinstance(error, OSError) else OSError()
            raise handshake_fault(fault, self.where(origin), self._server_name or origin.host) from None
        except BaseException:
            plain.close()
            raise

    def _connect(self, origin: Origin, host: str, port: int, end: float) -> socket.socket:
        fault: OSError = OSError()
        addresses = self._addresses(origin, host, port, end)
        for number, (family, address) in enumerate(addresses):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                # One address that swallows everything (a broken route for IPv6) leaves time for the next.
                connection.settimeout(max((end - monotonic()) / (len(addresses) - number), 0.001))
                connection.connect(address)
                _watched(connection)
                return connection
            except OSError as error:
                connection.close()
                fault = error
        where = self.where(origin)
        if isinstance(fault, TimeoutError):
            raise OutOfReach("timeout", f"{where} did not accept the connection in time", transient=True)
        if fault.errno == errno.ECONNREFUSED:
            raise OutOfReach("refused", f"{where} refused the connection", transient=True)
        told = (fault.strerror or "no way there").lower()
        raise OutOfReach("refused", f"{where} cannot be reached: {told}", transient=True)

    def _addresses(self, origin: Origin, host: str, port: int, end: float) -> Addresses:
        """Looked up once, in a thread of its own, since a resolver takes no time limit."""
        known = self._known.get((host, port))
        if known is not None:
            return known
        found: list[Addresses] = []

        def look_up() -> None:
            try:
                rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError):
                rows = []
            found.append([(row[0], row[4]) for row in rows])

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(max(end - monotonic(), 0.001))
        if not found:
            raise OutOfReach("timeout", f"{self.where(origin)}: looking up {host} took too long", transient=True)
        if not found[0]:
            raise OutOfReach("name", f"{self.where(origin)}: the host {host} has no address")
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[host, port] = found[0]
        return found[0]

    def _tunnel(self, origin: Origin, connection: socket.socket, end: float) -> None:
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        credentials = f"Proxy-Authorization: Basic {self._credentials.reveal()}\r\n" if self._credentials else ""
        to = f"{host}:{origin.port}"
        connection.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{credentials}\r\n".encode())
        try:
            status = Reader(connection, end, 65536).head_only()
        except (Cut, NotHttp, TooLarge):
            status = 0
        if status != 200:
            connection.close()
            told = f" ({status})" if status else ""
            hint = "set NO_PROXY for Vault's host, or let the proxy pass it"
            raise OutOfReach("refused", f"{self.where(origin)}: the proxy refused the connection{told}", hint=hint)


def _watched(connection: socket.socket) -> None:
    """A machine that vanishes without a word is noticed, where the system can do that: else a request waits for all of its time."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", _GONE),
        ("TCP_KEEPINTVL", _GONE // 2),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", _GONE * 1000),
    ):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _proxy_of(proxy: Masked) -> tuple[tuple[str, int] | None, Masked]:
    """Host and port, and the credentials as Basic wants them."""
    if not proxy:
        return None, NO_TEXT
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    from keywave.errors import UsageError

    try:
        parts = urlsplit(proxy.reveal())
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if not host:
        raise UsageError("the address of the proxy has no host", hint="such as http://proxy.example.com:3128") from None
    if parts.username is None:
        return (host, port), NO_TEXT
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return (host, port), Masked(b64encode(pair.encode()).decode())
