"""/metrics, /healthz, /readyz: bounded, in threads of their own."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from typing import Any

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class HttpServer:
    """`healthy` and `ready` give "" or what is wrong. Raises OSError where the address cannot be taken."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        metrics: Callable[[], str],
        healthy: Callable[[], str],
        ready: Callable[[], str],
    ) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10  # seconds that a slow client may take

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, metrics())
                elif path in ("/healthz", "/readyz"):
                    wrong = healthy() if path == "/healthz" else ready()
                    self._answer(503 if wrong else 200, f"{wrong or 'ok'}\n")
                else:
                    self._answer(404, "there are /metrics, /healthz and /readyz\n")

            def _answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", _TEXT)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Probes are no news."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away."""

        self._server = Server(address, Handler)
        self.port = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
