"""Kept connections to one API server: a request takes one that is idle, or makes a new one. Any number of threads."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import NamedTuple
from urllib.parse import urlsplit

from keywave.kube.api_server import ApiServer, KubeError, context_for, out_of_reach
from keywave.net.http1 import Cut, NotHttp, Raw, Reader, TooLarge

LARGEST = 32 << 20
"""Bytes of an answer: a page of 500 objects of 64 KiB."""
_TOKEN_SECONDS = 60.0
_CONNECT = 10.0
_IDLE_SECONDS = 30.0
"""Far below the 90 s after which an API server ends an idle connection: one that we take is not about to be closed."""
_UNHEARD_SECONDS = 20
"""Without an answer of the peer's TCP to what was sent, a keep-alive among that, a connection is dead."""
_TWICE_IS_ONCE = frozenset({"GET", "PATCH", "DELETE"})
"""Our patches are applies and merge patches. A POST makes something, a PUT would meet the version that it made itself."""


class _Idle(NamedTuple):
    connection: socket.socket
    since: float


class Connections:
    """Sends requests. `close` ends what is under way in other threads. `now` in seconds, never going back."""

    def __init__(self, server: ApiServer, *, now: Callable[[], float] = monotonic) -> None:
        self.server, self._now = server, now
        parts = urlsplit(server.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise KubeError("config", f"not the address of an API server: {server.url}")
        self._host, self._port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        self._authority, self.prefix = parts.netloc, parts.path
        self._context = context_for(server) if parts.scheme == "https" else None
        self._idle: deque[_Idle] = deque()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._token, self._token_read = server.token, now()
        self.closed = False

    def send(self, method: str, target: str, headers: bytes, body: bytes, timeout: float) -> Raw:
        """One request and its answer. A kept connection that was cut meanwhile is no fault where nothing was answered and the request may
        be sent twice. Raises KubeError."""
        message = self._message(method, target, headers, body)
        end = monotonic() + timeout
        while True:
            kept = self._take()
            try:
                connection = kept or self._dial(timeout)
                return self._exchange(connection, message, end)
            except (Cut, ConnectionError) as cut:
                silent = not getattr(cut, "started", False)
                if kept and silent and method in _TWICE_IS_ONCE and not self.closed:
                    continue
                raise out_of_reach(self.server, OSError("cut off"), timeout) from None
            except (OSError, TooLarge, NotHttp) as problem:
                if isinstance(problem, TimeoutError):
                    self._end_idle()  # what one has met, the others would meet, each for its whole time
                raise out_of_reach(self.server, problem, timeout) from None

    def stream(self, target: str, headers: bytes, timeout: float) -> Stream:
        """A GET whose answer comes bit by bit, over a connection of its own. Raises KubeError."""
        message = self._message("GET", target, headers, b"")
        connection = None
        try:
            connection = self._dial(timeout)
            connection.settimeout(timeout)
            connection.sendall(message)
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
        """One that is alive, as far as can be seen; None where there is none."""
        since = self._now() - _IDLE_SECONDS
        while True:
            old = []
            with self._lock:
                while self._idle and self._idle[0].since < since:
                    old.append(self._idle.popleft().connection)
                # The one that was used last: the others get old, and end.
                newest = self._idle.pop().connection if self._idle else None
            for connection in old:
                self.end(connection)
            if newest is None or not _spoken(newest):
                return newest
            self.end(newest)

    def _end_idle(self) -> None:
        with self._lock:
            doomed, self._idle = self._idle, deque()
        for connection, _ in doomed:
            self.end(connection)

    def _dial(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), min(timeout, _CONNECT))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _notice_silence(connection)
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
                with self._lock:
                    self._idle.append(_Idle(connection, self._now()))
            else:
                self.end(connection)

    def _message(self, method: str, target: str, headers: bytes, body: bytes) -> bytes:
        length = b"Content-Length: %d\r\n" % len(body) if body or method != "GET" else b""
        line = f"{method} {self.prefix}{target} HTTP/1.1\r\nHost: {self._authority}\r\n{self._authorization()}"
        return b"".join((line.encode(), headers, length, b"\r\n", body))

    def _authorization(self) -> str:
        server = self.server
        if server.token_file and self._now() - self._token_read > _TOKEN_SECONDS:
            self._token_read = self._now()
            with contextlib.suppress(OSError, ValueError), open(server.token_file, encoding="ascii") as file:
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
        self._pool, self._connection, self._reader = pool, connection, reader
        self.status, self.headers = status, headers

    def pieces(self, idle: float) -> Iterator[bytes]:
        """The body as it comes; at most `idle` seconds of silence. Raises as net.http1.Reader."""
        return self._reader.pieces(self.headers, idle)

    def close(self) -> None:
        self._pool.end(self._connection)


def _spoken(connection: socket.socket) -> bool:
    """Whether something came on a connection that waits for nothing: its end, mostly."""
    asked = select.poll()
    asked.register(connection, select.POLLIN)
    return bool(asked.poll(0))


def _notice_silence(connection: socket.socket) -> None:
    """A peer that is gone without a word is noticed, in a watch too. Where the system has the options; Linux has."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wanted = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_USER_TIMEOUT": _UNHEARD_SECONDS * 1000}
    for name, value in wanted.items():
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


def user_agent(version: str) -> str:
    """As Kubernetes' own programs name themselves; it becomes the field manager where none is said."""
    return f"keywave-reconciler/{version} ({os.uname().sysname.lower()})"
