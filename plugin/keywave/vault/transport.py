"""Requests over kept connections: a pool for each server, one end for each request, faults as `OutOfReach`. Knows HTTP, not Vault.

Any number of threads may send at once; each has a connection of its own while it does.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections import deque
from time import monotonic

from keywave.net.http1 import Cut, NotHttp, Raw, Reader, TooLarge
from keywave.vault.dialling import Dialler
from keywave.vault.faults import OutOfReach
from keywave.vault.origin import Origin
from keywave.vault.tls import handshake_fault

IDLE = 30.0
"""Seconds after which a kept connection is not used any more: servers and what is between close them without a word."""


class Transport:
    """Sends. `limit` is the largest body in bytes; `keep` False: each request over a connection of its own. After `close` nothing is sent
    any more and what is under way ends at once."""

    def __init__(self, dialler: Dialler, limit: int, *, keep: bool = True) -> None:
        self._dialler, self._limit, self._keep = dialler, limit, keep
        self._idle: dict[Origin, deque[tuple[socket.socket, float]]] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.closed = False

    def send(
        self, origin: Origin, method: str, target: str, headers: bytes, body: bytes, end: float, *, apart: bool = False
    ) -> Raw:
        """One request, one answer. `headers` are whole lines; `end` is by time.monotonic; `apart`: over a connection of its own.

        A kept connection that the server has closed meanwhile is no fault: the request goes over a new one. Raises OutOfReach.
        """
        keep = self._keep and not apart
        line = f"{method} {self._dialler.target(origin, target)} HTTP/1.1\r\nHost: {origin.authority}\r\n"
        length = b"Content-Length: %d\r\n" % len(body) if body or method in ("POST", "PUT") else b""
        message = b"".join((line.encode(), headers, length, b"\r\n", body))
        seconds = max(round(end - monotonic(), 1), 0.1)
        while True:
            kept = self._kept(origin) if keep else None
            connection = kept or self._dial(origin, end)
            try:
                return self._exchange(origin, connection, message, end, keep)
            except TimeoutError:
                # The server may be gone: the others would each take as long. Who asks next finds out over a new one.
                self._drop_idle(origin)
                if kept and not self.closed and monotonic() < end:  # the system found out that nobody is there
                    continue
                raise OutOfReach(
                    "timeout", f"{self._where(origin)} did not answer within {seconds:g} s", transient=True
                ) from None
            except Cut as cut:
                if kept and not cut.started and not self.closed:
                    continue
                raise self._cut(origin, cut.started) from None
            except TooLarge:
                size = f"{self._limit / 1048576:.3g} MiB"
                raise OutOfReach("too-large", f"{self._where(origin)} sent an answer of more than {size}") from None
            except NotHttp:
                hint = "does VAULT_ADDR name Vault itself?"
                raise OutOfReach("server-error", f"{self._where(origin)} does not speak HTTP", hint=hint) from None
            except OSError as error:
                if kept and not self.closed:
                    continue
                if (
                    isinstance(error, ssl.SSLError) and error.reason
                ):  # TLS 1.3 asks for a client's certificate this late
                    raise handshake_fault(error, self._where(origin), origin.host) from None
                raise self._cut(origin, False) from None

    def close(self) -> None:
        """End everything; requests that other threads wait for fail at once."""
        self.closed = True
        with self._lock:
            doomed, self._open = self._open, set()
            self._idle.clear()
        for connection in doomed:
            with contextlib.suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _exchange(self, origin: Origin, connection: socket.socket, message: bytes, end: float, keep: bool) -> Raw:
        reusable = False
        try:
            connection.settimeout(max(end - monotonic(), 0.001))
            connection.sendall(message)
            raw = Reader(connection, end, self._limit).answer()
            reusable = raw.reusable and keep
            return raw
        finally:
            if not (reusable and self._park(origin, connection)):
                self._end(connection)

    def _park(self, origin: Origin, connection: socket.socket) -> bool:
        """Keeps it for the next request; those that lie idle for long are ended. False after `close`."""
        now = monotonic()
        with self._lock:
            if self.closed:
                return False
            idle = self._idle.setdefault(origin, deque())
            old = []
            while idle and now - idle[0][1] > IDLE:
                old.append(idle.popleft()[0])
            idle.append((connection, now))
        for one in old:
            self._end(one)
        return True

    def _kept(self, origin: Origin) -> socket.socket | None:
        """The one that was used last: the others may end by themselves."""
        try:
            connection, since = self._idle[origin].pop()
        except (KeyError, IndexError):
            return None
        if monotonic() - since <= IDLE:
            return connection
        self._end(connection)
        self._drop_idle(origin)  # they are older still
        return None

    def _drop_idle(self, origin: Origin) -> None:
        with self._lock:
            idle = self._idle.pop(origin, ())
        for connection, _ in idle:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _dial(self, origin: Origin, end: float) -> socket.socket:
        self._check_open()
        connection = self._dialler.dial(origin, end)
        with self._lock:
            try:
                self._check_open()
            except OutOfReach:  # closed meanwhile by another thread: nobody else would end this one
                connection.close()
                raise
            self._open.add(connection)
        return connection

    def _check_open(self) -> None:
        if self.closed:
            raise OutOfReach("refused", "the session is closed")

    def _cut(self, origin: Origin, started: bool) -> OutOfReach:
        where = self._where(origin)
        if started:
            return OutOfReach(
                "server-error", f"{where} ended the connection in the middle of an answer", transient=True
            )
        return OutOfReach("refused", f"{where} ended the connection without an answer", transient=True)

    def _where(self, origin: Origin) -> str:
        return self._dialler.where(origin)
