"""A status says what is known, and is written only when it says something new."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from keywave.controller.model import Condition, Resource, resource_of
from keywave.controller.ports import World
from keywave.controller.running.memory import ProcessMemory
from keywave.controller.status import next_status, write_status
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


def world(recorder: Recorder, status_fields: object = None) -> World:
    return cast(
        "World", SimpleNamespace(kube=recorder, now=lambda: NOW, memory=ProcessMemory(), status_fields=status_fields)
    )


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
