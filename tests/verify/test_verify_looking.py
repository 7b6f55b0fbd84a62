"""What could not be looked at: denied, not covered, not clear, logins elsewhere, no lock."""

from __future__ import annotations

from verify_sets import LOGIN, MOUNTS, an_object, dynamic, kv, pki, present, raw, secret, told, vault, view

from keywave.references.model import Connection, Identity
from keywave.vault.inventory import Fact, Inventory, KvSecret, Mount, State
from keywave.verify.looking import (
    check_denied,
    check_no_inventory,
    check_unclear,
    check_uncovered,
    check_uncovered_logins,
    check_unknown_logins,
    storeless,
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
        auths={("", "kubernetes"): present(Mount("kubernetes", "kubernetes"))},
        roles={"auth/kubernetes/role/payments": Fact(State.DENIED)},
        lacking=(("", "auth/kubernetes/role/payments", "read"),),
    )
    luxury = vault(lacking=(("", "identity/lookup/entity", "update"),))

    auth = an_object("vault", "VaultProfile")
    by_role = kv("a")._replace(identity=LOGIN._replace(spots={"role": (auth, ("spec", "auth", "role"))}))

    found = list(check_denied(view(role, by_role)))

    assert [(one.code, one.subject, one.where.keys) for one in found] == [
        ("KW8002", "VaultProfile shop/vault", ("spec", "auth", "role"))
    ]
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


def test_a_login_that_the_lock_does_not_tell_of_is_a_warning_once() -> None:
    auths = {("", "kubernetes"): present(Mount("kubernetes", "kubernetes"))}
    role = {("", "auth/kubernetes/role/payments"): present({"token_policies": ("Payments",)})}
    locks = [
        LOCK,
        LOCK._replace(auths=auths),
        LOCK._replace(auths=auths, roles=role, policies={("", "default"): present("# nothing")}),
    ]

    assert [[f.message for f in check_uncovered_logins(view(lock, kv("there"), kv("other")))] for lock in locks] == [
        [f"vault.lock.d/vault.json does not tell of {what}, by which VaultAuth shop/payments reads"]
        for what in ("auth/kubernetes", "auth/kubernetes/role/payments", 'the policy "payments"')
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


def test_a_login_by_a_method_that_tells_no_role_is_told_and_that_of_argocd_vault_plugin_has_its_own_advice() -> None:
    token = Identity(True, "SecretStore shop/vault", "token")
    plugin = Identity(False, "the login of argocd-vault-plugin")
    references = (kv("a", family="eso")._replace(identity=token), kv("b", family="avp")._replace(identity=plugin))

    assert [found[3:] for found in told(check_unknown_logins(view(vault(), *references)))] == [
        (
            "SecretStore shop/vault logs in by token, which tells no role: whether it may read kv/a is not checked",
            "look at what its token may do: vault token lookup",
        ),
        (
            "the login of argocd-vault-plugin is not in the tree: whether it may read kv/b is not checked",
            "its login is a setting of Argo CD's plug-in (AVP_AUTH_TYPE, AVP_K8S_ROLE): look there which policies it has",
        ),
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


def test_a_store_that_is_not_in_the_tree_is_told_once() -> None:
    store = Identity(False, "SecretStore shop/vault")
    references = [raw(path, "eso")._replace(identity=store, stored=False) for path in ("app", "web", "app")]

    assert told(storeless(references)) == [
        (
            "KW8007",
            "warning",
            "path",
            'SecretStore shop/vault is not in the tree: whether "app" and 1 more is there, and may be read, is not checked',
            "render it together with its store, or verify where the store is",
        )
    ]


def test_what_a_listing_finds_is_not_checked() -> None:
    assert told(check_unclear(view(vault(), raw("kv/metadata/prod", "eso", method="LIST")))) == [
        (
            "KW8006",
            "warning",
            "path",
            "not checked: whether what is found below kv/metadata/prod may be read; only that it may be listed is",
            "name each secret with extract, or in data",
        )
    ]
