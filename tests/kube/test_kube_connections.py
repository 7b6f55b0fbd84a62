"""Kept connections: which request may be sent twice, what a dead one costs, whose token is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from scripted_kube import CUT, HOLD, RESET, Asked, Script, scripted, whole

from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient
from keywave.kube.connections import Connections
from keywave.kube.resources import SECRET

BODY = {"metadata": {"namespace": "team", "name": "db"}}
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


class Clock:
    moment = 1000.0

    def __call__(self) -> float:
        return self.moment


def act(client: KubeClient, method: str) -> None:
    acts: dict[str, Callable[[], object]] = {
        "GET": lambda: client.get(SECRET, "team", "db"),
        "POST": lambda: client.create(SECRET, BODY),
        "PUT": lambda: client.replace(SECRET, BODY),
        "PATCH": lambda: client.apply(SECRET, BODY),
        "DELETE": lambda: client.delete(SECRET, "team", "db"),
    }
    acts[method]()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_connection_that_the_server_has_closed_meanwhile_is_no_fault(method: str) -> None:
    with scripted(lambda asked: [whole({})]) as server, closing(KubeClient(ApiServer(server.url))) as client:
        act(client, method)
        server.cut_all()
        time.sleep(0.1)
        act(client, method)

        assert [(asked.connection, asked.method) for asked in server.asked] == [(0, method), (1, method)]


@pytest.mark.parametrize("end", [CUT, RESET])
@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("PATCH", 2), ("DELETE", 2), ("POST", 1), ("PUT", 1)])
def test_without_an_answer_only_what_may_happen_twice_is_sent_again(method: str, times: int, end: str) -> None:
    """On a kept connection, which may have been closed just then."""

    def answer(asked: Asked) -> Script:
        return [whole({})] if asked.path.endswith("/warm") or asked.connection else [end]

    with scripted(answer) as server, closing(KubeClient(ApiServer(server.url))) as client:
        client.get(SECRET, "team", "warm")
        refused = ""
        try:
            act(client, method)
        except KubeError as problem:
            refused = problem.reason

        assert [asked.method for asked in server.asked[1:]] == [method] * times
        assert refused == ("" if times == 2 else "refused")


@pytest.mark.parametrize("end", [CUT, RESET])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_is_cut_in_the_middle_of_its_answer_is_not_sent_again(method: str, end: str) -> None:
    def answer(asked: Asked) -> Script:
        if asked.path.endswith("/warm"):
            yield whole({})
            return
        yield HALF
        time.sleep(0.1)
        yield end

    with scripted(answer) as server, closing(Connections(ApiServer(server.url))) as connections:
        connections.send("GET", "/warm", b"", b"", 5.0)
        with pytest.raises(KubeError) as refused:
            connections.send(method, "/x", b"", b"", 5.0)

        assert ([asked.method for asked in server.asked], refused.value.reason) == (["GET", method], "refused")


def test_of_many_dead_connections_only_the_first_costs_its_time() -> None:
    """The way to the server is gone without a word: packets are lost on each."""
    lost, together = threading.Event(), threading.Barrier(4)

    def answer(asked: Asked) -> Script:
        if asked.path == "/warm":
            together.wait(5)  # each on a connection of its own
        return [HOLD] if lost.is_set() and asked.connection < 4 else [whole({})]

    with scripted(answer) as server, closing(Connections(ApiServer(server.url))) as connections:
        warm = [threading.Thread(target=connections.send, args=("GET", "/warm", b"", b"", 5.0)) for _ in range(4)]
        for thread in warm:
            thread.start()
        for thread in warm:
            thread.join()
        lost.set()
        with pytest.raises(KubeError) as refused:
            connections.send("POST", "/x", b"", b"", 0.5)
        began = time.monotonic()
        connections.send("POST", "/x", b"", b"", 5.0)

        assert (refused.value.reason, server.asked[-1].connection) == ("timeout", 4)
        assert time.monotonic() - began < 3


def test_a_connection_that_was_idle_for_half_a_minute_is_not_used() -> None:
    clock = Clock()
    with (
        scripted(lambda asked: [whole({})]) as server,
        closing(Connections(ApiServer(server.url), now=clock)) as connections,
    ):
        for pause in (0.0, 29.0, 31.0):
            clock.moment += pause
            connections.send("GET", "/x", b"", b"", 5.0)

        assert [asked.connection for asked in server.asked] == [0, 0, 1]


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("first\n")
    return file


def test_the_token_is_read_anew_each_minute_and_kept_while_its_file_makes_no_sense(token: Path) -> None:
    clock = Clock()
    with (
        scripted(lambda asked: [whole({})]) as server,
        closing(Connections(ApiServer(server.url, token="first", token_file=str(token)), now=clock)) as connections,
    ):
        for text, pause in ((b"second", 59.0), (b"second", 2.0), (b"\xff\xff", 61.0), (b"", 61.0), (b"third", 61.0)):
            token.write_bytes(text)
            clock.moment += pause
            connections.send("GET", "/x", b"", b"", 5.0)

        sent = [asked.headers["authorization"] for asked in server.asked]
        assert sent == ["Bearer first", "Bearer second", "Bearer second", "Bearer second", "Bearer third"]
