"""The whole of `verify`: all problems at once, each once at each place, always in the same order."""

from __future__ import annotations

from verify_sets import LOGIN, an_object, dynamic, kv, pki, present, raw, secret, vault

from keywave.references.model import Connection, Reference
from keywave.vault.inventory import Inventory, Mount
from keywave.verify.checks import CHECKS
from keywave.verify.run import verify

ROLE = {
    "token_policies": ("payments",),
    "bound_service_account_names": ("payments",),
    "bound_service_account_namespaces": ("shop",),
}
POLICY = """
path "kv/data/app" { capabilities = ["read"] }
path "database/creds/ro" { capabilities = ["read"] }
path "pki/issue/web" { capabilities = ["update"] }
"""
SOUND = vault(
    secrets={"kv/app": secret("a", "b")},
    roles={
        "database/roles/ro": {"default_ttl": 3600, "max_ttl": 7200},
        "pki/roles/web": {"allowed_domains": ("example.com",), "allow_subdomains": True},
        "auth/kubernetes/role/payments": ROLE,
    },
    names={"kv/": ("app",), "database/roles/": ("ro",), "sys/policies/acl/": ("default", "payments")},
    auths={("", "kubernetes"): present(Mount("kubernetes", "kubernetes"))},
    policies={("", "payments"): present(POLICY), ("", "default"): present("")},
)


def of_mine(references: list[Reference], inventory: Inventory | None = SOUND) -> list[tuple[str, str, str]]:
    """Findings on mounts, secrets, engines; what is said of logins and rights has tests of its own."""
    found = verify(references, lambda _: inventory)
    return [
        (one.code, one.subject, one.where.file) for one in found if one.code[:4] in ("KW80", "KW81", "KW82", "KW83")
    ]


def test_where_all_is_right_nothing_is_found() -> None:
    assert of_mine([kv("app", "a", "b"), dynamic("creds/ro"), pki(), raw("kv/data/app", keys=("a",))]) == []


def test_without_references_nothing_is_found() -> None:
    assert verify([], lambda _: None) == []


def test_all_problems_are_told_at_once_and_each_at_each_place() -> None:
    one, two = "SecretIntent shop/payments", "SecretIntent shop/two"
    references = [
        kv("ap"),
        kv("ap", manifest=an_object("two")),
        kv("app", "z"),
        dynamic("creds/rw"),
        kv("x", mount="nope"),
    ]

    assert of_mine(references) == [
        ("KW8101", one, "intents.yaml"),
        ("KW8105", one, "intents.yaml"),
        ("KW8105", two, "intents.yaml"),
        ("KW8110", one, "intents.yaml"),
        ("KW8201", one, "intents.yaml"),
    ]


def test_the_same_problem_of_the_same_place_is_told_once() -> None:
    assert of_mine([kv("ap"), kv("ap")]) == [("KW8105", "SecretIntent shop/payments", "intents.yaml")]


def test_each_vault_is_asked_for_once_and_its_own_inventory_counts() -> None:
    asked: list[Connection] = []
    other = Connection("https://other:8200")

    def inventory_of(connection: Connection) -> Inventory | None:
        asked.append(connection)
        return None if connection == other else SOUND

    references = [
        kv("app", "a"),
        kv("gone")._replace(vault=other, identity=LOGIN._replace(vault=other)),
        kv("app", "b"),
    ]
    codes = [one.code for one in verify(references, inventory_of) if one.code[:4] in ("KW80", "KW81")]

    assert (asked, codes) == ([references[0].vault, other], ["KW8008"])


def test_two_runs_give_the_same() -> None:
    references = [kv("ap"), kv("app", "z"), dynamic("creds/rw"), pki("wbe")]

    assert verify(references, lambda _: SOUND) == verify(references, lambda _: SOUND)


def test_no_check_is_listed_twice() -> None:
    assert len(set(CHECKS)) == len(CHECKS)
