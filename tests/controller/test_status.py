"""A status says what is known, and is written only when it says something new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from keywave.controller.model import Condition, Resource, resource_of
from keywave.controller.ports import World
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.status import latest, next_status, write_status
from keywave.crds.incumbent_status import INCUMBENT_STATUS

NOW = 1_800_000_000.0
READY = Condition("Ready", True, "SecretSynced", "the Secret app holds what Vault has")


def resource(status: dict[str, Any], generation: int = 2) -> Resource:
    metadata = {"namespace": "team", "name": "app", "generation": generation}
    return resource_of({"kind": "VaultStaticSecret", "metadata": metadata, "status": status})


class Recorder:
    def __init__(self) -> None:
        self.patches: list[dict[str, Any]] = []

    def patch(self, type: object, namespace: str, name: str, patch: dict[str, Any], *, subresource: str) -> None:
        assert (namespace, name, subresource) == ("team", "app", "status")
        self.patches.append(patch["status"])


class Here(NamedTuple):
    """What of a World a status needs."""

    kube: Recorder
    now: Callable[[], float]
    memory: ProcessMemory
    status_fields: object


def world(recorder: Recorder, status_fields: object = None) -> World:
    return cast("World", Here(recorder, lambda: NOW, ProcessMemory(), status_fields))


def written(status: dict[str, Any], fields: dict[str, Any], *conditions: Condition) -> list[dict[str, Any]]:
    recorder = Recorder()
    write_status(resource(status), world(recorder), fields, conditions)
    return recorder.patches


def test_what_is_known_already_is_not_written_again() -> None:
    first = next_status(resource({}), {"secretMAC": "abc"}, [READY], NOW - 500)

    assert written(first, {"secretMAC": "abc"}, READY) == []


def test_the_time_of_a_condition_changes_with_its_status_only() -> None:
    first = next_status(resource({}), {}, [READY], NOW - 500)
    told = READY._replace(reason="VaultSealed", message="Vault is sealed; the Secret stays")

    (change,) = written(first, {}, told)

    assert change == {
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "VaultSealed",
                "message": "Vault is sealed; the Secret stays",
                "observedGeneration": 2,
                "lastTransitionTime": "2027-01-15T07:51:40Z",
            }
        ]
    }


def test_a_condition_that_changes_its_status_gets_the_time_of_now() -> None:
    first = next_status(resource({}), {}, [READY], NOW - 500)

    (change,) = written(first, {}, READY._replace(status=False))

    assert change["conditions"][0]["lastTransitionTime"] == "2027-01-15T08:00:00Z"


def test_only_what_differs_is_sent_and_none_takes_a_field_away() -> None:
    first = next_status(
        resource({}), {"secretMAC": "abc", "token": {"accessor": "a", "renewable": True}, "version": 1}, [READY], NOW
    )

    changes = written(first, {"token": {"accessor": "b", "renewable": True}, "version": None}, READY)

    assert changes == [{"token": {"accessor": "b"}, "version": None}]


def test_conditions_of_others_stay() -> None:
    theirs = {"type": "LeaseRenewal", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "t"}

    after = next_status(resource({"conditions": [theirs]}), {}, [READY], NOW)

    assert [condition["type"] for condition in after["conditions"]] == ["LeaseRenewal", "Ready"]


def test_on_the_incumbents_definitions_only_its_fields_are_written() -> None:
    recorder = Recorder()

    write_status(resource({}), world(recorder, INCUMBENT_STATUS), {"secretMAC": "abc", "restartedFor": "abc"}, [READY])

    assert recorder.patches == [{"lastGeneration": 0, "secretMAC": "abc"}]


def test_a_message_is_cut() -> None:
    after = next_status(resource({}), {}, [READY._replace(message="x" * 10_000)], NOW)

    assert len(after["conditions"][0]["message"]) == 4000


class Answering(Recorder):
    """Gives the object back with a resourceVersion one higher each time, as the API server does. `whole`: with what it has by then."""

    def __init__(self) -> None:
        super().__init__()
        self.version, self.whole = 10, dict[str, Any]()

    def patch(self, *where: Any, **more: Any) -> Any:
        super().patch(*where, **more)
        self.version += 1
        self.whole = {**self.whole, **self.patches[-1]}
        return {"metadata": {"resourceVersion": str(self.version)}, "status": self.whole}


FAILED = Condition("SecretSynced", False, "VaultSealed", "sealed")
MENDED = Condition("SecretSynced", True, "SecretSynced", "the Secret app holds what Vault has")


def test_a_success_right_after_a_failure_is_written_though_the_watch_has_told_of_neither() -> None:
    made = Answering()
    here = world(made)
    seen = resource(next_status(resource({}), {}, [MENDED], NOW - 500))._replace(version="10")

    told = [write_status(seen, here, {}, [condition]) for condition in (FAILED, FAILED, MENDED, MENDED)]

    assert told == [True, False, True, False]
    assert [patch["conditions"][0]["status"] for patch in made.patches] == ["False", "True"]
    assert latest(seen, here).status["conditions"][0]["status"] == "True"


def test_what_the_watch_has_after_our_write_wins() -> None:
    made = Answering()
    here = world(made)
    seen = resource({"secretMAC": "abc"})._replace(version="10")
    write_status(seen, here, {}, [FAILED])
    theirs = seen._replace(version="12", status={"secretMAC": "of somebody"})

    assert latest(theirs, here) == theirs
    assert write_status(theirs, here, {"secretMAC": "abc"}, [FAILED])
    assert made.patches[-1]["secretMAC"] == "abc"


def test_another_object_of_the_name_and_a_cluster_that_was_restored_have_their_own_status() -> None:
    made = Answering()
    here = world(made)
    seen = resource({})._replace(version="10", uid="one")
    write_status(seen, here, {}, [FAILED])

    assert latest(seen._replace(uid="two"), here).status == {}
    write_status(seen, here, {}, [FAILED])
    assert latest(seen, here._replace(now=lambda: NOW + 61)).status == {}


def test_on_the_incumbents_definitions_a_write_that_the_watch_has_not_told_of_is_not_repeated() -> None:
    made = Answering()
    made.whole = {"lastGeneration": 0}
    here = world(made, INCUMBENT_STATUS)
    seen = resource({"lastGeneration": 0, "secretMAC": ""})._replace(version="10")

    told = [write_status(seen, here, {"secretMAC": "abc", "restartedFor": "abc"}, [READY]) for _ in range(2)]

    assert told == [True, False]
    assert made.patches == [{"secretMAC": "abc"}]
