"""Events: handed over without waiting, one for a reason, bounded for an object."""

from __future__ import annotations

import threading
import time
from typing import Any

from keywave.controller.model import Key, Resource
from keywave.controller.watching.events import EventRecorder
from keywave.kube.api_server import KubeError


class Api:
    """Keeps what is written. Slow or refusing on request."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.free = threading.Event()
        self.free.set()
        self.fault: Exception | None = None

    def create(self, type: Any, body: Any) -> Any:
        self._write()
        self.events[body["metadata"]["name"]] = dict(body)
        return body

    def patch(self, type: Any, namespace: str, name: str, patch: Any, *, subresource: str = "") -> Any:
        self._write()
        if name not in self.events:
            return None
        self.events[name] |= patch
        return self.events[name]

    def _write(self) -> None:
        self.free.wait(10)
        self.writes += 1
        if self.fault is not None:
            raise self.fault


def resource(name: str = "app", uid: str = "") -> Resource:
    key = Key("VaultStaticSecret", "team", name)
    return Resource(key, "secrets.hashicorp.com/v1beta1", uid or f"of-{name}", 1, "7", {}, {}, {}, {}, (), "")


class Told:
    """A recorder on that API, with a clock."""

    def __init__(self) -> None:
        self.api, self.clock = Api(), 1_700_000_000.0
        self.bugs: list[str] = []
        self.recorder = EventRecorder(
            self.api,  # type: ignore[arg-type]
            "me",
            lambda: self.clock,
            failed=lambda bug: self.bugs.append(type(bug).__name__),
        )

    def run(self) -> list[tuple[str, str, int]]:
        """Reason, message and count of each Event in the cluster."""
        self.recorder.start()
        self.recorder.close(5)
        return [(body["reason"], body["message"], body["count"]) for body in self.api.events.values()]


def test_the_same_reason_again_is_one_event_with_its_count_and_the_last_message() -> None:
    told = Told()
    for number in range(3):
        told.recorder.tell(resource(), "VaultUnreachable", f"request {number} failed", warning=True)
    told.recorder.tell(resource(), "SecretSynced", "wrote the Secret app")

    assert told.run() == [("VaultUnreachable", "request 2 failed", 3), ("SecretSynced", "wrote the Secret app", 1)]


def test_after_ten_minutes_it_is_another_event() -> None:
    told = Told()
    told.recorder.tell(resource(), "VaultUnreachable", "m")
    told.clock += 601
    told.recorder.tell(resource(), "VaultUnreachable", "m")

    assert told.run() == [("VaultUnreachable", "m", 1)] * 2


def test_an_object_that_was_made_anew_has_events_of_its_own() -> None:
    told = Told()
    told.recorder.tell(resource(), "SecretSynced", "m")
    told.recorder.tell(resource(uid="u2"), "SecretSynced", "m")

    told.run()

    assert sorted(body["involvedObject"]["uid"] for body in told.api.events.values()) == ["of-app", "u2"]


def test_no_object_makes_a_flood() -> None:
    told = Told()
    for number in range(500):
        told.recorder.tell(resource(), f"Reason{number}", "m")
    told.recorder.tell(resource("other"), "SecretSynced", "m")

    reasons = [reason for reason, _, _ in told.run()]

    assert (len(reasons), reasons[-1]) == (26, "SecretSynced")


def test_a_reconcile_never_waits_for_an_api_server_that_hangs() -> None:
    told = Told()
    told.api.free.clear()
    told.recorder.start()
    began = time.monotonic()

    for number in range(6000):
        told.recorder.tell(resource(f"app-{number}"), "SecretSynced", "m")

    assert time.monotonic() - began < 2
    told.api.free.set()
    told.recorder.close(10)
    assert 5000 <= len(told.api.events) <= 5001


def test_neither_a_refusal_nor_a_bug_ends_the_writing() -> None:
    told = Told()
    told.recorder.start()
    for fault in (KubeError("forbidden", "no"), TypeError("x"), None):
        told.api.fault = fault
        before = told.api.writes
        told.recorder.tell(resource(f"app-{before}"), "SecretSynced", "m")
        for _ in range(500):
            if told.api.writes > before:
                break
            time.sleep(0.01)
        time.sleep(0.05)

    told.recorder.close(5)

    assert (len(told.api.events), told.bugs) == (1, ["TypeError"])


def test_the_name_of_an_event_is_one_that_kubernetes_takes() -> None:
    told = Told()
    told.recorder.tell(resource("a" * 198 + "-." + "b" * 30), "SecretSynced", "m")
    told.run()

    (name,) = told.api.events
    assert name.startswith("a" * 198 + ".")
    assert len(name) <= 253


def test_a_token_in_a_message_is_cut() -> None:
    told = Told()
    told.recorder.tell(resource(), "VaultRefused", "told: hvs.CAESIJobviouslyFakeToken0000")

    assert told.run() == [("VaultRefused", "told: hvs.****", 1)]
