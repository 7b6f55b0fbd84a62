"""References against known mounts: what is asked of the API, which slip it is, and which right it needs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keywave.objects.manifest import Manifest
from keywave.references.model import Certificate, Connection, Identity, Reference
from keywave.references.needs import Need, need_of
from keywave.references.resolve import Resolved, resolve
from keywave.vault.inventory import Fact, Inventory, Mount, State

MOUNTS = {
    "kv": Mount("kv", "kv", 2),
    "kv/team": Mount("kv/team", "kv", 2),
    "old": Mount("old", "kv", 1),
    "db": Mount("db", "database"),
    "pki": Mount("pki", "pki"),
    "transit": Mount("transit", "transit"),
}
KNOWN = Inventory(
    mounts={("", path): Fact(State.PRESENT, mount) for path, mount in MOUNTS.items()},
    names={("", "sys/mounts/"): Fact(State.PRESENT, tuple(MOUNTS))},
)


def reference(kind: Any, mount: str, path: str, **more: Any) -> Reference:
    nobody = Identity(False, "nobody")
    return Reference(kind, Manifest({}), Connection(), nobody, "", mount, path, spots={}, **more)


RAW: dict[str, tuple[Reference, Resolved]] = {
    "KV 2 with data/": (
        reference("raw", "", "kv/data/app", version=3),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app", 3),
    ),
    "KV 2 without data/": (
        reference("raw", "", "kv/app"),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app", None, "no-data"),
    ),
    "the agent adds data/ itself": (
        reference("raw", "", "kv/app", family="injector"),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app"),
    ),
    "the longest mount": (
        reference("raw", "", "kv/team/data/app"),
        Resolved(MOUNTS["kv/team"], "kv", "app", "kv/team/data/app"),
    ),
    "KV 1": (reference("raw", "", "old/app"), Resolved(MOUNTS["old"], "kv", "app", "old/app")),
    "KV 1 with data/": (
        reference("raw", "", "old/data/app"),
        Resolved(MOUNTS["old"], "kv", "data/app", "old/data/app", None, "data-twice"),
    ),
    "KV 1, and the object says 2": (
        reference("raw", "", "old/data/app", engine=2),
        Resolved(MOUNTS["old"], "kv", "app", "old/app", None, "version"),
    ),
    "KV 2, and the object says 1": (
        reference("raw", "", "kv/app", engine=1),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app", None, "version"),
    ),
    "a lease": (reference("raw", "", "db/creds/ro"), Resolved(MOUNTS["db"], "dynamic", "creds/ro", "db/creds/ro")),
    "a certificate": (
        reference("raw", "", "pki/issue/web", method="PUT"),
        Resolved(MOUNTS["pki"], "pki", "issue/web", "pki/issue/web"),
    ),
    "another engine": (
        reference("raw", "", "transit/keys/x"),
        Resolved(MOUNTS["transit"], "other", "keys/x", "transit/keys/x"),
    ),
    "no such mount": (reference("raw", "", "gone/data/app"), Resolved(None, "other", "gone/data/app", "gone/data/app")),
}
APART: dict[str, tuple[Reference, Resolved]] = {
    "KV 2": (
        reference("kv", "kv", "app", engine=2, version=1),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app", 1),
    ),
    "KV 2 with data/": (
        reference("kv", "kv", "data/app", engine=2),
        Resolved(MOUNTS["kv"], "kv", "data/app", "kv/data/data/app", None, "data-twice"),
    ),
    "KV 2 taken for 1": (
        reference("kv", "kv", "app", engine=1),
        Resolved(MOUNTS["kv"], "kv", "app", "kv/data/app", None, "version"),
    ),
    "KV 1 taken for 2": (
        reference("kv", "old", "app", engine=2),
        Resolved(MOUNTS["old"], "kv", "app", "old/app", None, "version"),
    ),
    "a folder taken for the mount": (
        reference("kv", "old/team", "app", engine=1),
        Resolved(MOUNTS["old"], "kv", "team/app", "old/team/app"),
    ),
    "another engine": (
        reference("kv", "db", "creds/ro", engine=2),
        Resolved(MOUNTS["db"], "dynamic", "creds/ro", "db/creds/ro"),
    ),
    "no such mount": (
        reference("kv", "gone", "app", engine=2),
        Resolved(None, "kv", "app", "gone/data/app"),
    ),
    "a lease": (
        reference("dynamic", "db", "creds/ro"),
        Resolved(MOUNTS["db"], "dynamic", "creds/ro", "db/creds/ro"),
    ),
    "a lease of an unknown mount": (
        reference("dynamic", "gone", "creds/ro"),
        Resolved(None, "dynamic", "creds/ro", "gone/creds/ro"),
    ),
    "a lease from KV": (reference("dynamic", "kv", "app"), Resolved(MOUNTS["kv"], "kv", "app", "kv/app")),
    "a certificate": (
        reference("pki", "pki", "web", certificate=Certificate()),
        Resolved(MOUNTS["pki"], "pki", "issue/web", "pki/issue/web"),
    ),
    "a certificate of an issuer": (
        reference("pki", "pki", "web", certificate=Certificate(issuer="main")),
        Resolved(MOUNTS["pki"], "pki", "issuer/main/issue/web", "pki/issuer/main/issue/web"),
    ),
}


@pytest.mark.parametrize(("asked", "expected"), RAW.values(), ids=RAW)
def test_a_path_as_it_is_written_is_taken_apart_by_the_mounts(asked: Reference, expected: Resolved) -> None:
    assert resolve(asked, KNOWN) == expected


@pytest.mark.parametrize(("asked", "expected"), APART.values(), ids=APART)
def test_a_mount_and_a_path_are_held_against_the_mounts(asked: Reference, expected: Resolved) -> None:
    assert resolve(asked, KNOWN) == expected


def test_a_path_with_data_too_much_probably_means_the_one_without() -> None:
    assert resolve(reference("kv", "kv", "data/app", engine=2), KNOWN).meant == "app"


@pytest.mark.parametrize(
    ("asked", "need"),
    [
        (reference("kv", "kv", "app", engine=2), Need("", "kv/data/app", "read")),
        (reference("kv", "old", "app", engine=1), Need("", "old/app", "read")),
        (reference("raw", "", "kv/app"), Need("", "kv/data/app", "read")),
        (reference("dynamic", "db", "creds/ro"), Need("", "db/creds/ro", "read")),
        (reference("dynamic", "db", "creds/ro", method="POST"), Need("", "db/creds/ro", "update")),
        (
            reference("dynamic", "db", "creds/ro", params={"ttl": "1h"}),
            Need("", "db/creds/ro", "update", {"ttl": ("1h",)}),
        ),
        (
            reference("raw", "", "pki/issue/web", method="PUT", params={"common_name": "a"}),
            Need("", "pki/issue/web", "update", {"common_name": ("a",)}),
        ),
        (
            reference("pki", "pki", "web", certificate=Certificate("a", ("b", "c"), ip_sans=("10.0.0.1",), ttl=3600)),
            Need(
                "",
                "pki/issue/web",
                "update",
                {"alt_names": ("b,c",), "common_name": ("a",), "ip_sans": ("10.0.0.1",), "ttl": ("3600s",)},
            ),
        ),
    ],
)
def test_the_right_that_a_reference_needs(asked: Reference, need: Need) -> None:
    assert need_of(asked, resolve(asked, KNOWN)) == need


SEGMENTS = st.lists(st.sampled_from(["a", "b", "team", "metadata", "creds"]), min_size=1, max_size=4)


@given(SEGMENTS, st.sampled_from(["kv", "kv/team"]))
def test_a_kv_2_secret_is_the_same_however_it_is_written(segments: list[str], mount: str) -> None:
    path = "/".join(segments)
    if mount == "kv" and segments[0] == "team":
        return  # below another mount
    ways = [
        reference("kv", mount, path, engine=2),
        reference("raw", "", f"{mount}/data/{path}"),
        reference("raw", "", f"{mount}/{path}", family="injector"),
        reference("raw", "", f"{mount}/{path}"),
    ]
    found = [resolve(way, KNOWN) for way in ways]

    assert {(each.mount, each.kind, each.path, each.api_path) for each in found} == {
        (MOUNTS[mount], "kv", path, f"{mount}/data/{path}")
    }
    assert [each.slip for each in found] == ["", "", "", "no-data"]
