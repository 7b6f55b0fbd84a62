"""A network between two processes that is slow, stops, cuts off or refuses when it is told to. It sees bytes, so TLS may go through it.

What `rig.fault_proxy` does to one HTTP request, this one does to every connection, those that are open too.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from rig.ports import free_port

_BLOCK = 65536
_SLOW_BLOCK = 1400


class TcpProxy:
    """`address` host:port. `upstream` may be changed: new connections go to the new one. `accepted`: connections that came so far."""

    def __init__(self, upstream: str) -> None:
        self.upstream, self.accepted = upstream, 0
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._flows = threading.Event()
        self._flows.set()
        self._pause, self._left = 0.0, -1
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ended = False
        self._listener: socket.socket | None = self._listen()

    def stall(self) -> None:
        """No byte goes on, in either direction; connections stay."""
        self._flows.clear()

    def slow(self, pause: float) -> None:
        """A packet at a time, `pause` seconds before each."""
        self._pause = pause

    def cut(self, after: int = 0) -> None:
        """Every connection is reset; with `after`, the one that carries the answers' byte of that number from now on, and then all."""
        if after:
            self._left = after
        else:
            self._reset()

    def refuse(self) -> None:
        """Nobody listens, and what was open is reset."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
        self._reset()

    def heal(self) -> None:
        """As new. Connections that were open and are not cut go on."""
        self._pause, self._left = 0.0, -1
        self._flows.set()
        if self._listener is None and not self._ended:
            self._listener = self._listen()

    def end(self) -> None:
        self._ended = True
        self.refuse()
        self._flows.set()

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.accepted += 1
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        self._flows.wait()
        host, _, port = self.upstream.rpartition(":")
        try:
            server = socket.create_connection((host, int(port)), timeout=10)
        except OSError:
            _abort(client)
            return
        server.settimeout(None)
        with self._lock:
            gone = client not in self._open
            self._open |= set() if gone else {server}
        if not gone:
            back = threading.Thread(target=self._pump, args=(client, server, False), daemon=True)
            back.start()
            self._pump(server, client, True)
            back.join()
        with self._lock:
            self._open -= {client, server}
        client.close()
        server.close()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(_SLOW_BLOCK if self._pause else _BLOCK):
                self._flows.wait()
                if self._pause:
                    time.sleep(self._pause)
                if answers and self._left >= 0:
                    self._left -= len(data)
                    if self._left < 0:
                        sink.sendall(data[: max(len(data) + self._left, 0)])
                        self._reset()
                        return
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        with self._lock:
            opened, self._open = self._open, set()
        for each in opened:
            _abort(each)


def _abort(connection: socket.socket) -> None:
    """With RST instead of FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A thread that waits in recv keeps the socket alive in the kernel: the end of both directions wakes it.
        connection.shutdown(socket.SHUT_RD)
    connection.close()


@contextlib.contextmanager
def tcp_proxy(url: str) -> Iterator[TcpProxy]:
    """Before the server of a URL or host:port."""
    proxy = TcpProxy(urlsplit(url).netloc or url)
    try:
        yield proxy
    finally:
        proxy.end()
