"""A session's end: no token of a login stays behind, whatever its threads are doing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach
from keywave.vault.login.model import Door, Grant
from keywave.vault.masked import Masked
from keywave.vault.session import Session
from keywave.vault.settings import Settings
from keywave.vault.wire import Request, Response, mounts

INVALID = Answer(403, {"errors": ["permission denied", "invalid token"]})


class Book:
    """A wire that counts tokens: those that were made and not revoked are left."""

    label, given = "login", False

    def __init__(self, on_ask: Callable[[Book], Answer]) -> None:
        self.on_ask, self.token, self.left, self.made = on_ask, "", set[str](), 0
        self.logging_in, self.may_log_in = threading.Event(), threading.Event()
        self.may_log_in.set()
        self.closed = False

    def log_in(self, door: Door) -> Grant:
        self.logging_in.set()
        self.may_log_in.wait(5)
        self.made += 1
        self.left = {f"t{self.made}"}  # the one before is dead: nobody logs in again else
        return Grant(Masked(f"t{self.made}"), 60, revocable=True)

    def ask(self, request: Request, end: float) -> Answer:
        return self.on_ask(self)

    def look_up(self, end: float) -> Answer:
        return INVALID

    def revoke(self, end: float) -> None:
        self.left.discard(self.token)

    def use(self, token: str) -> None:
        self.token = token

    def door(self, send: Any) -> Any:
        return None

    def close(self) -> None:
        self.closed = True


def test_a_thread_that_logs_in_again_at_the_end_leaves_no_token() -> None:
    wire = Book(lambda book: INVALID if book.made == 1 else Answer(200, {}))

    def ask() -> None:
        with contextlib.suppress(OutOfReach):
            session.ask(mounts())

    with Session(Settings("http://vault"), wire, wire) as session:
        wire.logging_in.clear()
        wire.may_log_in.clear()
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        assert wire.logging_in.wait(5)
        threading.Timer(0.2, wire.may_log_in.set).start()

    assert (wire.made, wire.left, wire.closed) == (2, set(), True)


def test_after_the_end_nothing_is_asked_and_nobody_logs_in() -> None:
    wire = Book(lambda book: INVALID)
    with Session(Settings("http://vault"), wire, wire) as session:
        pass
    with pytest.raises(OutOfReach, match="the session is closed"):
        session.ask(mounts())

    assert (wire.made, wire.left) == (1, set())


def test_a_path_that_would_become_another_one_is_not_sent() -> None:
    wire = Book(lambda book: Answer(200, {"data": {}}))
    with Session(Settings("http://vault"), wire, wire) as session:
        before = session.sent
        answers = [session.ask(Request("GET", path)) for path in ("kv/subkeys/../data/app", "kv//x", "a\x00b")]

        assert (answers, session.sent) == (
            [Response(400, errors=("this is no path that can be asked for",))] * 3,
            before,
        )


def test_an_answer_shows_nothing_but_its_status(canary: str) -> None:
    assert repr(Response(200, {"creation_statements": canary}, (canary,))) == "Response(200)"
