"""What could not be looked at: denied, not covered, not clear, logins elsewhere, no lock."""

from __future__ import annotations

from verify_sets import MOUNTS, dynamic, kv, pki, present, secret, told, vault, view

from keywave.references.model import Connection, Identity
from keywave.vault.inventory import Fact, Inventory, KvSecret, State
from keywave.verify.looking import (
    check_denied,
    check_no_inventory,
    check_unclear,
    check_uncovered,
    check_unknown_logins,
)

LOCK = Inventory(
    source="lock",
    file="vault.lock.d/vault.json",
    mounts={("", mount.path): present(mount) for mount in MOUNTS},
    names={("", "sys/mounts/"): present(tuple(mount.path for mount in MOUNTS))},
    secrets={("", "kv/there"): secret("a"), ("", "kv/keyless"): present(KvSecret(1, {1: "live"}))},
)


def test_all_that_the_verifier_may_not_look_at_is_one_finding_with_the_policy() -> None:
    paths = ("kv/metadata/a", "kv/subkeys/a", "kv/subkeys/b")
    denied = vault(
        secrets={"kv/a": Fact(State.DENIED), "kv/b": Fact(State.DENIED)},
        roles={"database/roles/x": Fact(State.DENIED)},
        lacking=(
            *(("", path, "read") for path in paths),
            ("team", "database/roles/x", "read"),
            ("team", "database/roles/x", "list"),
        ),
    )

    assert told(check_denied(view(denied, kv("ok"), kv("a"), kv("b"), dynamic("creds/x")))) == [
        (
            "KW8002",
            "error",
            "path",
            'the verifier\'s token may not look at "kv/metadata/a", "kv/subkeys/a", "kv/subkeys/b", "team/database/roles/x"',
            "these rules are missing (the command replaces the policy: keep those that are there)\n"
            "vault policy write keywave-verifier - <<EOF\n"
            'path "kv/metadata/a" { capabilities = ["read"] }\n'
            'path "kv/subkeys/a" { capabilities = ["read"] }\n'
            'path "kv/subkeys/b" { capabilities = ["read"] }\n'
            'path "team/database/roles/x" { capabilities = ["list", "read"] }\n'
            "EOF",
        )
    ]


def test_ten_of_many_denied_paths_are_named() -> None:
    lacking = tuple(("", f"kv/subkeys/p{number:02}", "read") for number in range(14))
    denied = vault(secrets={"kv/p00": Fact(State.DENIED)}, lacking=lacking)

    message = told(check_denied(view(denied, kv("p00"))))[0][3]

    assert message.endswith('"kv/subkeys/p09" and 4 more')


def test_a_denied_login_role_counts_and_a_denied_luxury_does_not() -> None:
    role = vault(
        roles={"auth/kubernetes/role/payments": Fact(State.DENIED)},
        lacking=(("", "auth/kubernetes/role/payments", "read"),),
    )
    luxury = vault(lacking=(("", "identity/lookup/entity", "update"),))

    assert [found.code for found in check_denied(view(role, kv("a")))] == ["KW8002"]
    assert list(check_denied(view(luxury, kv("a")))) == []


def test_what_the_lock_does_not_tell_is_a_warning_at_each_place() -> None:
    references = (
        kv("there", "a"),
        kv("other"),
        kv("keyless", "a"),
        dynamic("creds/x"),
        pki(issuer="root"),
        kv("x", mount="gone"),
    )

    assert [(found[0], found[1], found[3], found[4]) for found in told(check_uncovered(view(LOCK, *references)))] == [
        ("KW8003", "warning", f"vault.lock.d/vault.json does not tell of {what}", "refresh it: keywave lock")
        for what in ("kv/other", "the keys of kv/keyless", "database/roles/x", "pki/roles/web", "the issuers of pki")
    ]


def test_a_version_that_is_gone_is_not_also_said_to_be_not_covered() -> None:
    dead = vault(secrets={"kv/dead": present(KvSecret(2, {1: "live", 2: "deleted"}, complete=True))})

    assert list(check_uncovered(view(dead, kv("dead", "a"), kv("dead", "a", version=9)))) == []


def test_keys_on_version_1_are_not_checkable_without_reading() -> None:
    legacy = vault(secrets={"legacy/mail": present(KvSecret()), "kv/odd": Fact(State.UNCLEAR, note="nobody knows")})
    references = (
        kv("mail", "user", mount="legacy", engine=1),
        kv("mail", mount="legacy", engine=1),
        kv("mail", "user", mount="legacy", engine=1, optional=True),
        kv("odd"),
    )

    assert told(check_unclear(view(legacy, *references))) == [
        (
            "KW8006",
            "warning",
            "path",
            "not checked: the keys of legacy/mail; KV version 1 tells the names of keys only together with their values",
            "a KV engine of version 2 can be checked (vault kv enable-versioning)",
        ),
        ("KW8006", "warning", "path", "not checked: kv/odd; nobody knows", ""),
    ]


def test_a_login_that_the_tree_does_not_hold_is_told_once() -> None:
    login = Identity(False, "VaultAuth infra/default")
    references = (dynamic("creds/a", identity=login), dynamic("creds/b", identity=login), kv("c"))

    assert told(check_unknown_logins(view(vault(), *references))) == [
        (
            "KW8007",
            "warning",
            "path",
            "VaultAuth infra/default is not in the tree: whether it may read database/creds/a and 1 more is not checked",
            "render it together with its login, or verify where the login is",
        )
    ]


def test_a_profile_without_a_lock_is_told_once() -> None:
    other = kv("c")._replace(vault=Connection("https://other:8200"))

    assert told(check_no_inventory(view(None, kv("a"), kv("b"), other))) == [
        (
            "KW8008",
            "warning",
            "path",
            "there is no lock for the VaultProfile vault: nothing that is read from it is checked",
            "keywave lock --profile vault, and commit the file; or verify --live",
        ),
        (
            "KW8008",
            "warning",
            "path",
            "there is no lock for the Vault at https://other:8200: nothing that is read from it is checked",
            "keywave lock, and commit the file; or verify --live",
        ),
    ]
