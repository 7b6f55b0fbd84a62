"""A proxy of HTTP before a real server that goes wrong on request: for a path, for some times, after some times.

What is not to go wrong is passed on to the real server and back. Threads of its own, no program.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOPS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date"})


@dataclass(frozen=True)
class Asked:
    """One request as it came. `path` has no /v1/ and no query."""

    method: str
    path: str
    namespace: str = ""


Fault = Callable[["Handler"], None]


@dataclass
class _Rule:
    fault: Fault
    path: str
    times: int
    after: int
    method: str

    def takes(self, asked: Asked) -> bool:
        if not asked.path.startswith(self.path) or self.method not in ("", asked.method):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


@dataclass
class FaultProxy:
    """`url` is what the product gets as Vault's address. `asked`: what came, in order."""

    url: str
    upstream: str
    namespaces: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, fault: Fault, path: str = "", *, times: int = 1_000_000, after: int = 0, method: str = "") -> None:
        """From now on requests whose path starts with `path` meet the fault, `times` times, not before `after` of them passed."""
        with self._lock:
            self._rules.append(_Rule(fault, path, times, after, method))

    def heal(self) -> None:
        """No fault any more."""
        with self._lock:
            self._rules.clear()

    def route(self, namespace: str, upstream: str) -> None:
        """Requests with this X-Vault-Namespace go to another server: the open-source Vault has no namespaces."""
        self.namespaces[namespace] = upstream

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def fault_of(self, asked: Asked) -> Fault | None:
        with self._lock:
            self.asked.append(asked)
            return next((rule.fault for rule in self._rules if rule.takes(asked)), None)


# Faults


def answers(
    status: int, body: Any = None, *, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Fault:
    """Any answer; a body that is no bytes is sent as JSON, None as Vault's empty list of errors."""
    data = body if isinstance(body, bytes) else json.dumps({"errors": []} if body is None else body).encode()

    def fault(handler: Handler) -> None:
        handler.give(status, {"Content-Type": kind, **(headers or {})}, data)

    return fault


def rate_limited(retry_after: str = "1") -> Fault:
    body = {"errors": ['request path "x": rate limit quota exceeded']}
    return answers(429, body, headers={"Retry-After": retry_after} if retry_after else {})


def server_error(status: int, text: str = "internal error") -> Fault:
    return answers(status, {"errors": [text]})


def sealed() -> Fault:
    """As a sealed Vault answers everything but its health."""
    return answers(503, {"errors": ["Vault is sealed"]})


def standby(address: str) -> Fault:
    """As a standby node that forwards nothing: to the same path at another address."""

    def fault(handler: Handler) -> None:
        handler.give(307, {"Location": address + handler.path}, b"")

    return fault


def redirected(location: str, status: int = 302) -> Fault:
    """To one fixed place: a login page before Vault."""
    return answers(status, b"", headers={"Location": location})


def not_json(text: bytes = b"<html>Sign in</html>", status: int = 200) -> Fault:
    return answers(status, text, kind="text/html")


def huge(size: int = 200 * 1024 * 1024, *, chunked: bool = False) -> Fault:
    """A JSON text of `size` bytes, made while it is sent."""

    def fault(handler: Handler) -> None:
        block = b"x" * 65536
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size + 2}"
        with contextlib.suppress(OSError):
            handler.connection.sendall(
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode()
            )
            for _ in range(size // len(block)):
                handler.connection.sendall(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
        handler.close_connection = True

    return fault


def slow(seconds: float = 0.2) -> Fault:
    """A byte at a time, with a pause after each, for as long as somebody reads."""

    def fault(handler: Handler) -> None:
        text = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n" + b" " * 900
        with contextlib.suppress(OSError):
            for at in range(len(text)):
                handler.connection.sendall(text[at : at + 1])
                time.sleep(seconds)
        handler.close_connection = True

    return fault


def silent(seconds: float = 30.0) -> Fault:
    """No answer at all, until the client goes or `seconds` are over."""

    def fault(handler: Handler) -> None:
        handler.connection.settimeout(seconds)
        with contextlib.suppress(OSError):
            handler.connection.recv(1)
        handler.close_connection = True

    return fault


def cut(after: int = 40) -> Fault:
    """The connection ends `after` bytes of a body; with 0 before any answer."""

    def fault(handler: Handler) -> None:
        with contextlib.suppress(OSError):
            if after:
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
                handler.connection.sendall(head + b'{"data":' + b" " * (after - 8))
            handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    return fault


def then(act: Callable[[], None]) -> Fault:
    """Do something (rewrite a policy, revoke a token) and pass the request on."""

    def fault(handler: Handler) -> None:
        act()
        handler.forward()

    return fault


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one to the real server."""

    protocol_version = "HTTP/1.1"
    proxy: FaultProxy
    body = b""
    # Head and body of an answer leave in one packet.
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._upstreams: dict[str, http.client.HTTPConnection] = {}

    def finish(self) -> None:
        for upstream in self._upstreams.values():
            upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def handle_one(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path.removeprefix("/v1/")
        fault = self.proxy.fault_of(Asked(self.command, path, self.headers.get("X-Vault-Namespace") or ""))
        if fault is None:
            self.forward()
        else:
            fault(self)

    do_GET = do_LIST = do_POST = do_PUT = do_DELETE = handle_one

    def do_CONNECT(self) -> None:
        """A tunnel, for tests of proxies: bytes both ways until one side ends."""
        fault = self.proxy.fault_of(Asked("CONNECT", self.path))
        self.close_connection = True
        if fault is not None:
            fault(self)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as other:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(other, self.connection), daemon=True)
            back.start()
            _pump(self.connection, other)
            back.join(5)

    def forward(self) -> None:
        namespace = self.headers.get("X-Vault-Namespace") or ""
        base = self.proxy.namespaces.get(namespace, self.proxy.upstream)
        if base not in self._upstreams:
            self._upstreams[base] = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
        dropped = {"host", "x-vault-namespace"} if namespace in self.proxy.namespaces else {"host"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
        parts = urlsplit(self.path)  # a client that takes this for its proxy sends the whole URL
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._upstreams[base].request(self.command, target, self.body or None, headers)
        answer = self._upstreams[base].getresponse()
        data = answer.read()
        self.give(answer.status, {n: v for n, v in answer.getheaders() if n.lower() not in HOPS}, data)

    def give(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what these tests are about."""


@contextlib.contextmanager
def fault_proxy(upstream: str, context: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """A proxy on a free loopback port before `upstream` (http://host:port), with TLS when a context is given (rig.tls)."""

    class Bound(Handler):
        """The handler of this one proxy."""

    server = _Server(("127.0.0.1", 0), Bound)
    if context is not None:
        # The handshake in the client's thread, not in the one that accepts.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    port = server.server_address[1]
    proxy = FaultProxy(f"{'https' if context else 'http'}://127.0.0.1:{port}", upstream)
    Bound.proxy = proxy
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
