"""What has drifted since a lock was taken: KW8009, one sentence a thing."""

from __future__ import annotations

from typing import Any

import pytest
from lock_values import DB, SHOP

from keywave.findings import Severity
from keywave.lockfile.drift import differences
from keywave.lockfile.read import read_lock
from keywave.lockfile.write import write_lock
from keywave.vault.inventory import Fact, Inventory, KeyNames, KvSecret, Mount, State

LOCKED = SHOP._replace(source="lock", file="shop.json")
OTHER_POLICY = (
    'path "kv/data/shop/*" {\n  capabilities = ["read"]\n}\npath "kv/data/*" {\n capabilities = ["read", "list"]\n}\n'
)


def _live(table: str, path: str, value: Any, *, state: State = State.PRESENT) -> Inventory:
    facts = {**getattr(SHOP, table), ("", path): Fact(state, value)}
    return SHOP._replace(**{table: facts})


CASES: dict[str, tuple[Inventory, list[tuple[str, str]]]] = {
    "nothing": (SHOP, []),
    "a path": (
        _live("secrets", "kv/api", None, state=State.ABSENT),
        [("error", "path kv/api is in the lock, and no longer in Vault")],
    ),
    "a path made since": (
        _live("secrets", "kv/gone", KvSecret(1, {1: "live"})),
        [("warning", "path kv/gone is in Vault, and absent in the lock")],
    ),
    "only a version": (
        _live("secrets", "kv/api", KvSecret(2, {1: "live", 2: "live"}, {2: KeyNames(("token",))}, True)),
        [("warning", "new versions since: kv/api")],
    ),
    "keys": (
        _live("secrets", "kv/db", DB._replace(keys={2: KeyNames(("passwd", "user"))})),
        [
            ("error", "path kv/db: keys of version 2 gone: password"),
            ("error", "path kv/db: keys of version 2 new: passwd"),
        ],
    ),
    "keys of a new version": (
        _live("secrets", "kv/api", KvSecret(2, {1: "live", 2: "live"}, {2: KeyNames(("secret",))}, True)),
        [("error", "path kv/api: keys gone: token"), ("error", "path kv/api: keys new: secret")],
    ),
    "a deleted version": (
        _live("secrets", "kv/api", KvSecret(1, {1: "deleted"}, {}, True)),
        [("error", "path kv/api: version 1 was live, is deleted")],
    ),
    "the latest deleted": (
        _live("secrets", "kv/api", KvSecret(2, {1: "live", 2: "deleted"}, {}, True)),
        [("error", "path kv/api: the latest version, 2, is deleted")],
    ),
    "a role": (
        _live(
            "roles",
            "auth/kubernetes/role/shop",
            {"token_policies": ("shop", "x"), "token_ttl": 600, "token_no_default_policy": False},
        ),
        [("error", "role auth/kubernetes/role/shop: token_policies was shop, is shop, x")],
    ),
    "a mount": (
        _live("mounts", "kv", Mount("kv", "kv", 1, accessor="kv_1")),
        [("error", "mount kv: KV version was 2, is 1")],
    ),
    "a policy's rules": (
        _live("policies", "shop", OTHER_POLICY),
        [
            ("error", 'policy shop: the rule for "kv/data/*" was read, is list, read'),
            ("error", 'policy shop: the rule for "kv/data/shop/*" is new: read'),
        ],
    ),
    "a policy's text": (
        _live("policies", "shop", '# more\npath "kv/data/*" { capabilities = ["read"] }'),
        [("error", "policy shop: its text has changed, its rules have not")],
    ),
    "a policy that is none": (_live("policies", "shop", "path {"), [("error", "policy shop: its text has changed")]),
    "a right": (
        _live("secrets", "kv/api", None, state=State.DENIED),
        [("warning", "path kv/api may no longer be looked at")],
    ),
    "names": (
        _live("names", "kv/", ("api", "db", "new")),
        [("error", "folder kv/: gone: old"), ("warning", "folder kv/: new: new")],
    ),
    "another Vault": (
        SHOP._replace(address="https://other.example"),
        [("warning", "the lock is of https://vault.example:8200, this Vault is https://other.example")],
    ),
}


@pytest.mark.parametrize(("live", "told"), CASES.values(), ids=CASES)
def test_each_drift_is_one_sentence_of_kw8009(live: Inventory, told: list[tuple[str, str]]) -> None:
    found = differences(LOCKED, live)

    assert [(f.severity.value, f.message) for f in found] == told
    assert {(f.code, f.where.file) for f in found} <= {("KW8009", "shop.json")}


def test_hashed_names_are_compared_by_their_hashes() -> None:
    key = b"k"
    locked = read_lock(write_lock(SHOP, taken="t", hash_key=key), "shop.json", hash_key=key)

    assert differences(locked, SHOP) == []
    live = _live("secrets", "kv/api", KvSecret(1, {1: "live"}, {1: KeyNames(("more", "token"))}, True))
    assert [(f.severity, f.message) for f in differences(locked, live)] == [
        (Severity.ERROR, "path kv/api: keys of version 1 new: more")
    ]


def test_a_lock_read_without_its_hash_key_is_compared_by_all_but_the_keys() -> None:
    locked = read_lock(write_lock(SHOP, taken="t", hash_key=b"k"), "shop.json")

    assert differences(locked, SHOP) == []
