"""A server whose every byte the test writes: what a real API server does only at bad moments."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

CUT, RESET, HOLD = "cut", "reset", "hold"
"""The connection ends as one ends it; by a reset; stays open, with nothing more, until the test is over."""
Script = Iterable[bytes | str]


class Asked(NamedTuple):
    """`connection`: the number of it."""

    connection: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Scripted:
    """`answer(asked)` is what is written for a request; then the next one may come on the same connection."""

    def __init__(self, answer: Callable[[Asked], Script]) -> None:
        self.answer, self.asked = answer, list[Asked]()
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        for connection in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def cut_all(self) -> None:
        """As a server that goes ends its idle connections."""
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def count(self, **query: str) -> int:
        """Requests with these words in their query."""
        return sum(query.items() <= asked.query.items() for asked in list(self.asked))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            for number in range(100_000):
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                method, target, _ = line.decode().split(" ")
                headers = {}
                while text := reader.readline().decode().strip():
                    name, _, value = text.partition(": ")
                    headers[name.lower()] = value
                body = reader.read(int(headers.get("content-length", 0)))
                parts = urlsplit(target)
                asked = Asked(
                    number,
                    method,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    headers,
                    json.loads(body) if body else None,
                )
                self.asked.append(asked)
                for piece in self.answer(asked):
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    elif piece == HOLD:
                        self.over.wait(30)
                        return
                    else:
                        if piece == RESET:
                            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        else:
                            connection.shutdown(socket.SHUT_RDWR)
                        return


@contextlib.contextmanager
def scripted(answer: Callable[[Asked], Script]) -> Iterator[Scripted]:
    server = Scripted(answer)
    try:
        yield server
    finally:
        server.close()


def whole(body: Any, status: int = 200, **headers: str) -> bytes:
    """An answer with its length, after which the connection stays."""
    data = json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Some\r\nContent-Length: {len(data)}\r\n{more}\r\n".encode() + data


def stream(*events: Any) -> list[bytes]:
    """The head of a watch's answer and events in chunks; what ends it is for the test to say."""
    return [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *map(chunk, events)]


def chunk(event: Any) -> bytes:
    line = json.dumps(event).encode() + b"\n"
    return b"%x\r\n%s\r\n" % (len(line), line)


END = b"0\r\n\r\n"
"""Of a watch that the server ends in order."""


def listed(*objects: Any, version: str = "10", after: str = "") -> bytes:
    """A page of a list."""
    return whole({"metadata": {"resourceVersion": version, "continue": after}, "items": list(objects)})


def thing(name: str, version: str = "1", **metadata: Any) -> dict[str, Any]:
    """An object, as a list has it."""
    known = {"namespace": "team", "name": name, "uid": f"uid-{name}", "resourceVersion": version, **metadata}
    return {"kind": "VaultAuth", "apiVersion": "secrets.hashicorp.com/v1beta1", "metadata": known}


def event(type: str, body: Any) -> dict[str, Any]:
    return {"type": type, "object": body}
