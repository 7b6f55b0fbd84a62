"""Servers that stand where a Vault should be: one answers whatever comes to its mind, one says nothing, one is not there."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator

from rig.ports import free_port

ANSWERS: tuple[tuple[int, bytes], ...] = (
    (200, b'{"auth": {"client_token": 5, "lease_duration": "soon", "renewable": "x", "accessor": []}}'),
    (200, b'{"auth": {"client_token": "t", "lease_duration": 1e999, "renewable": 7, "accessor": null}}'),
    (200, b'{"auth": {"client_token": "t", "lease_duration": -5}, "data": [], "lease_id": {}, "warnings": 3}'),
    (200, b'{"auth": {"client_token": "t\\r\\nX-Evil: 1", "lease_duration": 1}}'),
    (200, b'{"initialized": "no", "sealed": [], "standby": {}, "auth": {"client_token": "t", "lease_duration": 60}}'),
    (200, b'{"data": {"data": {"a": {"b": [1, NaN, 1e400]}}, "metadata": {"version": "x"}}, "lease_duration": "1h"}'),
    (200, b'{"data": {"data": null, "metadata": null}, "lease_id": "../../x", "lease_duration": 99999999999999999999}'),
    (200, b'{"data": {"serial_number": [], "expiration": "-1", "certificate": 5, "ca_chain": {"a": 1}}}'),
    (200, b"[" * 100_000),
    (200, b"{" + b'"a":{' * 5_000 + b"}" * 5_001),
    (200, b"nothing of the kind"),
    (200, b""),
    (204, b""),
    (200, b'"text"'),
    (200, b"\xff\xfe\x00"),
    (400, b'{"errors": {"a": 1}}'),
    (403, b'{"errors": [1, null, {"x": "' + b"y" * 10_000 + b'"}]}'),
    (404, b"<html>"),
    (429, b'{"errors": ["slowly"]}'),
    (500, b'{"errors": "x"}'),
    (503, b'{"sealed": "maybe"}'),
    (999, b"{}"),
)


class Moody(http.server.BaseHTTPRequestHandler):
    """`asked`: how often, by all."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def _any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        number = Moody.asked = Moody.asked + 1
        if number % 10 == 0:
            self._answer(307, b"", Location=f"http://{self.headers['Host']}{self.path}")  # to itself
            return
        self._answer(*ANSWERS[number % len(ANSWERS)])

    do_GET = do_PUT = do_POST = do_LIST = _any

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Retry-After": "-1e9"}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has had enough."""


@contextlib.contextmanager
def hostile_addresses() -> Iterator[tuple[str, ...]]:
    with _Server(("0.0.0.0", 0), Moody) as moody, socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        threading.Thread(target=moody.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        port = moody.server_address[1]
        # As another server each, or one answer would shut the door for all.
        yield (
            *(f"http://127.0.0.{number}:{port}" for number in range(1, 7)),
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            f"https://127.0.0.1:{port}",
            f"http://127.0.0.1:{free_port()}",
            "http://name.invalid:8200",
            "http://[::1",
            "ftp://x",
        )
        moody.shutdown()
