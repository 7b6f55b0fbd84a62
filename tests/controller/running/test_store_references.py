"""Who refers to whom, and who is woken when something changes."""

from __future__ import annotations

from typing import Any

from keywave.controller.model import Key, Resource, resource_of
from keywave.controller.running.store import Store

OPERATOR = "keywave-system"


def resource(kind: str, name: str, spec: dict[str, Any], generation: int = 1) -> Resource:
    metadata = {"name": name, "namespace": "team", "uid": name, "generation": generation}
    return resource_of({"kind": kind, "metadata": metadata, "spec": spec})


class World:
    def __init__(self) -> None:
        self.objects: dict[str, dict[Key, Resource]] = {}
        self.woken: list[str] = []
        self.store = Store(self.find, OPERATOR, lambda key, new: self.woken.append(key.name))

    def find(self, key: Key) -> Resource | None:
        return self.objects.get(key.kind, {}).get(key)

    def put(self, new: Resource) -> None:
        kept = self.objects.setdefault(new.key.kind, {})
        old = kept.get(new.key)
        kept[new.key] = new
        self.store.changed(new.key, old, new)

    def remove(self, old: Resource) -> None:
        del self.objects[old.key.kind][old.key]
        self.store.changed(old.key, old, None)


def filled() -> World:
    world = World()
    world.put(resource("VaultStaticSecret", "secret", {"vaultAuthRef": "auth"}))
    world.put(resource("VaultStaticSecret", "other", {"vaultAuthRef": "team/else"}))
    world.put(resource("VaultAuth", "auth", {"vaultConnectionRef": "connection"}))
    world.woken.clear()
    return world


def test_what_arrives_wakes_all_that_refer_to_it_directly_or_not() -> None:
    world = filled()

    world.put(resource("VaultConnection", "connection", {}))

    assert world.woken == ["connection", "auth", "secret"]


def test_a_change_of_metadata_alone_wakes_nobody_else() -> None:
    world = filled()
    old = world.objects["VaultAuth"][Key("VaultAuth", "team", "auth")]

    world.put(old._replace(annotations={"a": "b"}))

    assert world.woken == ["auth"]


def test_a_reference_that_moves_is_followed() -> None:
    world = filled()
    world.put(resource("VaultStaticSecret", "secret", {"vaultAuthRef": "else"}, 2))
    world.woken.clear()

    world.put(resource("VaultAuth", "auth", {}, 2))

    assert world.woken == ["auth"]


def test_what_goes_wakes_those_that_need_it_and_leaves_no_trace() -> None:
    world = filled()
    world.remove(world.objects["VaultStaticSecret"][Key("VaultStaticSecret", "team", "secret")])
    world.woken.clear()

    world.remove(world.objects["VaultAuth"][Key("VaultAuth", "team", "auth")])

    assert world.woken == ["auth"]
    assert [r.key.name for r in world.store.referrers(Key("VaultAuth", "team", "auth"))] == []


def test_two_that_refer_to_each_other_end() -> None:
    world = World()
    world.put(resource("VaultAuth", "auth", {"vaultAuthGlobalRef": {"name": "all"}, "vaultConnectionRef": "c"}))
    world.put(resource("VaultAuthGlobal", "all", {"vaultConnectionRef": "c"}))
    world.woken.clear()

    world.put(resource("VaultConnection", "c", {}))

    assert sorted(world.woken) == ["auth", "c"]


def test_the_first_that_uses_a_login_wakes_it_and_no_other_does() -> None:
    world = World()
    world.put(resource("VaultAuth", "auth", {"vaultConnectionRef": "connection"}))
    world.woken.clear()

    world.put(resource("VaultStaticSecret", "first", {"vaultAuthRef": "auth"}))
    world.put(resource("VaultStaticSecret", "second", {"vaultAuthRef": "auth"}))

    assert world.woken == ["first", "auth", "second"]


def test_the_connection_that_a_global_names_is_one_of_the_namespace_of_who_uses_it() -> None:
    world = World()
    shared = {
        "kind": "VaultAuthGlobal",
        "metadata": {"name": "all", "namespace": "shared", "uid": "all", "generation": 1},
    }
    world.put(resource("VaultAuth", "auth", {"vaultAuthGlobalRef": {"name": "all", "namespace": "shared"}}))
    world.put(resource_of({**shared, "spec": {"vaultConnectionRef": "c"}}))

    assert [user.key.name for user in world.store.referrers(Key("VaultConnection", "team", "c"))] == ["auth"]
    assert world.store.referrers(Key("VaultConnection", "shared", "c")) == ()

    world.put(resource_of({**shared, "spec": {"vaultConnectionRef": "other/d"}}))

    assert world.store.referrers(Key("VaultConnection", "team", "c")) == ()
    assert [user.key.name for user in world.store.referrers(Key("VaultConnection", "other", "d"))] == ["auth"]
