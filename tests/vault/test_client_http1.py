"""Answers off the wire: however the network cuts them, the same answer; whatever comes, one of the known ends."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.net.http1 import Cut, NotHttp, Raw, Reader, TooLarge

ANSWERS = (
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello", b"hello", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
     b"abc0123456789", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx", b"x", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", False),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end", False),
)  # fmt: skip


def read(pieces: list[bytes], limit: int = 1000, seconds: float = 5.0) -> Raw:
    """What a reader makes of these pieces, sent one after the other; then the connection ends."""
    ours, theirs = socket.socketpair()

    def send() -> None:
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with ours:
            return Reader(ours, monotonic() + seconds, limit).answer()
    finally:
        thread.join()


@pytest.mark.parametrize(("text", "body", "reusable"), ANSWERS)
def test_an_answer_is_the_same_whole_or_byte_by_byte(text: bytes, body: bytes, reusable: bool) -> None:
    whole, bytewise = read([text]), read([text[at : at + 1] for at in range(len(text))])

    assert (whole.body, whole.reusable) == (body, reusable)
    assert bytewise == whole


def test_an_answer_of_a_stream_ends_where_its_length_says() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:  # which stays open, as after a watch that is refused
        theirs.sendall(b"HTTP/1.1 410 Gone\r\nContent-Length: 7\r\n\r\nexpired")
        reader = Reader(ours, monotonic() + 5, 1000)
        _, headers = reader.opening()
        began = monotonic()
        pieces = list(reader.pieces(headers, 5.0))

    assert (pieces, monotonic() - began < 4) == ([b"expired"], True)


@pytest.mark.parametrize("sent", [b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\n\r\nuntil the e"])
def test_a_reset_in_the_middle_of_an_answer_is_a_cut_and_no_end(sent: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    with ours:
        theirs.sendall(sent)
        reader = Reader(ours, monotonic() + 5, 1000)
        threading.Timer(0.2, reset, [theirs]).start()
        with pytest.raises(Cut) as raised:
            reader.answer()

    assert raised.value.started


def reset(connection: socket.socket) -> None:
    """Ends it as a machine does that knows nothing of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize(("text", "body", "reusable"), ANSWERS[:-1])
def test_an_answer_that_ends_early_is_cut(text: bytes, body: bytes, reusable: bool) -> None:
    for end in range(len(text)):
        with pytest.raises(Cut) as raised:
            read([text[:end]])
        assert raised.value.started is (end > 0)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_no_http_is_refused(text: bytes) -> None:
    with pytest.raises(NotHttp):
        read([text])


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1001\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", b"\r\n" + b"x" * 1001]
)
def test_a_body_over_the_limit_is_not_read(head: bytes) -> None:
    with pytest.raises(TooLarge):
        read([b"HTTP/1.1 200 OK\r\n" + head])


def test_a_second_answer_in_the_same_packet_makes_the_connection_useless() -> None:
    text = ANSWERS[0][0]

    assert read([text + text]).reusable is False


@given(st.binary(max_size=300), st.sampled_from(ANSWERS), st.integers(0, 200))
def test_any_bytes_have_one_of_the_known_ends(noise: bytes, answer: tuple[bytes, bytes, bool], at: int) -> None:
    text = answer[0][:at] + noise
    with contextlib.suppress(Cut, NotHttp, TooLarge):
        assert isinstance(read([text]), Raw)
