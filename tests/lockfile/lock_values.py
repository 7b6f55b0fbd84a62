"""Inventories for the lock's tests: a written one, and any one by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from keywave.vault.inventory import Entity, Fact, Inventory, KeyNames, KvSecret, Mount, State

P = State.PRESENT
DB = KvSecret(2, {1: "deleted", 2: "live"}, {2: KeyNames(("password", "user"))}, True, {2: "2027-01-01T00:00:00Z"})
SHOP = Inventory(
    address="https://vault.example:8200",
    version="1.21.1",
    mounts={
        ("", "kv"): Fact(P, Mount("kv", "kv", 2, accessor="kv_1")),
        ("", "database"): Fact(P, Mount("database", "database")),
    },
    auths={("", "kubernetes"): Fact(P, Mount("kubernetes", "kubernetes", accessor="auth_1"))},
    names={
        ("", "sys/mounts/"): Fact(P, ("database", "kv")),
        ("", "kv/"): Fact(P, ("api", "db", "old")),
        ("", "database/roles/"): Fact(State.DENIED, note="list on database/roles/ is denied"),
    },
    secrets={
        ("", "kv/api"): Fact(P, KvSecret(1, {1: "live"}, {1: KeyNames(("token",))}, True)),
        ("", "kv/db"): Fact(P, DB),
        ("", "kv/gone"): Fact(State.ABSENT),
    },
    roles={
        ("", "auth/kubernetes/role/shop"): Fact(
            P, {"token_policies": ("shop",), "token_ttl": 600, "token_no_default_policy": False}
        )
    },
    policies={("", "shop"): Fact(P, 'path "kv/data/*" {\n  capabilities = ["read"]\n}\n')},
    entities={("", "kubernetes/shop/app"): Fact(P, Entity("1", "app", ("p",), ("g",), {"team": "shop"}, False))},
    lacking=(("", "database/roles/", "list"),),
)

TEXT = st.text(max_size=12)
WHOLE = st.integers(0, 10**15)
VERSIONS = st.integers(1, 10**6)
MOUNTS = st.builds(Mount, TEXT, TEXT, st.sampled_from((0, 1, 2)), WHOLE, WHOLE, TEXT)
NAMES = st.frozensets(TEXT, max_size=4).map(lambda names: tuple(sorted(names)))
SECRETS = st.builds(
    KvSecret,
    WHOLE,
    st.dictionaries(VERSIONS, st.sampled_from(("live", "deleted", "destroyed")), max_size=3),
    st.dictionaries(VERSIONS, NAMES.map(KeyNames), max_size=3),
    st.booleans(),
    st.dictionaries(VERSIONS, TEXT.filter(bool), max_size=2),
)
SETTINGS = st.dictionaries(TEXT, st.one_of(st.booleans(), WHOLE, TEXT, NAMES), max_size=4)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
ENTITIES = st.builds(Entity, TEXT, TEXT, TEXTS, TEXTS, st.dictionaries(TEXT, TEXT, max_size=2), st.booleans())


def facts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    there = st.builds(lambda value, note: Fact(P, value, note), values, TEXT)
    other = st.builds(
        lambda state, note: Fact(state, None, note), st.sampled_from([s for s in State if s is not P]), TEXT
    )
    return st.dictionaries(st.tuples(TEXT, TEXT), there | other, max_size=4)


INVENTORIES = st.builds(
    Inventory,
    address=TEXT,
    version=TEXT,
    mounts=facts(MOUNTS),
    auths=facts(MOUNTS),
    secrets=facts(SECRETS),
    roles=facts(SETTINGS),
    policies=facts(TEXT),
    entities=facts(ENTITIES),
    names=facts(NAMES),
    lacking=st.frozensets(st.tuples(TEXT, TEXT, TEXT), max_size=3).map(lambda found: tuple(sorted(found))),
)
