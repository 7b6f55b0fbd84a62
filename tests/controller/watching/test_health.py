"""/healthz, /readyz and what they look at: threads that ended, work that stands still, clients that are slow."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request

import pytest

from keywave.controller.model import Key, Resource
from keywave.controller.watching.http_server import CannotListen, HttpServer
from keywave.controller.watching.standing import first_end, out_of_sync_since
from keywave.controller.watching.watchdog import Watchdog


class World:
    """A clock, a queue's age and a count of reconciles, all set by the test."""

    def __init__(self) -> None:
        self.clock, self.age, self.finished = 0.0, 0.0, 0.0
        self.dog = Watchdog(lambda: self.age, lambda: self.finished, now=lambda: self.clock)

    def after(self, seconds: float, *, age: float, finished: float) -> str:
        self.clock += seconds
        self.age, self.finished = age, finished
        return self.dog.wrong()


def test_a_queue_that_moves_is_healthy_however_long_it_is() -> None:
    world = World()

    assert [world.after(300, age=900, finished=number) for number in (1, 2, 3, 4)] == [""] * 4


def test_a_queue_that_is_empty_is_healthy_for_ever() -> None:
    world = World()

    assert [world.after(3600, age=0, finished=5) for _ in range(3)] == [""] * 3


def test_work_that_stands_still_is_told() -> None:
    world = World()
    answers = [world.after(300, age=age, finished=1) for age in (1, 301, 601, 901)]

    assert answers == ["", "", "", "nothing was finished for 900 s, and objects wait"]
    assert world.after(1, age=902, finished=2) == ""


def test_a_thread_that_has_ended_is_told() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="keywave-test-shards")
    thread.start()
    dog = Watchdog(lambda: 0.0, lambda: 0.0)
    dog.watch("keywave-test-")
    before = dog.wrong()
    end.set()
    thread.join()

    assert (before, dog.wrong()) == ("", "the thread keywave-test-shards has ended")


def server(**answers: object) -> HttpServer:
    made = HttpServer(
        ("127.0.0.1", 0), **{"metrics": lambda: "", "healthy": lambda: "", "ready": lambda: "", **answers}
    )  # type: ignore[arg-type]
    made.start()
    return made


def status(port: int, path: str, host: str = "127.0.0.1") -> int:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code


def test_an_exception_is_an_answer_and_is_told() -> None:
    told: list[str] = []

    def fail() -> str:
        raise KeyError("x")

    made = server(metrics=fail, failed=lambda bug: told.append(type(bug).__name__))
    try:
        assert (status(made.port, "/metrics"), status(made.port, "/healthz"), told) == (500, 200, ["KeyError"])
    finally:
        made.close()


def test_clients_that_send_nothing_do_not_keep_probes_out() -> None:
    made = server()
    slow = [socket.create_connection(("127.0.0.1", made.port)) for _ in range(100)]
    try:
        before = threading.active_count()
        assert [status(made.port, "/healthz") for _ in range(3)] == [200] * 3
        assert before < 60
    finally:
        for one in slow:
            one.close()
        made.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_without_a_host_both_families_are_answered() -> None:
    made = HttpServer(("", 0), metrics=lambda: "", healthy=lambda: "", ready=lambda: "")
    made.start()
    try:
        assert (status(made.port, "/healthz"), status(made.port, "/healthz", "[::1]")) == (200, 200)
    finally:
        made.close()


def test_an_address_that_is_taken_is_told_in_words() -> None:
    made = server()
    try:
        with pytest.raises(CannotListen) as refused:
            HttpServer(("127.0.0.1", made.port), metrics=lambda: "", healthy=lambda: "", ready=lambda: "")
    finally:
        made.close()

    assert (str(refused.value), refused.value.exit_code) == (
        f"cannot listen at 127.0.0.1:{made.port}: Address already in use",
        3,
    )


def resource(conditions: list[dict[str, str]], kind: str = "VaultStaticSecret", deleting: str = "") -> Resource:
    status = {"conditions": conditions} if conditions else {}
    return Resource(
        Key(kind, "team", "app"), "v", "u", 1, "7", {}, status, {}, {}, (), "2023-11-14T22:13:20Z", deleting
    )


LEASE = {"secretLease": {"id": "db/creds/x/1", "duration": 60, "renewable": True}, "lastRenewalTime": 1_700_000_000}


@pytest.mark.parametrize(
    ("kind", "status", "end"),
    [
        ("VaultDynamicSecret", LEASE, 1_700_000_060.0),
        ("VaultDynamicSecret", {"lastRenewalTime": 1_700_000_000, "secretLease": {"id": "", "duration": 5}}, None),
        ("VaultDynamicSecret", {"secretLease": {"id": "x", "duration": "soon"}}, None),
        ("VaultPKISecret", {"expiration": 1_700_003_600}, 1_700_003_600.0),
        ("VaultPKISecret", {}, None),
        ("VaultCompositeSecret", {"sources": [{"name": "kv"}, LEASE, {**LEASE, "lastRenewalTime": 9}]}, 69.0),
        ("VaultStaticSecret", LEASE, None),
    ],
)
def test_when_the_first_lease_or_the_certificate_of_an_object_ends(
    kind: str, status: dict[str, object], end: float | None
) -> None:
    assert first_end(resource([], kind)._replace(status=status)) == end


MADE, FAILED = 1_700_000_000.0, 1_700_003_600.0


@pytest.mark.parametrize(
    ("what", "object", "since"),
    [
        ("never looked at: since it was made", resource([]), MADE),
        (
            "in sync",
            resource([{"type": "SecretSynced", "status": "True", "lastTransitionTime": "2023-11-14T23:13:20Z"}]),
            None,
        ),
        (
            "failing, though Ready says that the Secret is there",
            resource(
                [
                    {"type": "Ready", "status": "True", "lastTransitionTime": "2023-11-14T22:20:00Z"},
                    {"type": "SecretSynced", "status": "False", "lastTransitionTime": "2023-11-14T23:13:20Z"},
                ]
            ),
            FAILED,
        ),
        (
            "in sync, by what the definitions of Vault Secrets Operator have",
            resource([])._replace(status={"lastGeneration": 1, "secretMAC": "mac"}),
            None,
        ),
        ("not in sync by these", resource([])._replace(status={"lastGeneration": 0, "secretMAC": ""}), MADE),
        ("a connection that is valid by these", resource([], "VaultConnection")._replace(status={"valid": True}), None),
        ("one that is not", resource([], "VaultConnection")._replace(status={"valid": False}), MADE),
        (
            "a connection has Ready only",
            resource(
                [{"type": "Ready", "status": "False", "lastTransitionTime": "2023-11-14T23:13:20Z"}], "VaultConnection"
            ),
            FAILED,
        ),
        ("suspended", resource([{"type": "SecretSynced", "status": "Unknown"}]), None),
        ("being deleted", resource([], deleting="2023-11-14T23:13:20Z"), None),
        (
            "a time that is none",
            resource([{"type": "SecretSynced", "status": "False", "lastTransitionTime": "x"}]),
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_since_when_an_object_is_not_in_sync(what: str, object: Resource, since: float | None) -> None:
    assert out_of_sync_since(object) == since
