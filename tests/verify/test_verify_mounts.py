"""Mounts: there, of the right type and version, and asked with `data/` where that belongs."""

from __future__ import annotations

from verify_sets import (
    MOUNTS,
    an_object,
    asks,
    dynamic,
    kv,
    present,
    raw,
    secret,
    told,
    vault,
    view,
)

from keywave.findings import Finding
from keywave.vault.inventory import Fact, Inventory, Mount, State
from keywave.verify.mounts import check_mounts, check_types
from keywave.verify.run import verify

NAMES = {"kv/": ("dev/",), "kv/dev/": ("payments/",), "kv/dev/payments/": ("config",)}
VAULT = vault(secrets={"kv/dev/payments/config": secret("username")}, names=NAMES)


def types(*references) -> list[tuple[str, str, str, str, str]]:
    return told(check_types(view(VAULT, *references)))


def test_a_mount_that_is_not_there_is_said_once_for_each_object() -> None:
    absent = (
        "KW8101",
        "error",
        "mount",
        'no secrets engine is mounted at "kvv"',
        'did you mean "kv"? else: vault secrets enable -path=kvv -version=2 kv',
    )
    other = an_object("other")

    found = list(
        check_mounts(view(VAULT, kv("x", mount="kvv"), kv("y", mount="kvv"), kv("z", mount="kvv", manifest=other)))
    )

    assert told(found) == [absent, absent]
    assert [finding.subject for finding in found] == ["SecretIntent shop/payments", "SecretIntent shop/other"]


def test_a_mount_that_nothing_comes_near_is_said_with_those_that_there_are() -> None:
    assert told(check_mounts(view(VAULT, raw("nope/creds/x")))) == [
        (
            "KW8101",
            "error",
            "mount",
            'no secrets engine is mounted at "nope"; Vault has "database", "kv", "legacy", "pki"',
            "vault secrets enable -path=nope TYPE",
        )
    ]


def test_of_a_missing_mount_nothing_else_is_said() -> None:
    references = [kv("dev/x", "user", mount="kvv"), dynamic("creds/x", mount="db"), asks("pki", "web", "ppki")]

    codes = [
        finding.code for finding in verify(references, lambda _: VAULT) if not finding.code.startswith(("KW84", "KW80"))
    ]

    assert codes == ["KW8101"] * 3


def test_whether_a_mount_is_there_is_not_judged_where_mounts_are_not_known() -> None:
    assert list(check_mounts(view(Inventory(), kv("x")))) == []
    assert list(check_mounts(view(Inventory(mounts={("", "kv"): Fact(State.DENIED)}), kv("x")))) == []


def test_a_kv_secret_of_a_database_mount() -> None:
    assert types(kv("dev/x", mount="database")) == [
        (
            "KW8102",
            "error",
            "mount",
            'a KV secret is asked of "database", which is of type database, not a KV engine',
            'name another mount (of the type that is needed: "kv", "legacy"), or read credentials with a dynamic intent'
            " (VaultDynamicSecret)",
        )
    ]


def test_credentials_of_a_kv_mount() -> None:
    assert types(dynamic("creds/x", mount="kv")) == [
        (
            "KW8102",
            "error",
            "mount",
            'credentials are asked of "kv", which is of type kv, not an engine that makes credentials',
            'name another mount (of the type that is needed: "database"), or read a KV secret with kv: (VaultStaticSecret)',
        )
    ]


def test_a_certificate_of_a_database_mount() -> None:
    assert types(asks("pki", "web", "database")) == [
        (
            "KW8102",
            "error",
            "mount",
            'a certificate is asked of "database", which is of type database, not a PKI engine',
            'name the mount of a PKI engine (of the type that is needed: "pki")',
        )
    ]


def test_a_dynamic_reference_may_ask_a_pki_engine_and_a_path_as_written_any() -> None:
    assert types(dynamic("issue/web", mount="pki"), raw("database/creds/x"), raw("kv/data/dev/payments/config")) == []


def test_version_1_taken_for_2() -> None:
    assert types(kv("a", mount="legacy")) == [
        (
            "KW8103",
            "error",
            "type",
            'the KV engine at "legacy" has version 1, the object says version 2: a request with data/ in it asks version 1 for a secret'
            " of that name",
            "say type: kv-v1 (in a VaultProfile: kv: {mount: legacy, version: 1})",
        )
    ]


def test_version_2_taken_for_1_by_external_secrets() -> None:
    assert types(kv("a", engine=1, family="eso")) == [
        (
            "KW8103",
            "error",
            "type",
            'the KV engine at "kv" has version 2, the object says version 1: a request without data/ finds nothing in version 2',
            "say version: v2 (in a VaultProfile: kv: {mount: kv, version: 2})",
        )
    ]


def test_data_too_much_for_a_reader_that_adds_it() -> None:
    assert types(kv("data/dev/payments/config")) == [
        (
            "KW8104",
            "error",
            "path",
            '"data/dev/payments/config" has data/ in it, but the reader adds data/ by itself; there is kv/dev/payments/config',
            "write dev/payments/config",
        )
    ]


def test_data_missing_for_a_reader_that_does_not_add_it() -> None:
    assert types(raw("kv/dev/payments/config")) == [
        (
            "KW8104",
            "error",
            "path",
            '"kv/dev/payments/config" is asked for as it is written, and the KV engine at "kv" has version 2: data/ is missing',
            "write kv/data/dev/payments/config",
        )
    ]


def test_a_secret_that_really_lies_in_a_folder_named_data_is_no_slip() -> None:
    there = vault(secrets={"kv/data/x": secret("a")})

    assert list(check_types(view(there, kv("data/x")))) == []


def test_one_object_is_told_of_each_kind_of_wrong_type() -> None:
    codes = [
        one[0] for one in types(kv("x", mount="database"), kv("y", mount="database"), asks("pki", "web", "database"))
    ]

    assert codes == ["KW8102", "KW8102"]


def test_the_longest_mount_that_holds_a_path_counts() -> None:
    nested = vault(mounts=(*MOUNTS, Mount("kv/team", "database")))

    found: list[Finding] = list(check_types(view(nested, raw("kv/team/creds/x"))))

    assert (found, view(nested, raw("kv/team/creds/x")).asked[0].mount) == ([], present(Mount("kv/team", "database")))


def test_what_stands_before_data_is_taken_for_the_mount() -> None:
    assert told(check_mounts(view(VAULT, raw("team/secrets/data/app")))) == [
        (
            "KW8101",
            "error",
            "mount",
            'no secrets engine is mounted at "team/secrets"; Vault has "database", "kv", "legacy", "pki"',
            "vault secrets enable -path=team/secrets -version=2 kv",
        )
    ]


def test_the_fix_for_a_mount_is_of_its_version_and_vault_namespace() -> None:
    asked = kv("app", mount="nope", engine=1)._replace(vault_namespace="team")
    known = vault()._replace(names={("team", "sys/mounts/"): present(())})

    assert [finding.hint for finding in check_mounts(view(known, asked))] == [
        "vault secrets enable -namespace=team -path=nope -version=1 kv"
    ]
