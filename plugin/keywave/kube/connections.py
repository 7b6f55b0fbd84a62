"""Kept connections to one API server: a request takes one that is idle, or makes a new one. Any number of threads."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

from keywave.kube.api_server import ApiServer, KubeError, context_for, out_of_reach
from keywave.net.http1 import Cut, NotHttp, Raw, Reader, TooLarge

LARGEST = 32 << 20
"""Bytes of an answer: a page of 500 objects of 64 KiB."""
_TOKEN_SECONDS = 60.0
_CONNECT = 10.0


class Connections:
    """Sends requests. `close` ends what is under way in other threads."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        parts = urlsplit(server.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise KubeError("config", f"not the address of an API server: {server.url}")
        self._host, self._port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        self._authority, self.prefix = parts.netloc, parts.path
        self._context = context_for(server) if parts.scheme == "https" else None
        self._idle: deque[socket.socket] = deque()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._token, self._token_read = server.token, monotonic()
        self.closed = False

    def send(self, method: str, target: str, headers: bytes, body: bytes, timeout: float) -> Raw:
        """One request and its answer. A kept connection that the server closed meanwhile is no fault. Raises KubeError."""
        message = self._message(method, target, headers, body)
        end = monotonic() + timeout
        while True:
            kept = self._take()
            try:
                connection = kept or self._dial(timeout)
                return self._exchange(connection, message, end)
            except (Cut, ConnectionError) as cut:
                # A server that closes an idle connection has not read the request: nothing was answered.
                if kept and not self.closed and not getattr(cut, "started", False):
                    continue
                raise out_of_reach(self.server, OSError("cut off"), timeout) from None
            except (OSError, TooLarge, NotHttp) as problem:
                raise out_of_reach(self.server, problem, timeout) from None

    def stream(self, target: str, headers: bytes, timeout: float) -> Stream:
        """A GET whose answer comes bit by bit, over a connection of its own. Raises KubeError."""
        connection = None
        try:
            connection = self._dial(timeout)
            connection.settimeout(timeout)
            connection.sendall(self._message("GET", target, headers, b""))
            reader = Reader(connection, monotonic() + timeout, LARGEST)
            status, got = reader.opening()
        except (OSError, NotHttp) as problem:
            if connection is not None:
                self.end(connection)
            raise out_of_reach(self.server, problem, timeout) from None
        return Stream(self, connection, reader, status, got)

    def end(self, connection: socket.socket) -> None:
        """Close one; whoever reads from it in another thread wakes up."""
        with self._lock:
            self._open.discard(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()

    def close(self) -> None:
        self.closed = True
        with self._lock:
            doomed, self._open = self._open, set()
        self._idle.clear()
        for connection in doomed:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _take(self) -> socket.socket | None:
        try:
            return self._idle.pop()  # the one that was used last: the others may end by themselves
        except IndexError:
            return None

    def _dial(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), min(timeout, _CONNECT))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A peer that is gone without a word is noticed, in a watch too.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._context is not None:
            try:
                connection = self._context.wrap_socket(
                    connection, server_hostname=self.server.server_name or self._host
                )
            except (OSError, ssl.SSLError):
                connection.close()
                raise
        with self._lock:
            self._open.add(connection)
        return connection

    def _exchange(self, connection: socket.socket, message: bytes, end: float) -> Raw:
        reusable = False
        try:
            connection.settimeout(max(end - monotonic(), 0.001))
            connection.sendall(message)
            raw = Reader(connection, end, LARGEST).answer()
            reusable = raw.reusable and not self.closed
            return raw
        finally:
            if reusable:
                self._idle.append(connection)
            else:
                self.end(connection)

    def _message(self, method: str, target: str, headers: bytes, body: bytes) -> bytes:
        length = b"Content-Length: %d\r\n" % len(body) if body or method != "GET" else b""
        line = f"{method} {self.prefix}{target} HTTP/1.1\r\nHost: {self._authority}\r\n{self._authorization()}"
        return b"".join((line.encode(), headers, length, b"\r\n", body))

    def _authorization(self) -> str:
        server = self.server
        if server.token_file and monotonic() - self._token_read > _TOKEN_SECONDS:
            self._token_read = monotonic()
            with contextlib.suppress(OSError), open(server.token_file, encoding="ascii") as file:
                self._token = file.read().strip() or self._token
        if not self._token:
            return ""
        if not (self._token.isascii() and self._token.isprintable()):
            raise KubeError("config", "the token of the kubeconfig is not a token: it has signs that no token has")
        return f"Authorization: Bearer {self._token}\r\n"


class Stream:
    """An answer that comes bit by bit. `close` from another thread ends it."""

    def __init__(
        self, pool: Connections, connection: socket.socket, reader: Reader, status: int, headers: dict[bytes, bytes]
    ) -> None:
        self._pool, self._connection, self._reader, self._headers = pool, connection, reader, headers
        self.status = status

    def pieces(self, idle: float) -> Iterator[bytes]:
        """The body as it comes; at most `idle` seconds of silence. Raises as net.http1.Reader."""
        return self._reader.pieces(self._headers, idle)

    def close(self) -> None:
        self._pool.end(self._connection)


def user_agent(version: str) -> str:
    """As Kubernetes' own programs name themselves; it becomes the field manager where none is said."""
    return f"keywave-reconciler/{version} ({os.uname().sysname.lower()})"
