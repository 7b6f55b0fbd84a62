"""A fake API server that answers a TokenRequest as it is told, for what the real one does not do on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Seen(list[tuple[str, str | None, Any]]):
    """(path, Authorization, body) of each request; `url` is where to ask."""

    url = ""


@contextlib.contextmanager
def answering(status: int, body: bytes, *, wait: threading.Event | None = None) -> Iterator[Seen]:
    """Each request gets this status and body; with `wait` only when the event is set."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            seen.append((self.path, self.headers.get("Authorization"), json.loads(self.rfile.read(length))))
            if wait is not None:
                wait.wait(5)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield seen
    finally:
        if wait is not None:
            wait.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def dripping(seconds: float) -> Iterator[str]:
    """An address where an answer comes with one byte in this time, and never ends."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 201 Created\r\nX-Long: ")
                while not stop.is_set():
                    connection.sendall(b"x")
                    time.sleep(seconds)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join(5)
