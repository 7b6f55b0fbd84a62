"""/metrics, /healthz, /readyz: bounded in number and time, each in a thread of its own."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from keywave.errors import KeywaveError

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_MOST = 32
"""Requests at once. One more cuts off the oldest: who sends slowly must not keep the kubelet's probes out."""
_SECONDS = 10


class CannotListen(KeywaveError):
    """The address is taken, or not ours."""

    exit_code = 3


class HttpServer:
    """`healthy` and `ready` give "" or what is wrong. Host "" is every address of the machine, of IPv4 and IPv6. `failed` hears of an
    exception in one of the three. Raises CannotListen."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        metrics: Callable[[], str],
        healthy: Callable[[], str],
        ready: Callable[[], str],
        failed: Callable[[BaseException], None] = lambda bug: None,
    ) -> None:
        def text_of(path: str) -> tuple[int, str]:
            if path == "/metrics":
                return 200, metrics()
            if path not in ("/healthz", "/readyz"):
                return 404, "there are /metrics, /healthz and /readyz\n"
            wrong = healthy() if path == "/healthz" else ready()
            return (503 if wrong else 200), f"{wrong or 'ok'}\n"

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = _SECONDS
            server_version, sys_version = "keywave", ""

            def do_GET(self) -> None:
                try:
                    status, text = text_of(self.path.partition("?")[0])
                except Exception as bug:
                    failed(bug)
                    status, text = 500, "a bug in keywave\n"
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", _TEXT)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Probes are no news."""

        try:
            self._server = _Server(address, Handler)
        except (OSError, OverflowError) as problem:
            told = problem.strerror if isinstance(problem, OSError) else "no such port"
            hint = "give another --metrics-address"
            raise CannotListen(f"cannot listen at {address[0]}:{address[1]}: {told}", hint=hint) from None
        self.port = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        host, port = address
        if not host and socket.has_dualstack_ipv6():
            host = "::"
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: OrderedDict[int, socket.socket] = OrderedDict()
        self._lock = threading.Lock()
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6 and self.server_address[0] == "::":
            # A cluster may have Pods of either kind, and the kubelet asks the Pod's own address.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open[id(request)] = request
            oldest = self._open.popitem(last=False)[1] if len(self._open) > _MOST else None
        if oldest is not None:
            with contextlib.suppress(OSError):
                oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(id(request), None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away."""
