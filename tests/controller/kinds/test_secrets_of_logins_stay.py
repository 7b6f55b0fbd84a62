"""The Secret with a login's credentials stays until nothing has to be revoked with it, and no longer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from controller.model_world import TEAM, Died, Model

from keywave.controller.kinds import auth, connection, dynamic
from keywave.controller.kinds.holding_credentials import FINALIZER, HELD, HOLDERS, MOST, needed
from keywave.controller.model import Key
from keywave.controller.ports import Health, Reconcile
from keywave.controller.status import rfc3339
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

KINDS: dict[str, tuple[Reconcile, str]] = {
    "VaultDynamicSecret": (dynamic.reconcile, "app"),
    "VaultAuth": (auth.reconcile, "app"),
    "VaultConnection": (connection.reconcile, "vault"),
}
OBJECTS = [
    *((kind, name) for kind, (_, name) in KINDS.items()),
    ("Secret", "approle"),
    ("Secret", "ca"),
    ("Secret", "shown"),
]
LEASED = {
    "vaultAuthRef": "app",
    "mount": "db",
    "path": "creds/app",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
}


def model() -> Model:
    made = Model()
    certificate = {"reconcile.keywave.dev/client-cert-secret": "shown"}
    spec = {"address": "https://127.0.0.1:8200", "caCertSecretRef": "ca"}
    made.put("VaultConnection", "vault", spec, annotations=certificate)
    method = {"roleId": "r", "secretRef": "approle"}
    spec = {"method": "appRole", "mount": "approle", "appRole": method, "vaultConnectionRef": "vault"}
    made.put("VaultAuth", "app", spec)
    for name in ("approle", "ca", "shown"):
        made.put("Secret", name, {})
    made.put("VaultDynamicSecret", "app", LEASED)
    return made


def round_of_all(made: Model) -> None:
    for kind, (reconcile, name) in KINDS.items():
        made.run(_without_health(reconcile), kind, name)


def _without_health(reconcile: Reconcile) -> Any:
    def run(resource: Any, world: Any, failures: int) -> Any:
        world.vault.health = lambda plan: Health(False, False, "1.21.1")
        try:
            return reconcile(resource, world, failures)
        except KubeError as problem:  # the workers come again
            if problem.reason != "conflict":
                raise

    return run


def finalizers(made: Model, name: str) -> list[str]:
    return list((made.body("Secret", name) or {})["metadata"].get("finalizers") or [])


def held(made: Model, kind: str, name: str) -> str | None:
    annotations = (made.body(kind, name) or {})["metadata"].get("annotations") or {}
    return annotations.get(HELD)


def refuse(made: Model, problem: KubeError, name: str) -> list[str]:
    """Patches of that Secret are refused; what was tried."""
    tried, world = [], made.world

    def patched() -> Any:
        found = world()
        patch = found.kube.patch

        def refusing(type: Any, namespace: str, given: str, body: Mapping[str, Any], **more: Any) -> Any:
            if (type.kind, given) == ("Secret", name):
                tried.append(given)
                raise problem
            return patch(type, namespace, given, body, **more)

        found.kube.patch = refusing  # type: ignore[method-assign]
        return found

    made.world = patched  # type: ignore[method-assign]
    return tried


def test_the_secrets_of_a_login_and_of_a_connection_are_kept_from_the_first_lease_on() -> None:
    made = model()
    round_of_all(made)
    round_of_all(made)

    assert (finalizers(made, "approle"), finalizers(made, "ca")) == ([FINALIZER], [FINALIZER])
    assert held(made, "VaultAuth", "app") == f"{TEAM}/approle"
    assert held(made, "VaultConnection", "vault") == f"{TEAM}/ca,{TEAM}/shown"


@pytest.mark.parametrize("order", list(permutations(OBJECTS))[::7], ids=lambda order: "-".join(k for k, _ in order))
def test_a_removal_in_any_order_revokes_and_leaves_nothing(order: tuple[tuple[str, str], ...]) -> None:
    made = model()
    round_of_all(made)
    for kind, name in order:
        made.delete(kind, name)
    for _ in range(6):
        if made.alive:
            assert made.body("Secret", "approle") is not None
            assert made.body("Secret", "ca") is not None
        round_of_all(made)
        made.now += 2

    assert (made.alive, [entry for entry in OBJECTS if made.body(*entry) is not None]) == ({}, [])


def test_a_vault_that_is_gone_holds_the_secrets_no_longer_than_the_rest() -> None:
    made = model()
    round_of_all(made)
    made.faults = {"sys/leases": VaultFault("unreachable", "Vault does not answer")}
    for kind, name in OBJECTS:
        made.delete(kind, name)

    round_of_all(made)
    assert finalizers(made, "approle") == [FINALIZER]
    made.now += 301
    round_of_all(made)
    round_of_all(made)

    assert [entry for entry in OBJECTS if made.body(*entry) is not None] == []


def test_a_secret_that_is_only_replaced_goes_after_half_a_minute() -> None:
    made = model()
    round_of_all(made)
    made.delete("Secret", "approle")
    made.now += 20
    round_of_all(made)
    assert made.body("Secret", "approle") is not None
    made.now += 20
    round_of_all(made)

    assert made.body("Secret", "approle") is None
    assert len(made.alive) == 1


def test_the_finalizer_comes_off_with_the_last_object_that_needs_it() -> None:
    made = model()
    round_of_all(made)
    made.delete("VaultDynamicSecret", "app")
    round_of_all(made)
    round_of_all(made)

    assert (finalizers(made, "approle"), finalizers(made, "ca")) == ([], [])
    assert (held(made, "VaultAuth", "app"), held(made, "VaultConnection", "vault")) == (None, None)


def test_a_secret_that_the_login_does_not_name_any_more_is_let_go() -> None:
    made = model()
    round_of_all(made)
    made.objects[Key("VaultAuth", TEAM, "app")]["spec"]["appRole"] = {"roleId": "r", "secretRef": "other"}
    round_of_all(made)

    assert (finalizers(made, "approle"), held(made, "VaultAuth", "app")) == ([], None)


@pytest.mark.parametrize("reason", ["forbidden", "unreachable", "conflict"])
def test_a_secret_that_may_not_be_patched_fails_nothing_and_is_not_tried_each_time(reason: str) -> None:
    made = model()
    tried = refuse(made, KubeError(reason, "no"), "approle")
    round_of_all(made)
    round_of_all(made)
    made.now += 97  # the lease is replaced
    round_of_all(made)

    assert made.body("Secret", "creds") is not None
    assert (tried, finalizers(made, "approle")) == (["approle"], [])
    made.delete("VaultDynamicSecret", "app")
    round_of_all(made)
    round_of_all(made)
    assert held(made, "VaultAuth", "app") is None


@pytest.mark.parametrize("moment", ["the login looks at its Secret", "the login goes"])
def test_a_look_between_the_annotation_and_the_finalizer_leaves_no_secret_that_nobody_knows_of(moment: str) -> None:
    made = model()
    world, meanwhile = made.world, []

    def interleaved() -> Any:
        found = world()
        patch = found.kube.patch

        def patching(type: Any, namespace: str, name: str, body: Mapping[str, Any], **more: Any) -> Any:
            if (type.kind, name) == ("Secret", "approle") and not meanwhile:
                meanwhile.append(name)
                if moment == "the login goes":
                    made.objects[Key("VaultAuth", TEAM, "app")]["metadata"]["finalizers"] = []
                    made.delete("VaultAuth", "app")
                else:
                    made.run(auth.reconcile, "VaultAuth", "app")
            return patch(type, namespace, name, body, **more)

        found.kube.patch = patching  # type: ignore[method-assign]
        return found

    made.world = interleaved  # type: ignore[method-assign]
    made.run(_without_health(dynamic.reconcile), "VaultDynamicSecret", "app")

    known = moment == "the login looks at its Secret"
    assert meanwhile == ["approle"]
    assert finalizers(made, "approle") == ([FINALIZER] if known else [])
    if known:
        assert held(made, "VaultAuth", "app") == f"{TEAM}/approle"


def test_the_login_is_not_tried_again_each_time_its_secret_is_looked_at() -> None:
    made = model()
    round_of_all(made)
    logins, world = [], made.world

    def counting() -> Any:
        found = world()
        log_in = found.vault.log_in
        found.vault.log_in = lambda plan: (logins.append(plan.mount), log_in(plan))[1]  # type: ignore[method-assign]
        return found

    made.world = counting  # type: ignore[method-assign]
    for _ in range(4):
        result = made.run(auth.reconcile, "VaultAuth", "app")
        made.now += 30

    assert (logins, result.after) == ([], 30.0)


MOMENTS = [(number, when) for number in range(1, 12) for when in ("before", "after")]


@pytest.mark.parametrize(("number", "when"), MOMENTS)
def test_a_process_that_dies_leaves_no_secret_that_never_goes(number: int, when: str) -> None:
    made = model()
    made.die_at = (number, when)
    with pytest.raises(Died):
        _some_minutes(made)
    made.restart()
    for kind, name in OBJECTS:
        made.delete(kind, name)
    for _ in range(6):
        round_of_all(made)
        made.now += 2

    assert [entry for entry in OBJECTS if made.body(*entry) is not None] == []
    assert set(made.alive) - made.never_told == set()


def test_an_annotation_that_somebody_made_up_costs_little_and_opens_nothing() -> None:
    made = model()
    made.put("Secret", "foreign", {}, namespace="other", finalizers=["somebody/else", FINALIZER])
    names = ",".join(["", "x", "/", "a/", "other/foreign", *(f"other/s{n}" for n in range(5000))])
    made.objects[Key("VaultAuth", TEAM, "app")]["metadata"]["annotations"] = {HELD: names}
    looks, world = [], made.world

    def counting() -> Any:
        found = world()
        get = found.kube.get
        found.kube.get = lambda type, space, name: (looks.append(name), get(type, space, name))[1]  # type: ignore[method-assign]
        return found

    made.world = counting  # type: ignore[method-assign]
    made.run(auth.reconcile, "VaultAuth", "app")

    assert len(looks) <= MOST
    assert made.objects[Key("Secret", "other", "foreign")]["metadata"]["finalizers"] == ["somebody/else", FINALIZER]
    assert held(made, "VaultAuth", "app") is None


def _some_minutes(made: Model) -> None:
    for _ in range(3):
        round_of_all(made)
        made.now += 70


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("ago", "owing", "users", "removal", "expected"),
    [
        (None, False, True, False, True),
        (None, True, False, False, False),
        (0, True, True, True, True),
        (299, True, True, True, True),
        (301, True, True, True, False),
        (29, True, True, False, True),
        (31, True, True, False, False),
        (0, False, True, True, False),
    ],
)
def test_how_long_a_secret_is_needed(
    ago: float | None, owing: bool, users: bool, removal: bool, expected: bool
) -> None:
    deleted = "" if ago is None else rfc3339(NOW - ago)
    assert needed(deleted, NOW, owing=owing, users=users, removal=removal) is expected


def test_a_global_holds_no_secret_of_the_login_that_takes_from_it() -> None:
    made = model()
    method = {"roleId": "r", "secretRef": "approle"}
    shared = {
        "defaultAuthMethod": "appRole",
        "defaultMount": "approle",
        "appRole": method,
        "vaultConnectionRef": "vault",
    }
    made.put("VaultAuthGlobal", "shared", shared)
    made.put("VaultAuth", "app", {"vaultAuthGlobalRef": {"name": "shared"}})
    round_of_all(made)
    round_of_all(made)

    assert held(made, "VaultConnection", "vault") == f"{TEAM}/ca,{TEAM}/shown"
    assert held(made, "VaultAuthGlobal", "shared") is None
    assert (made.body("Secret", "ca") or {})["metadata"]["annotations"] == {HOLDERS: f"VaultConnection/{TEAM}/vault"}
