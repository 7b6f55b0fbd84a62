"""How an object logs in is worked out once, and again when anything that it came from is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from controller.model_world import OURS, TEAM, Model

from keywave.controller import planning_kept
from keywave.controller.model import Key, Resource, resource_of
from keywave.controller.planning_kept import plan_of
from keywave.controller.ports import World
from keywave.controller.problems import PlanProblem


class Watched:
    """Satisfies ports.Lookup: the same object until it changes, as a watch has it."""

    def __init__(self, model: Model) -> None:
        self.model, self.seen = model, dict[Key, Resource]()

    def find(self, key: Key) -> Resource | None:
        body = self.model.objects.get(key)
        found = resource_of(body) if body else None
        if found is None or self.seen.get(key) != found:
            self.seen.pop(key, None)
        return self.seen.setdefault(key, found) if found is not None else None

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        return ()


class Made:
    """`worked_out`: how often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.model, self.worked_out = Model(), 0
        self.model.login()
        self.world: World = self.model.world()._replace(lookup=Watched(self.model))
        plain = planning_kept.plan_login

        def counted(*given: Any, **more: Any) -> Any:
            self.worked_out += 1
            return plain(*given, **more)

        monkeypatch.setattr(planning_kept, "plan_login", counted)

    def plan(self, namespace: str = TEAM, reference: str = "app") -> Any:
        known = {"name": "db", "namespace": namespace}
        body = {"apiVersion": OURS, "kind": "VaultStaticSecret", "metadata": known, "spec": {"vaultAuthRef": reference}}
        return plan_of(resource_of(body), self.world)

    def change(self, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        before = self.model.body(kind, name) or {"spec": {}}
        self.model.put(kind, name, {**before["spec"], **spec}, generation=2)


def test_it_is_worked_out_once_for_all_objects_of_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(monkeypatch)
    plans = [made.plan(), made.plan(), made.plan(reference=f"{TEAM}/app")]
    assert (plans, made.worked_out) == ([plans[0]] * 3, 1)


@pytest.mark.parametrize(
    ("kind", "name", "spec", "part"),
    [
        ("VaultAuth", "app", {"mount": "other"}, "mount='other'"),
        ("VaultConnection", "vault", {"address": "https://other:8200"}, "other:8200"),
        ("VaultAuthGlobal", "all", {"defaultVaultNamespace": "ns"}, "namespace='ns'"),
    ],
)
def test_a_change_of_anything_that_it_came_from_counts_at_once(
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str, spec: dict[str, Any], part: str
) -> None:
    made = Made(monkeypatch)
    made.change("VaultAuthGlobal", "all", {"kubernetes": {"role": "app"}})
    made.change("VaultAuth", "app", {"vaultAuthGlobalRef": {"name": "all"}})
    before = made.plan()
    made.change(kind, name, spec)
    assert (part in repr(before), part in repr(made.plan())) == (False, True)


def test_what_may_be_used_is_asked_for_each_namespace_and_what_is_gone_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Made(monkeypatch)
    made.plan()
    with pytest.raises(PlanProblem, match="not for the namespace shop"):
        made.plan("shop", f"{TEAM}/app")
    del made.model.objects[Key("VaultConnection", TEAM, "vault")]
    with pytest.raises(PlanProblem, match="there is no VaultConnection"):
        made.plan()
