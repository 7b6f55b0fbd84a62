"""A type followed through all that may happen to its watch, on a server that does it at once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_kube import END, HOLD, RESET, Asked, Script, Scripted, event, listed, scripted, stream, thing, whole

from keywave.controller.types import TYPES
from keywave.kube import watching
from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient
from keywave.kube.watching import Pace, Watch

AUTH = TYPES["VaultAuth"]
EXPIRED = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}


class Followed:
    """What a watch told, in order, as text."""

    def __init__(self, server: Scripted, *, fails_at: str = "") -> None:
        self.log, self.fails_at = list[str](), fails_at
        self.client = KubeClient(ApiServer(server.url))
        self.watch = Watch(
            self.client,
            AUTH,
            replaced=self.replaced,
            changed=self.changed,
            told=lambda problem: self.log.append(f"told {problem.reason}"),
            failed=lambda bug: self.log.append(f"bug {type(bug).__name__}"),
        )
        self.thread = threading.Thread(target=self.watch.run, daemon=True)

    def replaced(self, bodies: Iterator[Any]) -> None:
        names = sorted(body["metadata"]["name"] for body in bodies)
        self.log.append(f"list {' '.join(names)}".rstrip())

    def changed(self, type: str, body: Any) -> None:
        name = body["metadata"]["name"]
        if name == self.fails_at:
            self.fails_at = ""
            raise {"value": ValueError, "key": KeyError}[name]
        self.log.append(f"{type} {name}")

    def until(self, said: Callable[[list[str]], bool], seconds: float = 10.0) -> list[str]:
        end = time.monotonic() + seconds
        while not said(self.log):
            assert time.monotonic() < end, self.log
            time.sleep(0.01)
        return list(self.log)


@contextlib.contextmanager
def following(answer: Callable[[Asked], Script], *, fails_at: str = "") -> Iterator[tuple[Scripted, Followed]]:
    with scripted(answer) as server:
        followed = Followed(server, fails_at=fails_at)
        followed.thread.start()
        try:
            yield server, followed
        finally:
            followed.watch.stop()
            followed.client.close()
            followed.thread.join(5)
            assert not followed.thread.is_alive()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.02)


def watches(server: Scripted) -> list[str]:
    """The versions that watches began at."""
    return [asked.query["resourceVersion"] for asked in list(server.asked) if "watch" in asked.query]


def in_turn(*answers: Script, lists: list[Script] | None = None) -> Callable[[Asked], Script]:
    """Of watches, the last for ever; `lists` likewise."""
    left, pages = list(answers), list(lists or [[listed()]])

    def answer(asked: Asked) -> Script:
        of = left if "watch" in asked.query else pages
        return of.pop(0) if len(of) > 1 else of[0]

    return answer


QUIET = [*stream(), HOLD]


def test_a_watch_that_ends_goes_on_from_its_last_event_and_a_bookmark_is_one() -> None:
    first = stream(event("ADDED", thing("a", "11")), event("BOOKMARK", thing("", "20")))
    with following(in_turn([*first, END], QUIET)) as (server, followed):
        followed.until(lambda log: len(watches(server)) == 2)

        assert (watches(server), followed.log[:2]) == (["10", "20"], ["list", "ADDED a"])


def test_a_watch_that_is_cut_in_the_middle_of_an_event_gives_that_event_again() -> None:
    *whole_one, half = stream(event("ADDED", thing("a", "11")), event("ADDED", thing("b", "12")))
    rest = [*stream(event("ADDED", thing("b", "12"))), HOLD]
    with following(in_turn([*whole_one, half[:20], RESET], rest)) as (server, followed):
        log = followed.until(lambda log: "ADDED b" in log)

        assert (watches(server), [line for line in log if "told" not in line]) == (
            ["10", "11"],
            ["list", "ADDED a", "ADDED b"],
        )


@pytest.mark.parametrize(
    "too_old",
    [[whole(EXPIRED, 410)], [*stream(event("ERROR", EXPIRED)), END]],
    ids=["as the answer's status", "as an event"],
)
def test_a_version_that_is_too_old_is_listed_anew_at_once_and_is_no_failure(too_old: Script) -> None:
    lists: list[Script] = [[listed(thing("a"))], [listed(thing("b"), version="30")]]
    with following(in_turn(too_old, QUIET, lists=lists)) as (server, followed):
        followed.until(lambda log: len(watches(server)) == 2)

        assert (followed.log, watches(server)) == (["list a", "list b"], ["10", "30"])


def test_a_page_that_expires_begins_the_list_anew() -> None:
    lists: list[Script] = [
        [listed(thing("a"), after="more")],
        [whole(EXPIRED, 410)],
        [listed(thing("a"), after="more", version="30")],
        [listed(thing("b"), version="30")],
    ]
    with following(in_turn(QUIET, lists=lists)) as (server, followed):
        followed.until(lambda log: bool(watches(server)))

        assert (followed.log, watches(server)) == (["list a b"], ["30"])
        assert [asked.query.get("continue") for asked in server.asked[:4]] == [None, "more", None, "more"]


@pytest.mark.parametrize(("status", "reason"), [(401, "unauthorized"), (403, "forbidden"), (429, "limited")])
def test_a_refused_watch_is_told_with_its_reason_and_tried_again_from_where_it_was(status: int, reason: str) -> None:
    refused = [whole({"kind": "Status", "message": "no"}, status)]
    with following(in_turn(refused, refused, QUIET)) as (server, followed):
        began = time.monotonic()
        followed.until(lambda log: len(watches(server)) == 3)

        assert (followed.log, watches(server)) == (["list", *[f"told {reason}"] * 2], ["10"] * 3)
        # The answer had a length, and the connection stayed: nobody waited for its end.
        assert time.monotonic() - began < 5


def test_what_the_server_asks_to_wait_is_waited() -> None:
    with following(in_turn([whole({}, 429, Retry_After="1")], QUIET)) as (server, followed):
        followed.until(lambda log: "told limited" in log)
        began = time.monotonic()
        followed.until(lambda log: len(watches(server)) == 2)

        assert 0.8 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "bad",
    [[*stream(), END], [whole(EXPIRED, 410)], [whole({}, 500)]],
    ids=["a watch that ends at once", "a version that is always too old", "a server that fails"],
)
def test_whatever_fails_at_once_each_time_makes_no_storm(bad: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.5)
    with following(in_turn(bad)) as (server, _):
        time.sleep(2)

        assert 2 <= len(server.asked) <= 12


@pytest.mark.parametrize("name", ["value", "key"])
def test_an_event_that_is_a_bug_is_counted_and_listed_anew(name: str) -> None:
    events = [*stream(event("ADDED", thing(name, "11"))), HOLD]
    lists: list[Script] = [[listed()], [listed(thing(name, "11"), version="12")]]
    with following(in_turn(events, QUIET, lists=lists), fails_at=name) as (server, followed):
        followed.until(lambda log: len(watches(server)) == 2)

        bug = {"value": "ValueError", "key": "KeyError"}[name]
        assert followed.log == ["list", f"bug {bug}", "told answer", f"list {name}"]
        assert watches(server) == ["10", "12"]


def test_an_event_that_is_no_json_is_a_cut() -> None:
    broken = [*stream()[:1], b"3\r\n{x\n\r\n", HOLD]
    with following(in_turn(broken, QUIET)) as (server, followed):
        followed.until(lambda log: len(watches(server)) == 2)

        assert (followed.log, watches(server)) == (["list", "told answer"], ["10", "10"])


def test_stop_ends_a_watch_that_waits_for_its_next_event() -> None:
    with following(in_turn(QUIET)) as (server, followed):
        followed.until(lambda log: bool(watches(server)))
        time.sleep(0.1)
        began = time.monotonic()
        followed.watch.stop()
        followed.thread.join(5)

        assert time.monotonic() - began < 2


CUT_OFF, GONE = KubeError("answer", "cut"), KubeError("gone", "too old")


def test_after_a_thousand_failures_it_still_waits_half_a_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.5)
    pace = Pace()
    waits = [pace.after(0.0, CUT_OFF) for _ in range(3000)]

    assert waits[0] <= 0.5
    assert all(15.0 <= wait <= 30.0 for wait in waits[10:])


def test_what_lived_for_a_while_may_come_again_at_once() -> None:
    pace = Pace()
    failed = [pace.after(0.0, CUT_OFF) for _ in range(20)]

    assert all(failed)
    assert [pace.after(6.0, None), pace.after(60.0, GONE)] == [0.0, 0.0]
    assert pace.after(6.0, CUT_OFF) <= 0.02


def test_of_versions_that_are_too_old_in_a_row_only_the_first_is_listed_at_once() -> None:
    pace = Pace()
    waits = [pace.after(lived, GONE) for lived in (0.0, 6.0, 6.0)]

    assert waits[0] == 0.0 < waits[1] <= 0.02 < 0.04 >= waits[2] > 0
