"""A Secret with a login's credentials says who holds it: nobody else lets it go, and the last one does."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from controller.model_world import TEAM, Model

from keywave.controller.kinds import auth, connection, dynamic
from keywave.controller.kinds.holding_credentials import FINALIZER, HELD, HOLDERS, MOST, holders_of
from keywave.controller.model import Key, resource_of
from keywave.controller.ports import Reconcile
from keywave.controller.status import rfc3339
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

RECONCILE: dict[str, Reconcile] = {
    "VaultDynamicSecret": dynamic.reconcile,
    "VaultAuth": auth.reconcile,
    "VaultConnection": connection.reconcile,
}
OTHER = "other"
FIRST, SECOND = Key("VaultAuth", TEAM, "app"), Key("VaultAuth", TEAM, "second")
SHARED = Key("Secret", TEAM, "approle")
Marks = tuple[list[str], str | None]


def model(*, logins: tuple[str, ...] = ("app", "second")) -> Model:
    """Each login with an object that issues; all take their credentials from one Secret."""
    made = Model()
    made.put("VaultConnection", "vault", {"address": "https://127.0.0.1:8200"})
    made.put("Secret", "approle", {})
    for name in logins:
        put_login(made, name)
        put_leased(made, name, TEAM)
    return made


def put_login(made: Model, name: str, **more: Any) -> None:
    method = {"roleId": "r", "secretRef": "approle"}
    spec = {"method": "appRole", "mount": "approle", "appRole": method, "vaultConnectionRef": "vault", **more}
    made.put("VaultAuth", name, spec)


def put_leased(made: Model, name: str, namespace: str, login: str = "") -> None:
    destination = {"name": f"creds-{name}", "create": True}
    spec = {"vaultAuthRef": login or name, "mount": "db", "path": "creds/app", "destination": destination}
    made.put("VaultDynamicSecret", name, spec, namespace=namespace, uid=f"uid-{namespace}-{name}")


def rounds(made: Model, times: int = 2) -> None:
    """All that the workers would do: they come again after a conflict."""
    for _ in range(times):
        for key in [key for key in made.objects if key.kind in RECONCILE]:
            if key in made.objects:
                with contextlib.suppress(KubeError):
                    RECONCILE[key.kind](resource_of(made.objects[key]), made.world(), 0)


def marks(made: Model, key: Key = SHARED) -> Marks:
    """Finalizers, and who holds it."""
    metadata = made.objects[key]["metadata"]
    return list(metadata.get("finalizers") or []), (metadata.get("annotations") or {}).get(HOLDERS)


def holds(made: Model, key: Key) -> str | None:
    return (made.objects[key]["metadata"].get("annotations") or {}).get(HELD)


def annotate(made: Model, key: Key, name: str, text: str | None) -> None:
    known = made.objects[key]["metadata"].setdefault("annotations", {})
    known.pop(name, None) if text is None else known.update({name: text})


def test_who_holds_a_secret_is_written_with_the_finalizer() -> None:
    made, patches = model(logins=("app",)), []
    world = made.world

    def watched() -> Any:
        found = world()
        patch = found.kube.patch

        def patching(type: Any, namespace: str, name: str, body: Mapping[str, Any], **more: Any) -> Any:
            if type.kind == "Secret":
                patches.append({field: body["metadata"][field] for field in ("finalizers", "annotations")})
            return patch(type, namespace, name, body, **more)

        found.kube.patch = patching  # type: ignore[method-assign]
        return found

    made.world = watched  # type: ignore[method-assign]
    rounds(made)

    assert patches == [{"finalizers": [FINALIZER], "annotations": {HOLDERS: f"VaultAuth/{TEAM}/app"}}]


@pytest.mark.parametrize("leaving", ["deleted", "alive"])
@pytest.mark.parametrize("kind", ["VaultAuth", "VaultConnection"])
@pytest.mark.parametrize("named", ["VaultAuth/other/app", "VaultConnection/other/vault", None])
def test_nobody_opens_a_secret_of_another_namespace_by_an_annotation_of_his_own(
    named: str | None, kind: str, leaving: str
) -> None:
    made = model(logins=("app",))
    known = {HOLDERS: named} if named else {}
    made.put("Secret", "approle", {}, namespace=OTHER, finalizers=[FINALIZER], annotations=known)
    victim, thief = Key("Secret", OTHER, "approle"), Key(kind, TEAM, "app" if kind == "VaultAuth" else "vault")
    before = dict(made.objects[victim]["metadata"])
    rounds(made)
    annotate(made, thief, HELD, f"{OTHER}/approle")
    if leaving == "deleted":
        for key in (Key("VaultDynamicSecret", TEAM, "app"), thief):
            made.delete(key.kind, key.name)
    rounds(made, 3)

    assert made.objects[victim]["metadata"] == before
    assert leaving == "deleted" or f"{OTHER}/approle" not in str(holds(made, thief))


def test_the_first_of_two_logins_that_needs_a_secret_no_more_leaves_it_to_the_other() -> None:
    made = model()
    rounds(made)
    both = marks(made)
    made.delete("VaultDynamicSecret", "app")
    rounds(made)
    one = marks(made), holds(made, FIRST), holds(made, SECOND)
    made.delete("VaultDynamicSecret", "second")
    rounds(made)

    assert both == ([FINALIZER], f"VaultAuth/{TEAM}/app,VaultAuth/{TEAM}/second")
    assert one == (([FINALIZER], f"VaultAuth/{TEAM}/second"), None, f"{TEAM}/approle")
    assert marks(made) == ([], None)


def test_a_login_that_only_reads_the_same_secret_does_not_open_it() -> None:
    made = model(logins=("app",))
    put_login(made, "second")
    rounds(made)
    made.restart()
    rounds(made)

    assert (marks(made), holds(made, SECOND)) == (([FINALIZER], f"VaultAuth/{TEAM}/app"), None)


@pytest.mark.parametrize("how", ["gone", "there, and does not say so"])
def test_a_holder_that_was_removed_by_force_keeps_no_secret(how: str) -> None:
    made = model()
    rounds(made)
    del made.objects[Key("VaultDynamicSecret", TEAM, "second")], made.objects[SECOND]
    if how != "gone":
        put_login(made, "second", appRole={"roleId": "r", "secretRef": "another"})
    made.delete("VaultDynamicSecret", "app")
    rounds(made)

    assert marks(made) == ([], None)


def test_a_holder_that_is_made_anew_goes_on() -> None:
    made = model(logins=("app",))
    rounds(made)
    del made.objects[FIRST]
    put_login(made, "app")
    made.objects[FIRST]["metadata"]["uid"] = "another"
    rounds(made)
    again = marks(made), holds(made, FIRST)
    made.delete("VaultDynamicSecret", "app")
    rounds(made)

    assert again == (([FINALIZER], f"VaultAuth/{TEAM}/app"), f"{TEAM}/approle")
    assert marks(made) == ([], None)


@pytest.mark.parametrize("text", [None, "", "nonsense", "Pod/a/b,,/,VaultAuth//x,VaultAuth/a"])
@pytest.mark.parametrize(
    ("namespace", "reads", "opens"),
    [(TEAM, True, True), (TEAM, False, True), (OTHER, True, True), (OTHER, False, False)],
)
def test_a_secret_that_names_nobody_is_let_go_by_its_own_namespace_and_by_who_reads_it(
    namespace: str, reads: bool, opens: bool, text: str | None
) -> None:
    made = model(logins=())
    put_login(made, "app", allowedNamespaces=[OTHER])
    if namespace == OTHER:
        made.put("Secret", "approle", {}, namespace=OTHER)
    put_leased(made, "app", namespace, f"{TEAM}/app")
    secret = Key("Secret", namespace, "approle")
    rounds(made)
    before = marks(made, secret)
    annotate(made, secret, HOLDERS, text)
    made.objects[Key("VaultDynamicSecret", namespace, "app")]["spec"]["revoke"] = False
    made.objects[secret]["metadata"]["deletionTimestamp"] = rfc3339(made.now)
    if not reads:
        made.objects[FIRST]["spec"]["appRole"] = {"roleId": "r", "secretRef": "another"}
    rounds(made)

    assert before == ([FINALIZER], f"VaultAuth/{TEAM}/app")
    assert (secret in made.objects, holds(made, FIRST)) == (not opens, None)


TEXTS: dict[str, tuple[object, tuple[Key, ...]]] = {
    "one": ("VaultAuth/a/b", (Key("VaultAuth", "a", "b"),)),
    "two, one of them twice": (
        "VaultAuth/a/b,VaultConnection/a/b,VaultAuth/a/b",
        (Key("VaultAuth", "a", "b"), Key("VaultConnection", "a", "b")),
    ),
    "none": (None, ()),
    "no text": (["VaultAuth/a/b"], ()),
    "another kind": ("Secret/a/b,VaultAuthGlobal/a/b", ()),
    "no name": ("VaultAuth/a/,VaultAuth//b,VaultAuth/a,VaultAuth/a/b/c,,/,//", ()),
    "too many": (
        ",".join(f"VaultAuth/a/{n}" for n in range(5000)),
        tuple(Key("VaultAuth", "a", str(n)) for n in range(MOST)),
    ),
    "one long one": ("/" * 200_000, ()),
}


@pytest.mark.parametrize("case", TEXTS)
def test_whom_an_annotation_names(case: str) -> None:
    text, named = TEXTS[case]

    assert holders_of(text) == named


@pytest.mark.parametrize("others", ["gone", "alive"])
def test_a_secret_has_no_more_than_so_many_holders_and_those_that_are_gone_make_room(others: str) -> None:
    made = model(logins=("app",))
    names = [f"login-{number}" for number in range(MOST)]
    text = ",".join(f"VaultAuth/{TEAM}/{name}" for name in names)
    made.objects[SHARED]["metadata"].update(finalizers=[FINALIZER], annotations={HOLDERS: text})
    for name in names if others == "alive" else ():
        made.put("VaultAuth", name, {}, annotations={HELD: f"{TEAM}/approle"})
    made.run(dynamic.reconcile, "VaultDynamicSecret", "app")

    held = (f"VaultAuth/{TEAM}/app", f"{TEAM}/approle") if others == "gone" else (text, None)
    assert (marks(made), holds(made, FIRST)) == (([FINALIZER], held[0]), held[1])


@pytest.mark.parametrize("vault", ["answers", "is gone"])
@pytest.mark.parametrize(
    "order", list(permutations(["first", "second", "secret", "login", "other"]))[::9], ids="-".join
)
def test_two_logins_of_one_secret_go_in_any_order_in_bounded_time(order: tuple[str, ...], vault: str) -> None:
    keys = {
        "first": Key("VaultDynamicSecret", TEAM, "app"),
        "second": Key("VaultDynamicSecret", TEAM, "second"),
        "secret": SHARED,
        "login": FIRST,
        "other": SECOND,
    }
    made = model()
    rounds(made)
    if vault == "is gone":
        made.faults = {"sys/leases": VaultFault("unreachable", "Vault does not answer")}
    for step in order:
        made.delete(keys[step].kind, keys[step].name)
        rounds(made, 1)
        if any(keys[name] in made.objects for name in ("first", "second")):
            assert SHARED in made.objects
    for _ in range(5):
        made.now += 2 if vault == "answers" else 100
        rounds(made, 1)

    assert [name for name, key in keys.items() if key in made.objects] == []
    assert vault == "is gone" or made.alive == {}
