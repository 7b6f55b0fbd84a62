"""HTTP/1.1, the half that a client of a JSON API needs: one answer read from a socket, within a time and a size.

`http.client` reads headers with the parser for e-mail (twice the processor time for Vault's small answers) and has no limit for the
whole of an answer: a server that sends a byte a second is never timed out. Source: RFC 9112.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024


class Raw(NamedTuple):
    """An answer as it came. Header names are in small letters, of equal ones the last. `reusable`: another request can follow."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    reusable: bool


class Cut(OSError):
    """The connection ended, however; `started`: within an answer. Before one, an end that is an error of the socket stays that OSError."""

    def __init__(self, started: bool) -> None:
        super().__init__()
        self.started = started


class TooLarge(Exception):
    """The body is larger than the limit; it was not read."""


class NotHttp(Exception):
    """What came is no HTTP/1.1."""


class Reader:
    """Reads from one connection. `end` is by time.monotonic; past it, TimeoutError."""

    def __init__(self, connection: socket.socket, end: float, limit: int) -> None:
        self._socket, self._end, self._limit = connection, end, limit
        self._buffer = b""
        self._started = False

    def answer(self) -> Raw:
        """Raises TimeoutError, Cut, TooLarge, NotHttp, and OSError of the socket."""
        while True:
            status, headers, modern = self._head()
            if status >= 200:
                break  # 1xx are said before the answer
        keep = modern and b"close" not in headers.get(b"connection", b"").lower()
        if status in (204, 304):
            return Raw(status, headers, b"", keep and not self._buffer)
        if b"transfer-encoding" in headers:
            if headers[b"transfer-encoding"].strip().lower() != b"chunked":
                raise NotHttp
            return Raw(status, headers, self._chunked(), keep and not self._buffer)
        length = _length(headers)
        if length is None:
            return Raw(status, headers, self._rest(), False)
        return Raw(status, headers, self._exactly(length), keep and not self._buffer)

    def opening(self) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers of an answer whose body is read by `pieces`. Raises as `answer`."""
        status, headers, _ = self._head()
        return status, headers

    def pieces(self, headers: dict[bytes, bytes], idle: float) -> Iterator[bytes]:
        """The body as it comes; at most `idle` seconds of silence. Raises as `answer`; Cut where it ends before its end."""
        if headers.get(b"transfer-encoding", b"").lower() != b"chunked":
            self._end = monotonic() + idle
            length = _length(headers)
            yield self._rest() if length is None else self._exactly(length)
            return
        while True:
            self._end = monotonic() + idle
            size = self._chunk_size()
            if not size:
                return
            if size > self._limit:
                raise TooLarge
            yield self._exactly(size)
            if self._line():
                raise NotHttp

    def head_only(self) -> int:
        """The status of an answer whose body, if any, is not wanted (a tunnel's). Raises as `answer`."""
        return self._head()[0]

    def _head(self) -> tuple[int, dict[bytes, bytes], bool]:
        while (at := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise NotHttp
            self._more()
            if not b"HTTP/1.".startswith(self._buffer[:7]):
                raise NotHttp
        first, *lines = self._buffer[:at].split(b"\r\n")
        self._buffer = self._buffer[at + 4 :]
        parts = first.split(b" ", 2)
        if len(parts) < 2 or len(parts[1]) != 3 or not parts[1].isdigit():
            raise NotHttp
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        return int(parts[1]), headers, parts[0] == b"HTTP/1.1"

    def _more(self) -> None:
        got = self._receive()
        if not got:
            raise Cut(self._started)
        self._buffer = self._buffer + got if self._buffer else got

    def _receive(self) -> bytes:
        """What comes next; empty where the server has ended the connection properly."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        try:
            got = self._socket.recv(CHUNK)
        except TimeoutError:
            raise
        except OSError as error:  # a reset
            if self._started:
                raise Cut(True) from error
            raise
        self._started = self._started or bool(got)
        return got

    def _exactly(self, length: int) -> bytes:
        if length > self._limit:
            raise TooLarge
        parts, have = [self._buffer], len(self._buffer)
        while have < length:
            self._buffer = b""
            self._more()
            parts.append(self._buffer)
            have += len(self._buffer)
        whole = b"".join(parts)
        self._buffer = whole[length:]
        return whole[:length]

    def _chunked(self) -> bytes:
        chunks, total = [], 0
        while size := self._chunk_size():
            total += size
            if total > self._limit:
                raise TooLarge
            chunks.append(self._exactly(size))
            if self._line():
                raise NotHttp
        while self._line():
            pass  # trailers
        return b"".join(chunks)

    def _chunk_size(self) -> int:
        text = self._line().partition(b";")[0].strip()
        try:
            return int(text, 16) if len(text) <= 16 and text.isalnum() else _refuse()
        except ValueError:
            return _refuse()

    def _line(self) -> bytes:
        while (at := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise NotHttp
            self._more()
        line, self._buffer = self._buffer[:at], self._buffer[at + 2 :]
        return line

    def _rest(self) -> bytes:
        """A body without a length goes on until the connection ends."""
        parts, have = [self._buffer], len(self._buffer)
        self._buffer = b""
        while have <= self._limit:
            got = self._receive()
            if not got:
                return b"".join(parts)
            parts.append(got)
            have += len(got)
        raise TooLarge


def _length(headers: dict[bytes, bytes]) -> int | None:
    """Bytes of the body, None where it goes on until the end. Raises NotHttp."""
    text = headers.get(b"content-length")
    if text is None:
        return None
    return int(text) if text.isdigit() and len(text) <= 18 else _refuse()


def _refuse() -> int:
    raise NotHttp
