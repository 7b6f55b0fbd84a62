"""A login, what it shares and its Secret while they are being deleted, removed in any order, or replaced."""

from __future__ import annotations

import contextlib
from itertools import permutations
from typing import Any

import pytest
from controller.model_world import TEAM, Model

from keywave.controller.kinds import auth, auth_global, connection, dynamic
from keywave.controller.kinds.holding_credentials import FINALIZER, HELD
from keywave.controller.ports import Reconcile
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

KINDS: dict[str, tuple[Reconcile, str]] = {
    "VaultDynamicSecret": (dynamic.reconcile, "app"),
    "VaultAuth": (auth.reconcile, "app"),
    "VaultAuthGlobal": (auth_global.reconcile, "all"),
    "VaultConnection": (connection.reconcile, "vault"),
}
OBJECTS = [*((kind, name) for kind, (_, name) in KINDS.items()), ("Secret", "approle")]
LEASED = {"vaultAuthRef": "app", "mount": "db", "path": "creds/app", "destination": {"name": "creds", "create": True}}


def model() -> Model:
    made = Model()
    made.life = 3600
    method = {"roleId": "r", "secretRef": "approle"}
    made.put("VaultConnection", "vault", {"address": "https://127.0.0.1:8200"})
    shared = {
        "vaultConnectionRef": "vault",
        "defaultAuthMethod": "appRole",
        "defaultMount": "approle",
        "appRole": method,
    }
    made.put("VaultAuthGlobal", "all", shared)
    made.put("VaultAuth", "app", {"vaultAuthGlobalRef": {"name": "all"}})
    made.put("Secret", "approle", {})
    made.put("VaultDynamicSecret", "app", LEASED)
    round_of_all(made, 2)
    return made


def round_of_all(made: Model, times: int = 1) -> None:
    for _ in range(times):
        for kind, (reconcile, name) in KINDS.items():
            with contextlib.suppress(KubeError):  # of a version that has moved on: the workers come again
                made.run(reconcile, kind, name)


def finalizers(made: Model, kind: str, name: str) -> list[str]:
    return list((made.body(kind, name) or {})["metadata"].get("finalizers") or [])


@pytest.mark.parametrize("order", list(permutations(OBJECTS))[::7], ids=lambda order: "-".join(k for k, _ in order))
def test_a_removal_in_any_order_revokes_and_leaves_nothing(order: tuple[tuple[str, str], ...]) -> None:
    made = model()
    for kind, name in order:
        made.delete(kind, name)
        round_of_all(made)
        made.now += 2
    for _ in range(6):
        round_of_all(made)
        made.now += 2

    assert (made.alive, [entry for entry in OBJECTS if made.body(*entry) is not None]) == ({}, [])


def test_what_is_shared_is_held_no_longer_than_the_rest() -> None:
    made = model()
    made.faults = {"sys/leases": VaultFault("unreachable", "Vault does not answer")}
    for kind, name in OBJECTS:
        made.delete(kind, name)
    round_of_all(made)
    assert made.body("VaultAuthGlobal", "all") is not None
    made.now += 301
    round_of_all(made, 2)

    assert [entry for entry in OBJECTS if made.body(*entry) is not None] == []


@pytest.mark.parametrize("kind", ["VaultAuth", "VaultAuthGlobal", "VaultConnection"])
def test_one_that_is_deleted_to_be_made_anew_stops_nobody_and_loses_nothing(kind: str) -> None:
    made = model()
    made.delete(kind, KINDS[kind][1])
    body = made.body("VaultDynamicSecret", "app") or {}
    body["metadata"]["annotations"] = {"reconcile.keywave.dev/refresh": "now"}
    round_of_all(made, 2)

    ready = {
        entry["type"]: entry["status"]
        for entry in (made.body("VaultDynamicSecret", "app") or {})["status"]["conditions"]
    }
    assert (ready, made.asked.count("db/creds/app")) == ({"Ready": "True", "SecretSynced": "True"}, 2)

    made.now += 301
    round_of_all(made, 2)
    assert made.body(kind, KINDS[kind][1]) is None
    assert [reason for reason, _ in made.events if reason == "SecretLeaseOrphaned"] == []


def test_one_that_was_made_anew_is_held_again() -> None:
    made = model()
    for kind, name in (("VaultAuth", "app"), ("VaultAuthGlobal", "all"), ("VaultConnection", "vault")):
        (made.body(kind, name) or {})["metadata"]["finalizers"] = []
    round_of_all(made, 3)

    held = [finalizers(made, kind, name) for kind, (_, name) in KINDS.items()]
    assert all(held)
    assert made.asked.count("db/creds/app") == 1


def test_a_secret_is_let_go_also_where_the_annotation_that_names_it_was_replaced_away() -> None:
    made = model()
    assert finalizers(made, "Secret", "approle") == [FINALIZER]
    (made.body("VaultAuth", "app") or {})["metadata"]["annotations"] = {}
    round_of_all(made)
    made.delete("VaultDynamicSecret", "app")
    made.delete("Secret", "approle")
    round_of_all(made, 3)

    assert (made.body("Secret", "approle"), made.alive) == (None, {})
    assert HELD not in ((made.body("VaultAuth", "app") or {})["metadata"].get("annotations") or {})


def test_what_nobody_revokes_is_in_the_log_too() -> None:
    made = model()
    lines: list[tuple[str, dict[str, object]]] = []
    world = made.world
    made.world = lambda: world()._replace(log=lambda level, message, **fields: lines.append((message, fields)))  # type: ignore[method-assign]
    made.faults = {"sys/leases": VaultFault("unreachable", "Vault does not answer")}
    (lease,) = made.alive
    made.delete("VaultDynamicSecret", "app")
    made.now += 301
    round_of_all(made)

    known: dict[str, Any] = {"object": f"VaultDynamicSecret {TEAM}/app", "ids": lease}
    assert lines == [("could not be revoked, and will end by its own time", known)]
