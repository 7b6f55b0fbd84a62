"""What an object that cannot work costs the API server each time that it is tried again: there may be thousands, for ever."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from controller.leased_model import KINDS as LEASED
from controller.model_world import TEAM, Model
from controller.refreshed_world import DESTINATION
from controller.refreshed_world import KINDS as READ

from keywave.controller.kinds import composite
from keywave.controller.model import Key
from keywave.controller.ports import Reconcile, World
from keywave.vault.values import VaultFault

SOURCES = [{"name": "db", "dynamic": {"mount": "db", "path": "creds/app"}}]
KINDS: dict[str, tuple[str, Reconcile, dict[str, Any]]] = {
    **{kind: (kind, *found) for kind, found in {**READ, **LEASED}.items()},
    "leased composite": (
        "VaultCompositeSecret",
        composite.reconcile,
        {"vaultAuthRef": "app", "sources": SOURCES, "destination": {"name": "creds", "create": True}},
    ),
}
every_kind = pytest.mark.parametrize("name", KINDS)


class Counted(Model):
    """`gets`: what the API server was asked for, by kind. A Secret that no watch has is one, too."""

    def __init__(self, name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> None:
        super().__init__()
        self.kind, self.reconcile, wanted = KINDS[name]
        self.gets: Counter[str] = Counter()
        self.login()
        self.put("Deployment", "web", {"template": {"metadata": {}}})
        self.put(self.kind, "app", {**wanted, **(spec or {})}, **metadata)

    def world(self) -> World:
        world = super().world()
        get, observe = world.kube.get, world.secrets.observe

        def getting(type: Any, *asked: Any) -> Any:
            self.gets[type.kind] += 1
            return get(type, *asked)

        def observing(*asked: Any) -> Any:
            self.gets["Secret"] += 1
            return observe(*asked)

        world.kube.get, world.secrets.observe = getting, observing  # type: ignore[method-assign]
        return world

    def status(self, type: str) -> str:
        body = self.body(self.kind, "app") or {}
        (found,) = [entry for entry in body["status"]["conditions"] if entry["type"] == type]
        return str(found["status"])

    def tried(self) -> dict[str, int]:
        """The requests of one more try, which fails, after a first one that told of it."""
        self.run(self.reconcile, self.kind, "app")
        self.gets.clear()
        writes = self.calls
        assert self.run(self.reconcile, self.kind, "app").failed
        assert self.calls == writes
        return dict(self.gets)


@every_kind
@pytest.mark.parametrize(
    "wrong",
    [
        {"vaultAuthRef": "nobody"},
        {"destination": {"name": "creds", "create": True, "transformation": {"transformationRefs": [{"name": "no"}]}}},
    ],
    ids=["no such login", "no such transformation"],
)
@pytest.mark.parametrize("annotations", [{}, {"reconcile.keywave.dev/refresh": "now"}], ids=["", "refresh"])
def test_an_object_that_names_what_is_not_there_costs_nothing(
    name: str, wrong: dict[str, Any], annotations: dict[str, str]
) -> None:
    made = Counted(name, wrong, annotations=annotations)
    made.kv["kv/app"] = {"a": "1"}
    assert (made.tried(), made.asked) == ({}, [])
    assert made.status("Ready") == "False"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("VaultDynamicSecret", {"path": "../x"}),
        ("VaultPKISecret", {"role": "../x"}),
        ("leased composite", {"sources": [*SOURCES, {"name": "bad", "dynamic": {"mount": "db", "path": "../x"}}]}),
        ("leased composite", {"hmacSecretData": False}),
    ],
)
def test_nor_does_one_that_asks_for_what_cannot_be_asked_for(name: str, wrong: dict[str, Any]) -> None:
    made = Counted(name, wrong)
    assert (made.tried(), made.asked) == ({}, [])


@every_kind
def test_what_vault_refuses_costs_a_read_at_most_and_one_of_the_object_where_something_is_issued(name: str) -> None:
    made = Counted(name)
    made.faults[""] = VaultFault("forbidden", "permission denied", status=403)
    assert made.tried() == ({} if name in READ else {"Secret": 1, made.kind: 1})
    assert made.status("Ready") == "False"


@pytest.mark.parametrize("name", READ)
def test_a_secret_that_is_to_be_there_and_is_not_is_looked_for_once_a_try_after_a_restart(name: str) -> None:
    made = Counted(name, {"destination": {"name": "creds", "create": False}})
    made.kv["kv/app"] = {"a": "1"}
    made.put("Secret", "creds", {})
    assert not made.run(made.reconcile, made.kind, "app").failed
    del made.objects[Key("Secret", TEAM, "creds")]
    made.restart()
    made.now += 60
    assert made.tried() == {"Secret": 2}  # the second is for the condition Ready


@pytest.mark.parametrize("name", READ)
def test_nor_is_vault_asked_after_a_restart_where_a_transformation_went(name: str) -> None:
    made = Counted(name, {"destination": {**DESTINATION, "transformation": {"transformationRefs": [{"name": "all"}]}}})
    made.kv["kv/app"] = {"a": "1"}
    made.put("SecretTransformation", "all", {})
    assert not made.run(made.reconcile, made.kind, "app").failed
    for kind, gone in (("Secret", "creds"), ("SecretTransformation", "all")):
        del made.objects[Key(kind, TEAM, gone)]
    made.restart()
    made.now += 60
    made.asked.clear()
    made.tried()
    assert made.asked == []
