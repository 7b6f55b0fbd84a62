"""Whenever the process dies: what Vault has issued is known to somebody, and ends with the object."""

from __future__ import annotations

from typing import Any

import pytest
from controller.model_world import TEAM, Died, Model

from keywave.controller.kinds import dynamic, pki
from keywave.controller.model import Key
from keywave.controller.ports import Reconcile
from keywave.vault.values import VaultFault

LEASED = {
    "vaultAuthRef": "app",
    "mount": "db",
    "path": "creds/app",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
}
CERTIFICATE = {
    "vaultAuthRef": "app",
    "mount": "pki",
    "role": "web",
    "commonName": "web",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
}
KINDS: dict[str, tuple[Reconcile, dict[str, Any]]] = {
    "VaultDynamicSecret": (dynamic.reconcile, LEASED),
    "VaultPKISecret": (pki.reconcile, CERTIFICATE),
}


def model(kind: str, **spec: Any) -> Model:
    made = Model()
    made.life = 1000
    made.login()
    made.put(kind, "app", {**KINDS[kind][1], **spec})
    return made


def story(made: Model, kind: str) -> None:
    """Issued, replaced near its end, and the old one revoked."""
    reconcile = KINDS[kind][0]
    made.run(reconcile, kind, "app", times=2)
    made.now += 970
    made.run(reconcile, kind, "app")
    made.now += 130
    made.run(reconcile, kind, "app", times=2)


def calls(kind: str) -> int:
    made = model(kind)
    story(made, kind)
    return made.calls


MOMENTS = [
    (kind, number, when) for kind in KINDS for number in range(1, calls(kind) + 1) for when in ("before", "after")
]


@pytest.mark.parametrize(("kind", "number", "when"), MOMENTS)
def test_a_process_that_dies_loses_nothing(kind: str, number: int, when: str) -> None:
    made = model(kind)
    made.die_at = (number, when)
    with pytest.raises(Died):
        story(made, kind)
    made.restart()
    reconcile = KINDS[kind][0]

    for _ in range(4):
        made.run(reconcile, kind, "app")
        made.now += 65
    assert len(made.living()) == 1
    assert made.body("Secret", "creds") is not None

    made.delete(kind, "app")
    made.run(reconcile, kind, "app", times=3)
    assert made.living() == set()
    assert made.body(kind, "app") is None


@pytest.mark.parametrize(("kind", "number", "when"), MOMENTS)
def test_an_object_deleted_right_after_the_process_died_leaves_nothing(kind: str, number: int, when: str) -> None:
    made = model(kind)
    made.die_at = (number, when)
    with pytest.raises(Died):
        story(made, kind)
    made.restart()

    made.delete(kind, "app")
    made.run(KINDS[kind][0], kind, "app", times=3)

    assert made.living() == set()
    assert made.body(kind, "app") is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_settled_asks_nothing_and_writes_nothing(kind: str) -> None:
    made = model(kind)
    made.run(KINDS[kind][0], kind, "app", times=2)
    before = made.calls

    made.restart()
    result = made.run(KINDS[kind][0], kind, "app", times=3)

    assert made.calls == before
    assert result.after is not None
    assert 1 < result.after <= 300


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_no_template_can_take_are_not_asked_for_again_and_again(kind: str) -> None:
    bad = {"name": "creds", "create": True, "transformation": {"templates": {"x": {"text": '{{ fail "no" }}'}}}}
    made = model(kind, destination=bad)

    results = []
    for _ in range(5):
        results.append(made.run(KINDS[kind][0], kind, "app"))
        made.now += 30

    asked = [path for path in made.asked if "creds/" in path or "issue/" in path]
    assert [result.reason for result in results] == ["TransformationError"] * 5
    assert len(asked) == 1
    made.now += 300
    made.run(KINDS[kind][0], kind, "app")
    made.delete(kind, "app")
    made.run(KINDS[kind][0], kind, "app", times=3)
    assert made.alive == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_vault_that_does_not_answer_holds_a_deletion_for_five_minutes_and_no_longer(kind: str) -> None:
    made = model(kind)
    made.run(KINDS[kind][0], kind, "app", times=2)
    made.faults = {path: VaultFault("unreachable", "Vault does not answer") for path in ("sys/leases", "pki/revoke")}
    made.delete(kind, "app")

    made.run(KINDS[kind][0], kind, "app")
    made.now += 290
    made.run(KINDS[kind][0], kind, "app")
    assert made.body(kind, "app") is not None

    made.now += 11
    made.run(KINDS[kind][0], kind, "app")

    assert made.body(kind, "app") is None
    (lost,) = made.alive
    assert [message for reason, message in made.events if "end by its own time" in message and lost in message]


@pytest.mark.parametrize("kind", KINDS)
def test_the_login_stays_while_something_has_to_be_revoked(kind: str) -> None:
    made = model(kind)
    made.run(KINDS[kind][0], kind, "app", times=2)

    auth = made.objects[Key("VaultAuth", TEAM, "app")]["metadata"]["finalizers"]
    connection = made.objects[Key("VaultConnection", TEAM, "vault")]["metadata"]["finalizers"]

    assert (auth, connection) == (
        ["vaultauth.secrets.hashicorp.com/finalizer"],
        ["vaultconnection.secrets.hashicorp.com/finalizer"],
    )
