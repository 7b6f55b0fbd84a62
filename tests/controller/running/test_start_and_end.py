"""A whole reconciler that begins and ends at bad moments: nothing answers, lists are refused, a worker hangs."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_kube import HOLD, Asked, Script, Scripted, listed, scripted, stream, thing, whole

from keywave.controller.model import Key, Resource, Result
from keywave.controller.ports import World
from keywave.controller.running import wiring
from keywave.controller.running.settings import Settings
from keywave.controller.running.shards import shard_of
from keywave.crds.definitions import definitions
from keywave.kube.api_server import ApiServer
from rig.machine import plain_environment

ESTABLISHED = {"conditions": [{"type": "Established", "status": "True"}]}
DEFINITIONS = {body["metadata"]["name"]: {**body, "status": ESTABLISHED} for body in definitions()}
NONE = whole({"kind": "Status", "message": "none"}, 404)


class Api:
    """As much of Kubernetes as a start needs. `lists`: the answer to a list of objects, by the plural of their type."""

    def __init__(self, **lists: Script) -> None:
        self.lists, self.leases, self.versions = lists, dict[str, Any](), itertools.count(100)

    def __call__(self, asked: Asked) -> Script:
        *_, plural, last = asked.path.split("/")
        if plural == "customresourcedefinitions":
            return [whole(DEFINITIONS[last])]
        if last == "secrets" and asked.method == "POST":
            return [whole(asked.body)]
        if plural == "secrets":
            return [NONE]
        if "watch" in asked.query:
            return [*stream(), HOLD]
        if "leases" in asked.path.split("/"):
            return [self._lease(asked)]
        return self.lists.get(last, [listed()])

    def _lease(self, asked: Asked) -> bytes:
        if asked.method == "GET":
            return listed(*(body for name, body in self.leases.items() if "fieldSelector" not in asked.query))
        if asked.method == "DELETE":
            return whole({}) if self.leases.pop(asked.path.rpartition("/")[2], None) else NONE
        metadata = {**asked.body["metadata"], "resourceVersion": str(next(self.versions))}
        body = self.leases[metadata["name"]] = {**asked.body, "metadata": metadata}
        return whole(body)

    def holders(self) -> dict[int, str]:
        shards = {name: body for name, body in self.leases.items() if "-shard-" in name}
        return {int(name[-2:]): body["spec"]["holderIdentity"] for name, body in shards.items()}


def started(server: Scripted, told: list[tuple[str, Any]] | None = None) -> wiring.Reconciler:
    """In a thread of its own, as the process does it. `told`: what it logs."""
    log = told if told is not None else []
    settings = Settings(operator_namespace="ops", metrics_address="127.0.0.1:0", workers=2)
    reconciler = wiring.Reconciler(
        settings, ApiServer(server.url), lambda level, message, **more: log.append((message, more))
    )
    threading.Thread(target=reconciler.start, daemon=True).start()
    return reconciler


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("away", ["customresourcedefinitions", "secrets"])
def test_a_start_outlasts_an_api_server_that_fails(away: str) -> None:
    api, told, left = Api(), list[tuple[str, Any]](), [3]

    def failing(asked: Asked) -> Script:
        if away in asked.path.split("/") and "watch" not in asked.query and left[0]:
            left[0] -= 1
            return [whole({"kind": "Status", "message": "etcdserver: leader changed"}, 500)]
        return api(asked)

    with scripted(failing) as server:
        reconciler = started(server, told)
        until(lambda: any(message == "started" for message, _ in told))
        reconciler.stop()

    assert left == [0]


@pytest.mark.parametrize("answers", ["nothing", "all but lists"])
def test_who_is_told_to_end_before_the_first_list_ends(answers: str, tmp_path: Path) -> None:
    api = Api(vaultauths=[HOLD])
    with scripted((lambda asked: [HOLD]) if answers == "nothing" else api) as server:
        file = tmp_path / "kubeconfig"
        named = {"name": "x", "cluster": {"server": server.url}, "context": {"cluster": "x", "user": "x"}, "user": {}}
        kubeconfig = {"current-context": "x", **{table: [named] for table in ("clusters", "contexts", "users")}}
        file.write_text(json.dumps(kubeconfig))
        process = subprocess.Popen(
            [
                Path(sys.prefix) / "bin" / "keywave-reconciler",
                f"--kubeconfig={file}",
                "--operator-namespace=ops",
                "--metrics-address=127.0.0.1:0",
            ],
            env=plain_environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        last = "customresourcedefinitions" if answers == "nothing" else "vaultauths"
        until(lambda: any(last in asked.path for asked in list(server.asked)), 60)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)

    lines = [json.loads(line) for line in told.splitlines()]
    assert (
        process.returncode,
        [line["message"] for line in lines if line["message"] != "a watch was cut off or refused"],
    ) == (
        0,
        ["ended"],
    )
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("lists", "later"),
    [
        ([whole({"kind": "Status", "message": "no"}, 403)], "not everything was listed yet (forbidden)"),
        # An API server that is in trouble does not get out of it by our restart.
        ([whole({"kind": "Status", "message": "no"}, 500)], ""),
    ],
    ids=["refused", "failing"],
)
def test_a_start_whose_lists_are_refused_is_unhealthy_after_five_minutes(lists: Script, later: str) -> None:
    with scripted(Api(vaultauths=lists)) as server:
        reconciler = started(server)
        until(lambda: reconciler._refused)
        before = reconciler._healthy(), bool(reconciler._ready())
        reconciler._began -= 301
        after = reconciler._healthy()
        reconciler.stop()
        until(lambda: not [one for one in threading.enumerate() if one.name.startswith("watch-")])

    assert (before, after) == (("", True), later)


def test_with_a_worker_that_hangs_it_ends_in_time_and_gives_back_all_shards_but_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, over = threading.Event(), threading.Event()

    def hang(resource: Resource, world: World, failures: int) -> Result:
        began.set()
        over.wait(30)
        return Result()

    monkeypatch.setattr(wiring, "KINDS", {"VaultAuth": hang})
    monkeypatch.setattr(wiring, "_GRACE", 1.0)
    api = Api(vaultauths=[listed(thing("app"))])
    with scripted(api) as server:
        reconciler = started(server)
        assert began.wait(20)
        until(lambda: len(api.holders()) == 16)
        moment = time.monotonic()
        reconciler.stop()
        took = time.monotonic() - moment
        over.set()

    assert {shard for shard, holder in api.holders().items() if holder} == {shard_of("team")}
    assert took < 10


def test_what_a_scrape_tells_is_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "KINDS", {"VaultAuth": lambda resource, world, failures: Result()})
    with scripted(Api(vaultauths=[listed(thing("app"))])) as server:
        reconciler = started(server)
        until(lambda: reconciler._started and reconciler._shards.held() == 16)
        who = list[str]()
        monkeypatch.setattr(reconciler._standby, "look", lambda **how: who.append(threading.current_thread().name))
        # As where an incumbent was removed: whoever is about to write looks anew each time.
        monkeypatch.setattr(reconciler._standby, "_first", {"vso": "long ago"})
        monkeypatch.setattr(reconciler._standby, "_looked", float("-inf"))
        told = reconciler._metrics.text()
        reconciler.stop()

    assert ("keywave_shards_held 16" in told, threading.current_thread().name in who) == (True, False)


def test_memory_of_a_shard_is_forgotten_when_it_is_lost() -> None:
    with scripted(Api()) as server:
        reconciler = started(server)
        until(lambda: reconciler._started and reconciler._shards.held() == 16)
        keys = [Key("VaultAuth", space, "app") for space in ("team", "elsewhere")]
        for one in keys:
            reconciler._memory.keep(one, "restarted for", "x")
        reconciler._lost(shard_of("team"))
        kept = [reconciler._memory.recall(one, "restarted for") for one in keys]
        reconciler.stop()

    assert (kept, shard_of("team") != shard_of("elsewhere")) == ([None, "x"], True)


def test_a_new_key_beside_objects_with_hashes_of_another_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "KINDS", {})
    marked = [{**thing(name), "status": {"secretMAC": "x"}} for name in ("a", "b")]
    told = list[tuple[str, Any]]()
    with scripted(Api(vaultstaticsecrets=[listed(*marked, thing("c"))])) as server:
        reconciler = started(server, told)
        until(lambda: reconciler._started)
        reconciler.stop()

    message = "a new key of the keyed hashes was made, and objects have hashes of another one"
    assert [more for text, more in told if text == message] == [{"objects": 2, "secret": "vso-cc-storage-hmac-key"}]
