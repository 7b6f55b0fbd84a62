"""What an object that cannot work costs the API server each time that it is tried again: there may be thousands, for ever."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from controller.leased_model import KINDS as LEASED
from controller.model_world import Model
from controller.refreshed_world import KINDS as READ

from keywave.controller.kinds import composite
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

    def __init__(self, name: str, **spec: Any) -> None:
        super().__init__()
        self.kind, self.reconcile, wanted = KINDS[name]
        self.gets: Counter[str] = Counter()
        self.login()
        self.put("Deployment", "web", {"template": {"metadata": {}}})
        self.put(self.kind, "app", {**wanted, **spec})

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
        """The requests of one more try, which fails."""
        self.gets.clear()
        assert self.run(self.reconcile, self.kind, "app").failed
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
def test_an_object_that_names_what_is_not_there_costs_nothing(name: str, wrong: dict[str, Any]) -> None:
    made = Counted(name, **wrong)
    made.kv["kv/app"] = {"a": "1"}
    assert (made.tried(), made.tried(), made.asked) == ({}, {}, [])
    assert made.status("Ready") == "False"


@every_kind
def test_what_vault_refuses_costs_a_read_at_most_and_one_of_the_object_where_something_is_issued(name: str) -> None:
    made = Counted(name)
    made.faults[""] = VaultFault("forbidden", "permission denied", status=403)
    made.tried()
    assert made.tried() == ({} if name in READ else {"Secret": 1, made.kind: 1})
    assert made.status("Ready") == "False"
