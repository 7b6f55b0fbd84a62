"""Connections are kept for the next request, but not those that are dead, old, or of where somebody else sent us."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from keywave.vault import transport
from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Exchange
from keywave.vault.faults import OutOfReach
from keywave.vault.origin import Origin, origin_of
from keywave.vault.transport import Transport

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request by `answer`, given the number of its connection and the request; b"" resets, None says nothing. `asked`: the
    numbers of the connections over which requests came."""

    def __init__(self) -> None:
        self.answer: Callable[[int, bytes], bytes | None] = lambda number, request: FINE
        self.asked: list[int] = []
        self.accepted = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._talk, args=(connection, self.accepted), daemon=True).start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                while request := connection.recv(65536):
                    self.asked.append(number)
                    answer = self.answer(number, request)
                    if answer:
                        connection.sendall(answer)
                    if answer is not None and b"Content-Length" not in answer:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
            except OSError:
                return


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def wire() -> Iterator[Transport]:
    made = Transport(Dialler(None), 1 << 20)
    yield made
    made.close()


def send(wire: Transport, server: Server, method: str = "GET", seconds: float = 5.0) -> int | str:
    """The status, or why there is none."""
    try:
        return wire.send(origin_of(server.url, ""), method, "/v1/x", b"", b"", monotonic() + seconds).status
    except OutOfReach as fault:
        return fault.reason


def together(wire: Transport, server: Server, count: int) -> None:
    """So many connections are kept after it."""
    waiting = threading.Barrier(count)

    def slow(number: int, request: bytes) -> bytes:
        waiting.wait(10)
        return FINE

    server.answer = slow
    threads = [threading.Thread(target=send, args=(wire, server)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.answer = lambda number, request: FINE


def test_after_one_time_out_nobody_waits_for_the_other_connections_of_a_node_that_vanished(
    server: Server, wire: Transport
) -> None:
    together(wire, server, 8)
    server.answer = lambda number, request: FINE if number > 8 else None
    told = [send(wire, server, seconds=0.3) for _ in range(4)]

    assert (told, server.accepted) == (["timeout", 200, 200, 200], 9)


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    server: Server, wire: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    together(wire, server, 4)
    monkeypatch.setattr(transport, "IDLE", -1.0)
    told = send(wire, server)

    assert (told, server.asked[-1], len(wire._open)) == (200, 5, 1)


def test_a_kept_connection_that_the_server_resets_costs_nothing(server: Server, wire: Transport) -> None:
    send(wire, server)
    server.answer = lambda number, request: b"" if number == 1 else FINE

    assert (send(wire, server), server.asked) == (200, [1, 1, 2])


def test_a_request_is_not_sent_again_once_its_answer_has_begun(server: Server, wire: Transport) -> None:
    send(wire, server)
    server.answer = lambda number, request: b"HTTP/1.1 200 OK\r\nX-Half: "
    told = [send(wire, server, method) for method in ("POST", "GET")]

    assert (told, len(server.asked)) == (["server-error"] * 2, 3)


def test_what_goes_apart_or_over_a_transport_that_keeps_nothing_leaves_no_connection(server: Server) -> None:
    once = Transport(Dialler(None), 1 << 20, keep=False)
    for _ in range(3):
        send(once, server)

    assert (server.asked, once._open, once._idle) == ([1, 2, 3], set(), {})


def test_whoever_redirects_to_ever_new_servers_fills_nothing(server: Server, wire: Transport) -> None:
    targets = [Server() for _ in range(5)]
    places = iter(targets)

    def elsewhere(number: int, request: bytes) -> bytes:
        where = f"{next(places).url}/v1/x".encode()
        return b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: " + where + b"\r\n\r\n"

    server.answer = elsewhere
    exchange = Exchange(wire, Origin(*origin_of(server.url, "")))
    answers = [exchange.ask("GET", "x", monotonic() + 5).status for _ in targets]
    for target in targets:
        target.close()

    assert (answers, [target.accepted for target in targets]) == ([200] * 5, [1] * 5)
    assert (len(wire._open), list(wire._idle)) == (1, [origin_of(server.url, "")])


def test_addresses_are_not_remembered_without_end(server: Server) -> None:
    dialler = Dialler(None)
    for number in range(200):
        origin = origin_of(f"http://127.0.0.1:{20000 + number}", "")
        dialler._addresses(origin, origin.host, origin.port, monotonic() + 5)

    assert len(dialler._known) <= 64
