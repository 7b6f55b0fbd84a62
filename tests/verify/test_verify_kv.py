"""KV secrets: paths, versions, keys."""

from __future__ import annotations

import pytest
from verify_sets import kv, present, secret, told, vault, view

from keywave.references.model import Reference
from keywave.vault.inventory import Fact, KeyNames, KvSecret, State, hashed
from keywave.verify.kv import check_keys, check_kv_versions, check_paths

NAMES = {"kv/": ("dev/", "prod/"), "kv/dev/": ("payments/",), "kv/dev/payments/": ("config", "stripe")}
ELSEWHERE = {**NAMES, "kv/prod/": ("billing/",), "kv/prod/billing/": ("config",)}
TREE = vault(secrets={"kv/dev/payments/config": secret("username")}, names=NAMES)
WIPES = "Vault Secrets Operator wipes the Secret then, and restarts what it is told to"


def one(fact: Fact[KvSecret]):
    return vault(secrets={"kv/app": fact})


@pytest.mark.parametrize(
    ("path", "code", "message", "hint"),
    [
        (
            "dev/payments/confg",
            "KW8105",
            "nothing is stored at kv/dev/payments/confg",
            'did you mean "dev/payments/config"? else: vault kv put -mount=kv dev/payments/confg password=-',
        ),
        (
            "dev/paymnts/config",
            "KW8105",
            "nothing is stored at kv/dev/paymnts/config",
            'did you mean "dev/payments/config"? else: vault kv put -mount=kv dev/paymnts/config password=-',
        ),
        (
            "dev/billing",
            "KW8105",
            "nothing is stored at kv/dev/billing",
            "vault kv put -mount=kv dev/billing password=-",
        ),
        (
            "dev/payments",
            "KW8111",
            'kv/dev/payments is only a folder that holds "config", "stripe"',
            "name one secret: dev/payments/config, or write one here: vault kv put -mount=kv dev/payments KEY=-",
        ),
    ],
)
def test_a_path_that_is_no_secret(path: str, code: str, message: str, hint: str) -> None:
    assert told(check_paths(view(TREE, kv(path, "password")))) == [(code, "error", "path", message, hint)]


def test_the_same_name_elsewhere_is_told_where_nothing_comes_near_and_the_tree_reads_it() -> None:
    found = vault(secrets={"kv/prod/billing/config": secret("password")}, names=ELSEWHERE)
    asked, other = kv("dev/billing/config", "password"), kv("prod/billing/config")

    assert [f.message for f in check_paths(view(found, asked))] == ["nothing is stored at kv/dev/billing/config"]
    assert told(check_paths(view(found, asked, other))) == [
        (
            "KW8105",
            "error",
            "path",
            'nothing is stored at kv/dev/billing/config; there is "kv/prod/billing/config"',
            "vault kv put -mount=kv dev/billing/config password=-",
        )
    ]


def test_metadata_without_a_version_is_no_secret() -> None:
    assert told(check_paths(view(one(present(KvSecret(0, complete=True))), kv("app")))) == [
        ("KW8105", "error", "path", "nothing is stored at kv/app", "vault kv put -mount=kv app KEY=-")
    ]


def test_a_path_that_is_there_or_not_known_or_optional_is_no_finding() -> None:
    references = (kv("dev/payments/config"), kv("dev/payments/stripe"), kv("dev/payments/confg", optional=True))

    assert list(check_paths(view(TREE, *references))) == []


@pytest.mark.parametrize(
    ("reference", "fact", "expected"),
    [
        (
            kv("app", version=1),
            secret(current=3, states={1: "deleted", 2: "destroyed", 3: "live"}),
            (
                "KW8107",
                "error",
                "version",
                "version 1 of kv/app is deleted; there is version 3",
                "vault kv undelete -mount=kv -versions=1 app, or name another version",
            ),
        ),
        (
            kv("app", version=2),
            secret(current=3, states={1: "deleted", 2: "destroyed", 3: "live"}),
            (
                "KW8108",
                "error",
                "version",
                "version 2 of kv/app is destroyed and cannot be brought back; there is version 3",
                "name another version",
            ),
        ),
        (
            kv("app", version=7),
            secret(current=3),
            (
                "KW8106",
                "error",
                "version",
                "kv/app has no version 7, the latest is 3",
                "name version 3, or none for the latest",
            ),
        ),
        (
            kv("app", version=1),
            secret(current=3, states={2: "live", 3: "live"}),
            (
                "KW8106",
                "error",
                "version",
                "version 1 of kv/app is gone: Vault keeps only the last ones (max_versions); there are versions 2, 3",
                "name version 3, or none for the latest",
            ),
        ),
        (
            kv("app"),
            secret(current=3, states={2: "live", 3: "deleted"}),
            (
                "KW8109",
                "error",
                "path",
                f"the latest version of kv/app (3) is deleted; there is version 2; {WIPES}",
                "vault kv undelete -mount=kv -versions=3 app",
            ),
        ),
        (
            kv("app", family="eso"),
            secret(current=3, states={2: "live", 3: "destroyed"}),
            (
                "KW8109",
                "error",
                "path",
                "the latest version of kv/app (3) is destroyed; there is version 2; External Secrets then does what deletionPolicy says",
                "vault kv rollback -mount=kv -version=2 app",
            ),
        ),
        (
            kv("app"),
            secret(current=1, states={1: "destroyed"}),
            (
                "KW8109",
                "error",
                "path",
                f"the latest version of kv/app (1) is destroyed, and no other version is left; {WIPES}",
                "vault kv put -mount=kv app KEY=-",
            ),
        ),
        (
            kv("app"),
            secret(current=2, deletes_at={1: "2029-01-01T00:00:00Z", 2: "2030-01-01T00:00:00Z"}),
            (
                "KW8113",
                "warning",
                "path",
                f"the latest version (2) of kv/app will be deleted at 2030-01-01T00:00:00Z; {WIPES}",
                "vault kv metadata put -mount=kv -delete-version-after=0s app, or where the mount has the limit: vault write kv/config "
                "delete_version_after=0s; then write it anew",
            ),
        ),
    ],
)
def test_a_version_that_cannot_be_read(reference: Reference, fact: Fact[KvSecret], expected: tuple[str, ...]) -> None:
    assert told(check_kv_versions(view(one(fact), reference))) == [expected]


def test_a_living_version_is_no_finding_and_an_unknown_one_no_judgement() -> None:
    known = secret(current=3, states={3: "live"}, complete=False)

    assert list(check_kv_versions(view(one(known), kv("app"), kv("app", version=3), kv("app", version=2)))) == []


def test_keys_that_are_not_there() -> None:
    it_has = 'it has "password", "username"'

    assert told(
        check_keys(view(one(secret("username", "password")), kv("app", "USERNAME", "pasword", "zzz", "username")))
    ) == [
        (
            "KW8110",
            "error",
            "key:USERNAME",
            f'kv/app has no key "USERNAME"; {it_has}',
            'did you mean "username"? else: vault kv patch -mount=kv app USERNAME=-',
        ),
        (
            "KW8110",
            "error",
            "key:pasword",
            f'kv/app has no key "pasword"; {it_has}',
            'did you mean "password"? else: vault kv patch -mount=kv app pasword=-',
        ),
        (
            "KW8110",
            "error",
            "key:zzz",
            f'kv/app has no key "zzz"; {it_has}',
            "vault kv patch -mount=kv app zzz=-",
        ),
    ]


def test_a_secret_without_any_key() -> None:
    assert [one[3] for one in told(check_keys(view(one(secret()), kv("app", "a"))))] == [
        'kv/app has no key "a"; it has no keys at all'
    ]


def test_hashed_key_names_are_compared_and_never_suggested() -> None:
    names = KeyNames((hashed("username", b"k"),), b"k")
    fact = present(KvSecret(1, {1: "live"}, {1: names}, True))

    assert told(check_keys(view(one(fact), kv("app", "username", "usernam")))) == [
        (
            "KW8110",
            "error",
            "key:usernam",
            'kv/app has no key "usernam"; the lock holds the names of its keys only as hashes',
            "vault kv patch -mount=kv app usernam=-",
        )
    ]


def test_the_keys_of_the_version_that_is_asked_count() -> None:
    fact = present(KvSecret(2, {1: "live", 2: "live"}, {1: KeyNames(("old",)), 2: KeyNames(("new",))}, True))

    found = told(
        check_keys(view(one(fact), kv("app", "old", version=1), kv("app", "new"), kv("app", "new", version=1)))
    )

    assert [f[3] for f in found] == ['kv/app (version 1) has no key "new"; it has "old"']


def test_a_key_named_raw_is_refused_by_the_operator_alone() -> None:
    there = one(secret("_raw", "a"))

    assert told(check_keys(view(there, kv("app"), kv("app", family="eso")))) == [
        (
            "KW8112",
            "error",
            "path",
            'kv/app has a key named "_raw", which Vault Secrets Operator refuses: it writes the whole answer under that name',
            "vault kv patch -mount=kv app NEW_NAME=- and remove _raw: vault kv patch -mount=kv -remove-data=_raw app",
        )
    ]


def test_keys_are_not_judged_where_they_are_optional_or_not_known() -> None:
    gone = vault(
        secrets={"kv/app": secret("a"), "kv/gone": Fact(State.ABSENT), "kv/dead": secret("a", states={1: "deleted"})}
    )

    assert (
        list(
            check_keys(view(gone, kv("app", "zzz", optional=True), kv("gone", "a"), kv("dead", "zzz"), kv("what", "a")))
        )
        == []
    )


def test_folders_that_nobody_listed_are_taken_as_right() -> None:
    listed = vault(names={"kv/dev/payments/": ("config",)})

    assert [found[4] for found in told(check_paths(view(listed, kv("dev/payments/confg"))))] == [
        'did you mean "dev/payments/config"? else: vault kv put -mount=kv dev/payments/confg KEY=-'
    ]


def test_a_deleted_version_is_told_where_the_latest_is_not_known() -> None:
    numbered = one(present(KvSecret(0, {1: "deleted"})))

    assert list(check_paths(view(numbered, kv("app", version=1)))) == []
    assert [found[0] for found in told(check_kv_versions(view(numbered, kv("app", version=1))))] == ["KW8107"]


def test_the_fix_for_a_path_writes_all_keys_that_are_needed() -> None:
    assert [f.hint for f in check_paths(view(vault(names={"kv/": ()}), kv("app", "password", "username")))] == [
        "vault kv put -mount=kv app password=- username=-"
    ]
