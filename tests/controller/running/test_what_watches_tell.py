"""What the informer and the view of Secrets make of lists and events that a real API server gives only at bad moments."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_kube import END, HOLD, Asked, Script, event, listed, scripted, stream, thing, whole

from keywave.controller.mac import MacKey
from keywave.controller.model import Key, Resource
from keywave.controller.running.informer import Informer
from keywave.controller.running.secret_view import LABELS, OWNER_LABEL, SecretView
from keywave.controller.types import TYPES
from keywave.kube import watching
from keywave.kube.api_server import ApiServer
from keywave.kube.client import KubeClient

QUIET = [*stream(), HOLD]
GONE = [whole({"kind": "Status", "code": 410, "reason": "Expired"}, 410)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_FIRST_WAIT", 0.02)


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def script(lists: list[bytes], watches: list[Script]) -> Callable[[Asked], Script]:
    """In turn, the last for ever."""

    def answer(asked: Asked) -> Script:
        if "watch" in asked.query:
            return watches.pop(0) if len(watches) > 1 else watches[0]
        return [lists.pop(0) if len(lists) > 1 else lists[0]]

    return answer


@contextlib.contextmanager
def informed(lists: list[bytes], watches: list[Script]) -> Iterator[tuple[Informer, list[tuple[str, str, str]]]]:
    """And (name, uid before, uid now) of each change that was told."""
    changes = list[tuple[str, str, str]]()

    def changed(key: Key, old: Resource | None, new: Resource | None) -> None:
        changes.append((key.name, old.uid if old else "", new.uid if new else ""))

    with scripted(script(lists, watches)) as server, contextlib.closing(KubeClient(ApiServer(server.url))) as client:
        informer = Informer(client, TYPES["VaultAuth"], changed)
        informer.start()
        try:
            yield informer, changes
        finally:
            informer.stop()
            informer._thread.join(5)


def test_what_was_deleted_while_nobody_watched_is_told_at_the_next_list() -> None:
    lists = [listed(thing("a"), thing("b")), listed(thing("b"), version="20")]
    with informed(lists, [GONE, QUIET]) as (informer, changes):
        until(lambda: len(changes) == 3)

        assert changes == [("a", "", "uid-a"), ("b", "", "uid-b"), ("a", "uid-a", "")]
        assert [key.name for key in informer.objects] == ["b"]


def test_what_was_deleted_and_made_anew_while_nobody_watched_is_both() -> None:
    lists = [listed(thing("a")), listed(thing("a", "15", uid="uid-new"), version="20")]
    with informed(lists, [GONE, QUIET]) as (informer, changes):
        until(lambda: len(changes) == 3)

        assert changes == [("a", "", "uid-a"), ("a", "uid-a", ""), ("a", "", "uid-new")]
        assert [found.uid for found in informer.objects.values()] == ["uid-new"]


def test_an_object_that_is_listed_as_it_was_is_no_news() -> None:
    lists = [listed(thing("a")), listed(thing("a"), thing("b"), version="20")]
    with informed(lists, [GONE, QUIET]) as (_, changes):
        until(lambda: len(changes) == 2)

        assert changes == [("a", "", "uid-a"), ("b", "", "uid-b")]


def secret(name: str, version: str, data: str = "eA==", owner: str = "owner") -> dict[str, Any]:
    labels = dict(text.split("=") for text in LABELS.split(",")) | {OWNER_LABEL: owner}
    return {**thing(name, version, labels=labels), "kind": "Secret", "apiVersion": "v1", "data": {"k": data}}


@contextlib.contextmanager
def viewed(lists: list[bytes], watches: list[Script]) -> Iterator[tuple[SecretView, list[tuple[str, str]]]]:
    """And (name, owner) of each change that was told."""
    told = list[tuple[str, str]]()
    with scripted(script(lists, watches)) as server, contextlib.closing(KubeClient(ApiServer(server.url))) as client:
        view = SecretView(client, MacKey(b"k" * 16), changed=lambda space, name, owner: told.append((name, owner)))
        before = set(threading.enumerate())
        view.start()
        (thread,) = [one for one in threading.enumerate() if one.name == "watch-secrets" and one not in before]
        try:
            yield view, told
        finally:
            view.stop()
            thread.join(5)


def test_a_secret_that_went_or_changed_while_nobody_watched_wakes_its_owner() -> None:
    lists = [
        listed(secret("a", "5"), secret("b", "6"), secret("c", "7")),
        listed(secret("b", "15", "eQ=="), secret("c", "7")),
    ]
    with viewed(lists, [GONE, QUIET]) as (view, told):
        until(lambda: len(told) == 2)

        assert sorted(told) == [("a", "owner"), ("b", "owner")]
        assert sorted(view._by_owner["owner"]) == [("team", "b"), ("team", "c")]


def test_the_echo_of_a_write_of_ours_wakes_nobody_and_a_later_one_does() -> None:
    told_now = threading.Event()

    def events() -> Script:
        yield from stream(event("ADDED", secret("a", "11")))
        told_now.wait(10)
        yield from stream(event("MODIFIED", secret("a", "12", "eQ==")), event("MODIFIED", secret("a", "13", "eg==")))[
            1:
        ]
        yield END

    with viewed([listed()], [events(), QUIET]) as (view, told):
        until(lambda: view._seen)
        view.note(secret("a", "12", "eQ=="))
        told_now.set()
        until(lambda: told)

        found = view.observe("team", "a")
        assert (told, found and found.version) == ([("a", "owner")], "13")
