"""What is to be done with a Secret as it is found: whose it is, what has drifted, what may be changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.controller.destination import OWNER_LABELS, OWNER_UID, Wanted, judge
from keywave.controller.model import Resource, resource_of
from keywave.controller.ports import Observed

MAC, OTHER = "mac", "other mac"
VSO = "secrets.hashicorp.com/v1beta1"
RESOURCE = resource_of(
    {"apiVersion": VSO, "kind": "VaultStaticSecret", "metadata": {"name": "app", "namespace": "team", "uid": "u1"}}
)
NAMED = {"apiVersion": VSO, "kind": "VaultStaticSecret", "name": "app"}
MINE = {**NAMED, "uid": "u1"}
BEFORE = {**NAMED, "uid": "u0"}
SOMEBODY = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u9"}
ANOTHER = {**NAMED, "name": "other", "uid": "u7"}
LABELS = {**OWNER_LABELS, OWNER_UID: "u1"}
OF_BEFORE = {**OWNER_LABELS, OWNER_UID: "u0"}
OF_ANOTHER = {**OWNER_LABELS, OWNER_UID: "u7"}


def found(**changed: Any) -> Observed:
    known: dict[str, Any] = {
        "uid": "s1",
        "version": "1",
        "type": "Opaque",
        "labels": LABELS,
        "annotations": {},
        "owners": (MINE,),
        "mac": MAC,
        "keys": ("a",),
    }
    return Observed(**{**known, **changed})


FOREIGN = found(labels={}, owners=(), mac=OTHER)
TAKEN = found(labels=OF_ANOTHER, owners=(ANOTHER,))
CREATE = {"name": "app", "create": True}
OVER = {**CREATE, "overwrite": True}
GIVEN = {"name": "app", "create": False}

VERDICTS: dict[str, tuple[dict[str, Any], Wanted, Observed | None, tuple[str, tuple[str, ...], str]]] = {
    "nothing there: it is made": (CREATE, Wanted(MAC), None, ("create", (), "")),
    "nothing there and not to be made": (GIVEN, Wanted(MAC), None, ("refuse", (), "InexistentDestination")),
    "create left out is false": ({"name": "app"}, Wanted(MAC), None, ("refuse", (), "InexistentDestination")),
    "as it should be": (CREATE, Wanted(MAC), found(), ("unchanged", (), "")),
    "as it should be, and the object is new": (CREATE, Wanted(MAC, renewed=True), found(), ("repair", (), "")),
    "data": (CREATE, Wanted(MAC), found(mac=OTHER), ("repair", ("data",), "")),
    "data that are not judged": (CREATE, Wanted(None), found(mac=OTHER), ("unchanged", (), "")),
    "a label of the owner is gone": (
        CREATE,
        Wanted(MAC),
        found(labels={OWNER_UID: "u1"}),
        ("repair", ("labels",), ""),
    ),
    "a label of the destination is gone": (
        {**CREATE, "labels": {"team": "a"}},
        Wanted(MAC),
        found(),
        ("repair", ("labels",), ""),
    ),
    "a label more is nobody's business": (
        CREATE,
        Wanted(MAC),
        found(labels={**LABELS, "more": "x"}, annotations={"more": "x"}),
        ("unchanged", (), ""),
    ),
    "an annotation is another": (
        {**CREATE, "annotations": {"a": "b"}},
        Wanted(MAC),
        found(annotations={"a": "c"}),
        ("repair", ("annotations",), ""),
    ),
    "an annotation of ours is gone": (CREATE, Wanted(MAC, {"lease": "l"}), found(), ("repair", ("annotations",), "")),
    "the owner is gone": (CREATE, Wanted(MAC), found(owners=()), ("repair", ("owner",), "")),
    "an owner more": (CREATE, Wanted(MAC), found(owners=(MINE, SOMEBODY)), ("repair", ("owner",), "")),
    "its labels are gone and its owner is there": (
        CREATE,
        Wanted(MAC),
        found(labels={}),
        ("repair", ("labels",), ""),
    ),
    "another type": (
        {**CREATE, "type": "kubernetes.io/tls"},
        Wanted(MAC),
        found(),
        ("recreate", ("type",), ""),
    ),
    "immutable and other data": (CREATE, Wanted(MAC), found(immutable=True, mac=OTHER), ("recreate", ("data",), "")),
    "immutable and the same data": (CREATE, Wanted(MAC), found(immutable=True), ("unchanged", (), "")),
    "immutable and only a label": (
        {**CREATE, "labels": {"x": "y"}},
        Wanted(MAC),
        found(immutable=True),
        ("repair", ("labels",), ""),
    ),
    "somebody's": (CREATE, Wanted(MAC), FOREIGN, ("refuse", (), "NotTheOwner")),
    "somebody's, and it may be taken": (OVER, Wanted(MAC), FOREIGN, ("repair", ("data", "labels", "owner"), "")),
    "somebody's of another type, and it may be taken": (
        OVER,
        Wanted(MAC),
        FOREIGN._replace(type="x"),
        ("recreate", ("data", "labels", "type", "owner"), ""),
    ),
    "another object's": (CREATE, Wanted(MAC), TAKEN, ("refuse", (), "NotTheOwner")),
    "another object's is never taken": (OVER, Wanted(MAC), TAKEN, ("refuse", (), "NotTheOwner")),
    "of an object of our name that is no more": (
        CREATE,
        Wanted(MAC),
        found(labels=OF_BEFORE, owners=(BEFORE,)),
        ("repair", ("labels", "owner"), ""),
    ),
    "named like ours, but labelled as another's": (
        CREATE,
        Wanted(MAC),
        found(labels=OF_ANOTHER, owners=(BEFORE,)),
        ("refuse", (), "NotTheOwner"),
    ),
    "given, as it should be": (GIVEN, Wanted(MAC), FOREIGN._replace(mac=MAC), ("unchanged", (), "")),
    "given, other data": (GIVEN, Wanted(MAC), FOREIGN, ("repair", ("data",), "")),
    "given, only its data are ours": (
        {**GIVEN, "labels": {"a": "b"}, "annotations": {"c": "d"}, "type": "x"},
        Wanted(MAC),
        FOREIGN._replace(mac=MAC),
        ("unchanged", (), ""),
    ),
    "given, and immutable": (
        GIVEN,
        Wanted(MAC),
        FOREIGN._replace(immutable=True),
        ("refuse", (), "InvalidConfiguration"),
    ),
    "given, and another object's": (GIVEN, Wanted(MAC), TAKEN, ("refuse", (), "NotTheOwner")),
    "given, of our name that is no more": (
        GIVEN,
        Wanted(MAC),
        found(labels=OF_BEFORE, owners=(BEFORE,)),
        ("unchanged", (), ""),
    ),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_a_secret_is_judged(case: str) -> None:
    destination, wanted, observed, expected = VERDICTS[case]
    verdict = judge(RESOURCE, destination, wanted, observed)
    assert (verdict.action, verdict.drifted, verdict.reason) == expected
    assert verdict.uid == (observed.uid if observed else "")
    assert bool(verdict.message) == (verdict.action == "refuse")


def test_a_refusal_says_whose_it_is_and_what_helps() -> None:
    free = judge(RESOURCE, CREATE, Wanted(MAC), FOREIGN._replace(owners=(SOMEBODY,)))
    taken = judge(RESOURCE, CREATE, Wanted(MAC), TAKEN)
    assert free.message == "the Secret app belongs to Deployment web; destination.overwrite takes it over"
    assert taken.message == "the Secret app belongs to VaultStaticSecret other"


def test_the_labels_of_the_owner_cannot_be_overruled() -> None:
    labels = {OWNER_UID: "u7", "app.kubernetes.io/managed-by": "me", "mine": "x"}
    verdict = judge(RESOURCE, {**CREATE, "labels": labels}, Wanted(MAC), None)
    assert verdict.target.labels == {**LABELS, "mine": "x"}


UIDS = st.sampled_from(["u0", "u1", "u7", "u9"])
OWNERS = st.lists(st.sampled_from([MINE, BEFORE, ANOTHER, SOMEBODY]), max_size=2).map(tuple)
SECRETS = st.builds(
    found,
    labels=st.none().map(lambda _: {}) | UIDS.map(lambda uid: {**OWNER_LABELS, OWNER_UID: uid}),
    owners=OWNERS,
    mac=st.sampled_from([MAC, OTHER]),
    type=st.sampled_from(["Opaque", "x"]),
    immutable=st.booleans(),
)
DESTINATIONS = st.sampled_from([CREATE, OVER, GIVEN, {**GIVEN, "overwrite": True}])


@given(DESTINATIONS, SECRETS, st.booleans())
def test_a_secret_of_another_living_object_is_never_touched(
    destination: dict[str, Any], observed: Observed, renewed: bool
) -> None:
    verdict = judge(RESOURCE, destination, Wanted(MAC, renewed=renewed), observed)
    uid = observed.labels.get(OWNER_UID)
    if uid in ("u7", "u9"):
        assert verdict.action == "refuse"


@given(DESTINATIONS, SECRETS)
def test_what_was_made_as_judged_is_judged_unchanged(destination: dict[str, Any], observed: Observed) -> None:
    verdict = judge(RESOURCE, destination, Wanted(MAC), observed)
    if verdict.action in ("refuse", "unchanged"):
        return
    after = observed._replace(mac=MAC)
    if verdict.target.create:
        owners = (_reference(RESOURCE),)
        after = after._replace(labels=verdict.target.labels, owners=owners, type=verdict.target.type)
    assert judge(RESOURCE, destination, Wanted(MAC), after).action == "unchanged"


def _reference(resource: Resource) -> dict[str, Any]:
    return dict(resource.owner_reference)
