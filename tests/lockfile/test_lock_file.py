"""A lock file: what is written is read back, reviews well, merges, and a broken one is a finding with a line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lock_values import INVENTORIES, SHOP

from keywave.lockfile.read import LockError, read_lock
from keywave.lockfile.schema import FORMAT, LOCK, files
from keywave.lockfile.write import same_content, write_lock
from keywave.vault.inventory import Fact, Inventory, KeyNames, KvSecret, State, hashed

TOP = Path(__file__).resolve().parents[2]
TAKEN = "2026-11-22T22:00:00Z"
FILE = "vault.lock.d/shop.json"
FEW = settings(max_examples=25, deadline=None)
SECOND_OPINION = Draft202012Validator(LOCK)


def _read(inventory: Inventory, key: bytes = b"") -> Inventory:
    return read_lock(write_lock(inventory, taken=TAKEN, hash_key=key), FILE, hash_key=key)


@FEW
@given(INVENTORIES)
def test_every_fact_of_an_inventory_survives_the_way_to_a_file_and_back(inventory: Inventory) -> None:
    assert _read(inventory) == inventory._replace(source="lock", file=FILE, taken=TAKEN)


@FEW
@given(INVENTORIES)
def test_what_is_written_fits_the_schema_and_is_stable(inventory: Inventory) -> None:
    text = write_lock(inventory, taken=TAKEN)

    SECOND_OPINION.validate(json.loads(text))
    assert write_lock(read_lock(text, FILE), taken=TAKEN) == text
    assert text.isascii()
    assert text.endswith("}\n")


def test_the_published_schema_is_that_of_the_code() -> None:
    assert {name: (TOP / "schemas" / name).read_text() for name in files()} == files()


def test_a_lock_reads_like_this() -> None:
    assert write_lock(SHOP, taken=TAKEN) == (Path(__file__).parent / "shop.json").read_text()


def test_the_time_alone_is_no_change_of_the_content() -> None:
    old = write_lock(SHOP, taken=TAKEN)
    other = SHOP._replace(version="1.21.2")

    assert same_content(old, write_lock(SHOP, taken="2027-01-01T00:00:00Z"))
    assert not same_content(old, write_lock(other, taken=TAKEN))


def test_names_of_keys_can_be_hashed_and_are_found_with_the_key_only() -> None:
    key = b"a key of the team"
    text = write_lock(SHOP, taken=TAKEN, hash_key=key)
    with_key, without = read_lock(text, FILE, hash_key=key), read_lock(text, FILE)
    secret = with_key.secrets["", "kv/api"].value

    assert "password" not in text
    assert key.decode() not in text
    assert secret is not None
    assert secret.keys == {1: KeyNames((hashed("token", key),), key)}
    assert secret.keys[1].holds("token")
    assert not secret.keys[1].holds("tokem")
    assert without.secrets["", "kv/api"] == Fact(
        State.PRESENT, KvSecret(1, {1: "live"}, {}, True), "the lock holds hashed key names, and no hash key was given"
    )
    assert write_lock(with_key, taken=TAKEN, hash_key=key) == text


def test_another_hash_key_is_said_instead_of_every_key_missing() -> None:
    text = write_lock(SHOP, taken=TAKEN, hash_key=b"right")

    with pytest.raises(LockError) as stopped:
        read_lock(text, FILE, hash_key=b"wrong")

    line = next(n for n, each in enumerate(text.split("\n"), 1) if '"keyCheck"' in each)
    assert [(f.where.line, f.message) for f in stopped.value.findings] == [
        (line, "the names of keys in the lock are hashed with another key than the one given")
    ]


def test_a_merge_that_makes_a_path_there_and_absent_at_once_is_refused() -> None:
    there = write_lock(SHOP, taken=TAKEN)
    text = there.replace('"kv/gone": {"state": "absent"}', '"kv/api": {"state": "absent"}')

    with pytest.raises(LockError) as stopped:
        read_lock(text, FILE)

    line = next(n for n, each in enumerate(text.split("\n"), 1) if '"kv/api": {"state"' in each)
    assert [(f.where.line, f.message) for f in stopped.value.findings] == [
        (line, 'secrets: "kv/api" is there and absent at once')
    ]


BROKEN = {
    "nothing": ("", 1, "not JSON: Expecting value"),
    "a cut file": (
        '{\n  "format": "' + FORMAT + '",\n',
        3,
        "not JSON: Expecting property name enclosed in double quotes",
    ),
    "an open merge": (
        '{\n<<<<<<< HEAD\n  "a": 1,\n=======\n  "b": 1\n>>>>>>> x\n}\n',
        2,
        "the lock has an open merge conflict",
    ),
    "a name twice": ('{\n  "format": "x",\n  "format": "y"\n}', 3, '"format" is there twice'),
    "a list": ("[]", 1, "a lock is a JSON object"),
    "no format": ("{}", 1, "unknown format: none"),
    "a later format": (
        '{\n  "format": "keywave.dev/vault-lock/v2"\n}',
        2,
        'unknown format: "keywave.dev/vault-lock/v2"',
    ),
    "no number": ('{"format": NaN}', 1, "NaN is not JSON"),
    "a long number": ('{"format": ' + "9" * 5000 + "}", 1, "a number of more than 18 digits"),
    "half of a pair of surrogates": (
        '{\n  "a": "\\ud83d\\ude00",\n  "b": "\\ud800"\n}',
        3,
        "half of a surrogate pair, which no text can hold",
    ),
    "too deep": ("[" * 100_000, 1, "nested too deeply for a lock"),
}


@pytest.mark.parametrize(("text", "line", "message"), BROKEN.values(), ids=BROKEN)
def test_a_lock_that_cannot_be_read_is_kw8005_with_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(LockError) as stopped:
        read_lock(text, FILE)

    assert [(f.code, f.where.file, f.where.line, f.message) for f in stopped.value.findings] == [
        ("KW8005", FILE, line, message)
    ]
    assert all(finding.hint for finding in stopped.value.findings)


@pytest.mark.parametrize(("field", "value"), [("token_policies", "7"), ("token_ttl", '["x"]'), ("token_type", "[]")])
def test_a_field_of_a_role_with_another_type_is_told_at_its_line(field: str, value: str) -> None:
    role = {"token_policies": ("shop",), "token_ttl": 600, "token_type": "default"}
    text = write_lock(Inventory(roles={("", "auth/k/role/shop"): Fact(State.PRESENT, role)}), taken=TAKEN)
    document = json.loads(text)
    document["namespaces"][""]["roles"]["auth/k/role/shop"][field] = json.loads(value)
    text = json.dumps(document, indent=1)

    with pytest.raises(LockError) as stopped:
        read_lock(text, FILE)

    line = next(n for n, each in enumerate(text.split("\n"), 1) if f'"{field}"' in each)
    assert [(f.where.line, f.message) for f in stopped.value.findings] == [
        (line, f'"{field}" of "auth/k/role/shop" has another type')
    ]


def test_a_wrong_shape_is_told_at_its_line() -> None:
    text = write_lock(SHOP, taken=TAKEN).replace('"current": 1', '"current": "one"')

    with pytest.raises(LockError) as stopped:
        read_lock(text, FILE)

    line = next(n for n, each in enumerate(text.split("\n"), 1) if '"current": "one"' in each)
    assert [(f.where.line, f.where.keys[-2:], f.message) for f in stopped.value.findings] == [
        (line, ("kv/api", "current"), "must be a whole number, not text")
    ]


@FEW
@given(st.data())
def test_our_check_and_jsonschema_say_the_same_of_damaged_locks(data: st.DataObject) -> None:
    document = json.loads(write_lock(data.draw(INVENTORIES), taken=TAKEN))
    here, wrong = document, data.draw(st.sampled_from((None, 1, -1, "x", [], {}, [1], {"x": 1}, True)))
    for _ in range(data.draw(st.integers(0, 6))):
        below = [name for name, value in here.items() if isinstance(value, dict)]
        if not below:
            break
        here = here[data.draw(st.sampled_from(below))]
    here[data.draw(st.sampled_from([*here, "x"]))] = wrong
    text = json.dumps(document)
    try:
        read_lock(text, FILE)
    except LockError:
        assert not SECOND_OPINION.is_valid(document)
    else:
        assert SECOND_OPINION.is_valid(document)


def _with(*paths: str) -> str:
    secrets = {
        ("", f"kv/{path}"): Fact(State.PRESENT, KvSecret(1, {1: "live"}, {1: KeyNames(("a",))})) for path in paths
    }
    names = {("", "kv/"): Fact(State.PRESENT, tuple(sorted(paths)))}
    return write_lock(Inventory(secrets=secrets, names=names), taken=TAKEN)


def test_two_branches_that_add_different_paths_merge_without_a_conflict(tmp_path: Path) -> None:
    known = ("api", "cart", "mail", "shop")
    texts = {"ours": _with(*known, "billing"), "base": _with(*known), "theirs": _with(*known, "orders")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    merged = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (merged.returncode, merged.stdout) == (0, _with(*known, "billing", "orders"))


def test_a_merge_that_stays_open_is_said_so(tmp_path: Path) -> None:
    for name, text in {"ours": _with("a", "b"), "base": _with("a"), "theirs": _with("a", "c")}.items():
        (tmp_path / name).write_text(text)
    merged = subprocess.run(
        ["git", "merge-file", "-p", "ours", "base", "theirs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    with pytest.raises(LockError) as stopped:
        read_lock(merged.stdout, FILE)

    assert [f.message for f in stopped.value.findings] == ["the lock has an open merge conflict"]
