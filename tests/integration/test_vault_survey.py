"""The survey against a real Vault: what is found, how many requests that takes, and that none of them could answer with a value."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from rig import vault as vault_driver
from rig.fault_proxy import FaultProxy
from rig.vault import Vault

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "survey"))
from survey_references import kv, login, reference

from keywave.lockfile.drift import differences
from keywave.lockfile.read import read_lock
from keywave.lockfile.write import write_lock
from keywave.references.model import Reference
from keywave.survey import Scope, survey
from keywave.survey.gathering import TooMuch
from keywave.vault.client import Session, Settings, connect
from keywave.vault.inventory import Entity, Fact, Inventory, KeyNames, KvSecret, State, role_id_mark
from keywave.vault.login.token import TokenLogin
from keywave.vault.masked import Masked

P = State.PRESENT


def _session(vault: Vault) -> Session:
    return connect(Settings(vault.url), TokenLogin(Masked(vault.token)))


def _survey(vault: Vault, references: Sequence[Reference], scope: Scope | None = None) -> Inventory:
    with _session(vault) as session:
        return survey(session, references, scope=scope)


@pytest.fixture
def mount(vault: Vault) -> Iterator[str]:
    name = f"kv-{secrets.token_hex(4)}"
    vault.enable(name, "kv", options={"version": "2"})
    _settled(vault, name)
    yield name
    vault.request("DELETE", f"sys/mounts/{name}")


def _settled(vault: Vault, mount: str) -> None:
    from rig.waiting import wait_for

    wait_for("KV v2 is upgraded", lambda: vault.request("LIST", f"{mount}/metadata/").status in (200, 404))


def _put(vault: Vault, mount: str, path: str, *versions: dict[str, Any]) -> None:
    for values in versions:
        vault.write(f"{mount}/data/{path}", {"data": values})


def _secrets(inventory: Inventory, mount: str) -> dict[str, Fact[KvSecret]]:
    return {path.removeprefix(mount + "/"): fact for (_, path), fact in inventory.secrets.items()}


def test_each_state_of_a_kv_secret_is_told_without_its_values(vault: Vault, mount: str, canary: str) -> None:
    _put(vault, mount, "app/live", {"a": canary, "nested": {"deep": canary}})
    _put(vault, mount, "app/empty", {})
    _put(vault, mount, "app/deleted", {"a": canary}, {"a": canary})
    vault.request("DELETE", f"{mount}/data/app/deleted")
    _put(vault, mount, "app/destroyed", {"a": canary})
    vault.write(f"{mount}/destroy/app/destroyed", {"versions": [1]})
    vault.write(f"{mount}/metadata/app/metadata-only", {"custom_metadata": {"owner": "shop"}})
    vault.write(f"{mount}/metadata/app/cut", {"max_versions": 2})
    _put(vault, mount, "app/cut", {"a": "1"}, {"a": "2"}, {"b": "3"})
    _put(vault, mount, "app/folder/inner", {"a": "1"})
    live = [
        kv(mount, f"app/{name}")
        for name in ("live", "empty", "deleted", "destroyed", "metadata-only", "folder", "nope")
    ]
    versions = [kv(mount, "app/cut", version=1), kv(mount, "app/cut", version=3), kv(mount, "lost/x", version=2)]

    inventory = _survey(vault, [*live, *versions])

    assert _secrets(inventory, mount) == {
        "app/live": Fact(P, KvSecret(1, {1: "live"}, {1: KeyNames(("a", "nested"))})),
        "app/empty": Fact(P, KvSecret(1, {1: "live"}, {1: KeyNames(())})),
        "app/deleted": Fact(P, KvSecret(2, {1: "live", 2: "deleted"}, {}, True)),
        "app/destroyed": Fact(P, KvSecret(1, {1: "destroyed"}, {}, True)),
        "app/metadata-only": Fact(State.ABSENT),
        "app/folder": Fact(State.ABSENT),
        "app/nope": Fact(State.ABSENT),
        "app/cut": Fact(P, KvSecret(3, {2: "live", 3: "live"}, {3: KeyNames(("b",))}, True)),
        "lost/x": Fact(State.ABSENT),
    }
    app = ("cut", "deleted", "destroyed", "empty", "folder/", "live", "metadata-only")
    assert (inventory.listing("", f"{mount}/app/"), inventory.listing("", f"{mount}/")) == (app, ("app/",))
    assert inventory.listing("", f"{mount}/app/folder/") == ("inner",)
    assert canary not in repr(inventory)


def test_a_deletion_to_come_is_told(vault: Vault, mount: str) -> None:
    vault.write(f"{mount}/metadata/soon", {"delete_version_after": "1h"})
    _put(vault, mount, "soon", {"a": "1"})

    found = _survey(vault, [kv(mount, "soon")]).secrets["", f"{mount}/soon"].value

    assert found is not None
    assert (found.versions, list(found.deletes_at)) == ({1: "live"}, [1])


def test_on_kv_version_1_only_names_are_asked(vault: Vault, mount: str, canary: str) -> None:
    old = f"{mount}-v1"
    vault.enable(old, "kv", options={"version": "1"})
    vault.write(f"{old}/app/db", {"a": canary})

    inventory = _survey(vault, [kv(old, "app/db", keys=("a",)), kv(old, "app/dbx")])

    found = _secrets(inventory, old)
    assert found["app/db"].value == KvSecret()
    assert "cannot be told" in found["app/db"].note
    assert found["app/dbx"] == Fact(State.ABSENT)
    assert inventory.listing("", f"{old}/app/") == ("db",)


def _many(mount: str, paths: int, count: int) -> list[Reference]:
    return [kv(mount, f"app-{n % paths}", keys=(f"k{n}",)) for n in range(count)]


def test_requests_grow_with_distinct_paths_not_with_references(vault: Vault, mount: str) -> None:
    for number in range(100):
        _put(vault, mount, f"app-{number}", {"a": "1"})
    sent = {}
    for count in (100, 1000):
        with _session(vault) as session:
            survey(session, _many(mount, 100, count))
            sent[count] = session.sent

    assert sent[1000] == sent[100]
    assert sent[1000] <= 110


def test_what_may_not_be_looked_at_is_denied_and_never_asked(vault: Vault, mount: str) -> None:
    _put(vault, mount, "seen", {"a": "1"})
    _put(vault, mount, "hidden", {"a": "1"})
    vault.policy(mount, f'path "{mount}/subkeys/seen" {{ capabilities = ["read"] }}')
    verifier = vault.as_token(vault.token_for(mount))

    inventory = _survey(verifier, [kv(mount, "seen"), kv(mount, "hidden"), kv("not-mine", "x")])

    assert _secrets(inventory, mount)["seen"].value == KvSecret(1, {1: "live"}, {1: KeyNames(("a",))})
    assert _secrets(inventory, mount)["hidden"].state is State.DENIED
    assert inventory.mount("", "not-mine/x").state is State.DENIED
    assert ("", f"{mount}/subkeys/hidden", "read") in inventory.lacking
    assert ("", "sys/mounts", "read") in inventory.lacking
    assert not [place for place in inventory.secrets if place[1].startswith("not-mine")]


def test_without_the_right_to_ask_for_rights_a_403_says_the_same(vault: Vault, mount: str) -> None:
    _put(vault, mount, "seen", {"a": "1"})
    rules = (
        f'path "{mount}/subkeys/seen" {{ capabilities = ["read"] }}',
        'path "sys/mounts" { capabilities = ["read"] }',
    )
    vault.policy(mount, "\n".join(rules))
    body = {"policies": [mount], "no_parent": True, "no_default_policy": True}
    token = vault.request("POST", "auth/token/create", body).body["auth"]["client_token"]

    inventory = _survey(vault.as_token(token), [kv(mount, "seen"), kv(mount, "hidden")])

    assert {path: fact.state for path, fact in _secrets(inventory, mount).items()} == {
        "seen": P,
        "hidden": State.DENIED,
    }
    assert inventory.lacking == (("", f"{mount}/subkeys/hidden", "read"), ("", "sys/capabilities-self", "update"))


def test_roles_their_policies_and_identities_are_found(vault: Vault, mount: str) -> None:
    auth = f"k8s-{mount}"
    vault.write(f"sys/auth/{auth}", {"type": "kubernetes"})
    vault.write(f"auth/{auth}/role/shop", {
        "bound_service_account_names": "app", "bound_service_account_namespaces": "shop",
        "alias_name_source": "serviceaccount_name", "token_policies": [mount, "lost"],
    })  # fmt: skip
    text = f'path "{mount}/data/*" {{ capabilities = ["read"] }}'
    vault.policy(mount, text)
    accessor = (vault.read("sys/auth") or {})[f"{auth}/"]["accessor"]
    entity = vault.write("identity/entity", {"name": mount, "policies": ["own"], "metadata": {"team": "shop"}})["id"]
    vault.write("identity/entity-alias", {"name": "shop/app", "canonical_id": entity, "mount_accessor": accessor})
    vault.write("identity/group", {"name": mount, "policies": ["team"], "member_entity_ids": [entity]})

    inventory = _survey(
        vault, [kv(mount, "x", identity=login(auth, "shop")), kv(mount, "x", identity=login(auth, "shopp"))]
    )

    role = inventory.roles["", f"auth/{auth}/role/shop"].value
    assert role is not None
    assert (role["bound_service_account_names"], role["token_policies"]) == (("app",), tuple(sorted((mount, "lost"))))
    assert inventory.role("", f"auth/{auth}/role/shopp") == Fact(State.ABSENT)
    assert inventory.listing("", f"auth/{auth}/role/") == ("shop",)
    assert inventory.policy("", mount) == Fact(P, text)
    assert inventory.policy("", "lost") == Fact(State.ABSENT)
    assert inventory.policy("", "default").state is P
    assert mount in inventory.listing("", "sys/policies/acl/")
    assert inventory.entities == {
        ("", f"{auth}/shop/app"): Fact(P, Entity(entity, mount, ("own",), ("team",), {"team": "shop"}))
    }


def test_an_approle_is_found_by_its_role_id(vault: Vault, mount: str) -> None:
    auth = f"approle-{mount}"
    vault.write(f"sys/auth/{auth}", {"type": "approle"})
    vault.write(f"auth/{auth}/role/shop", {"token_policies": ["default"]})
    vault.write(f"auth/{auth}/role/shop/role-id", {"role_id": f"id-{mount}"})
    identity = login(auth, "", method="appRole", role_id=f"id-{mount}")

    inventory = _survey(vault, [kv(mount, "x", identity=identity)])

    assert inventory.listing("", f"auth/{auth}/role/") == ("shop",)
    assert (inventory.role("", f"auth/{auth}/role/shop").value or {})["role_id"] == role_id_mark(f"id-{mount}")


def test_a_lock_of_all_approles_gives_no_role_id_away(vault: Vault, mount: str, canary: str) -> None:
    auth = f"approle-{mount}"
    vault.write(f"sys/auth/{auth}", {"type": "approle"})
    for name in ("mine", "theirs"):
        vault.write(f"auth/{auth}/role/{name}", {"token_policies": ["default"]})
        vault.write(f"auth/{auth}/role/{name}/role-id", {"role_id": f"{canary}-{name}"})

    text = write_lock(_survey(vault, [], Scope(auths=(("", auth),))), taken="2026-01-01T00:00:00Z")

    assert canary not in text
    assert role_id_mark(f"{canary}-theirs") in text


def test_custom_metadata_and_tokens_in_policies_are_never_kept(vault: Vault, mount: str, canary: str) -> None:
    token = "hvs.CAESIfake0000000000000000"
    _put(vault, mount, "app", {"a": "1"}, {"a": "2"})
    vault.write(f"{mount}/metadata/app", {"custom_metadata": {"note": canary}})
    vault.request("DELETE", f"{mount}/data/app")
    vault.write(f"sys/auth/{mount}", {"type": "kubernetes"})
    bound = {"bound_service_account_names": "a", "bound_service_account_namespaces": "b"}
    vault.write(f"auth/{mount}/role/app", {**bound, "token_policies": [mount]})
    vault.policy(mount, f'# made with {token}\npath "x" {{ capabilities = ["read"] }}')
    scope = Scope(prefixes=(("", mount),), auths=(("", mount),))

    text = write_lock(_survey(vault, [kv(mount, "app", version=1)], scope), taken="2026-01-01T00:00:00Z")

    assert '"1": "live", "2": "deleted"' in text
    assert canary not in text
    assert token not in text
    assert "# made with hvs.****" in text


@pytest.mark.parametrize("segment", [".", "..", "", "x/../y", "a\nb"])
def test_a_path_that_is_none_is_absent_and_leaves_the_others_their_proof(
    vault: Vault, mount: str, segment: str
) -> None:
    database = f"db-{mount}"
    vault.enable(database, "database")
    _put(vault, mount, "app", {"a": "1"})
    vault.policy(mount, f'path "{mount}/subkeys/*" {{ capabilities = ["read"] }}')
    wrong = [
        reference("dynamic", database, f"creds/{segment}"),
        reference("raw", "", f"{mount}/{segment}/data/x"),
        kv(mount, f"a/{segment}/x"),
        kv("lost", "x", identity=login(f"{mount}/{segment}/y", segment or "/")),
    ]

    as_root = _survey(vault, [*wrong, kv(mount, "app")])
    as_verifier = _survey(vault.as_token(vault.token_for(mount)), [*wrong, kv(mount, "app")])

    assert [found.secret("", mount, "app").state for found in (as_root, as_verifier)] == [P, P]
    assert as_root.secret("", mount, f"a/{segment}/x").state is State.ABSENT


def test_names_with_signs_of_urls_are_found_as_they_are(vault: Vault, mount: str) -> None:
    names = ("a?b", "a#b", "a%2fb", "a b", "ü", "a+b", "a*", "c:d&e=f")
    for name in names:
        assert vault.request("POST", f"{mount}/data/{quote(name)}", {"data": {name: "1"}}).ok

    inventory = _survey(vault, [], Scope(prefixes=(("", mount),)))

    assert {
        path: list((fact.value or KvSecret()).keys.values()) for path, fact in _secrets(inventory, mount).items()
    } == {name: [KeyNames((name,))] for name in names}


def test_a_role_of_an_auth_method_is_found_whatever_its_letters(vault: Vault, mount: str) -> None:
    auth = f"k8s-{mount}"
    vault.write(f"sys/auth/{auth}", {"type": "kubernetes"})
    bound = {"bound_service_account_names": "a", "bound_service_account_namespaces": "b"}
    vault.write(f"auth/{auth}/role/Shop", bound)
    lock = write_lock(_survey(vault, [], Scope(auths=(("", auth),))), taken="2026-01-01T00:00:00Z")

    locked, live = read_lock(lock, "x"), _survey(vault, [kv(mount, "x", identity=login(auth, "SHOP"))])

    assert locked.role("", f"auth/{auth}/role/SHOP") == live.role("", f"auth/{auth}/role/SHOP")
    assert live.role("", f"auth/{auth}/role/SHOP").state is P
    assert locked.role("", f"auth/{auth}/role/other") == Fact(State.ABSENT)


def test_that_a_version_is_not_there_says_nothing_of_the_secret(vault: Vault, mount: str) -> None:
    _put(vault, mount, "app", {"a": "1"})
    vault.policy(mount, f'path "{mount}/subkeys/*" {{ capabilities = ["read"] }}')

    inventory = _survey(vault.as_token(vault.token_for(mount)), [kv(mount, "app", version=7)])

    assert inventory.secret("", mount, "app").state is State.DENIED


def test_equal_paths_of_two_vault_namespaces_are_two_secrets(
    vault: Vault, mount: str, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    with vault_driver.vault(tmp_path / "second") as second:
        second.enable(mount, "kv", options={"version": "2"})
        _settled(second, mount)
        fault_proxy.route("team-b", second.url)
        for server, count in ((vault, 1), (second, 3)):
            _put(server, mount, "app", *({"a": str(number)} for number in range(count)))
            server.request("DELETE", f"{mount}/data/app")
        both = secrets.token_hex(8)
        for server in (vault, second):
            server.write("auth/token/create", {"id": both, "policies": ["root"]})
        references = [kv(mount, "app"), kv(mount, "app")._replace(vault_namespace="team-b")]
        with connect(Settings(fault_proxy.url), TokenLogin(Masked(both))) as session:
            inventory = survey(session, references)

    found = {space: (fact.value or KvSecret()).versions for (space, _), fact in inventory.secrets.items()}
    assert found == {"": {1: "deleted"}, "team-b": {1: "live", 2: "live", 3: "deleted"}}


def test_a_lock_asks_for_a_path_once_that_an_intent_names_too(vault: Vault, mount: str) -> None:
    _put(vault, mount, "app", {"a": "1"})
    sent = []
    for references in ([], [kv(mount, "app")]):
        with _session(vault) as session:
            survey(session, references, scope=Scope(prefixes=(("", mount),)))
            sent.append(session.sent)

    assert sent[0] == sent[1]


def test_pki_roles_and_issuers_are_found_by_name(vault: Vault, mount: str) -> None:
    pki = f"pki-{mount}"
    vault.enable(pki, "pki")
    issuer = vault.write(f"{pki}/root/generate/internal", {"common_name": "x", "issuer_name": "main"})["issuer_id"]
    vault.write(f"{pki}/roles/web", {"allowed_domains": "shop.example"})

    inventory = _survey(vault, [reference("pki", pki, "web"), reference("pki", pki, "wep")])

    assert (inventory.role("", f"{pki}/roles/web").value or {})["allowed_domains"] == ("shop.example",)
    assert inventory.role("", f"{pki}/roles/wep") == Fact(State.ABSENT)
    assert inventory.listing("", f"{pki}/issuers/") == tuple(sorted((issuer, "main")))
    assert inventory.listing("", f"{pki}/roles/") == ("web",)


def test_a_scope_takes_every_name_below_a_prefix_with_all_versions(vault: Vault, mount: str) -> None:
    _put(vault, mount, "dev/shop/db", {"a": "1"}, {"b": "2"})
    _put(vault, mount, "dev/api", {"c": "1"})
    _put(vault, mount, "prod/api", {"c": "1"})

    inventory = _survey(vault, [], Scope(prefixes=(("", f"{mount}/dev/"),)))

    assert _secrets(inventory, mount) == {
        "dev/api": Fact(P, KvSecret(1, {1: "live"}, {1: KeyNames(("c",))}, True)),
        "dev/shop/db": Fact(P, KvSecret(2, {1: "live", 2: "live"}, {2: KeyNames(("b",))}, True)),
    }
    assert inventory.secret("", mount, "dev/shop/dbx") == Fact(State.ABSENT)
    assert inventory.secret("", mount, "prod/api") == Fact(State.UNCOVERED)


def test_a_lock_of_a_scope_says_what_vault_says_until_something_drifts(vault: Vault, mount: str) -> None:
    scope = Scope(prefixes=(("", mount),))
    _put(vault, mount, "dev/db", {"a": "1"})
    lock = read_lock(write_lock(_survey(vault, [], scope), taken="2026-01-01T00:00:00Z"), "shop.json")
    same = differences(lock, _survey(vault, [], scope))
    _put(vault, mount, "dev/db", {"b": "1"})
    _put(vault, mount, "dev/new", {"b": "1"})

    told = [finding.message for finding in differences(lock, _survey(vault, [], scope))]

    assert same == []
    assert told == [
        f"path {mount}/dev/db: keys gone: a",
        f"path {mount}/dev/db: keys new: b",
        f"path {mount}/dev/new is in Vault, and absent in the lock",
    ]


def test_a_scope_above_its_bound_is_an_error_that_says_so(vault: Vault, mount: str) -> None:
    for number in range(3):
        _put(vault, mount, f"n{number}", {"a": "1"})

    with pytest.raises(TooMuch, match="more than 2 names below the prefixes"):
        _survey(vault, [], Scope(prefixes=(("", mount),), most=2))


def test_the_audit_log_of_a_survey_holds_no_request_for_a_value(vault: Vault, mount: str, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    _put(vault, mount, "a/b", {"a": "1"})
    old, pki = f"{mount}-v1", f"pki-{mount}"
    vault.enable(old, "kv", options={"version": "1"})
    vault.write(f"{old}/roles/x", {"a": "1"})
    vault.enable(pki, "pki")
    vault.write(f"sys/audit/{mount}", {"type": "file", "options": {"file_path": str(log)}})
    references = [
        kv(mount, "a/b"), kv(mount, "data/a/b"), kv(mount, "a/c", version=3), kv(old, "roles/x"), reference("dynamic", old, "creds/x"),
        reference("pki", pki, "web"), reference("raw", "", f"{mount}/data/a/b"), reference("raw", "", f"{pki}/issue/web"),
    ]  # fmt: skip
    try:
        _survey(vault, references, Scope(prefixes=(("", mount), ("", old)), engines=(("", pki), ("", old))))
    finally:
        vault.request("DELETE", f"sys/audit/{mount}")

    asked = [json.loads(line)["request"] for line in log.read_text().splitlines()]
    seen = {(each["operation"], each["path"]) for each in asked}
    assert ("read", f"{mount}/subkeys/a/b") in seen
    assert ("list", f"{old}/roles/") in seen
    assert [
        path for operation, path in seen if operation != "list" and path.startswith((f"{old}/", f"{mount}/data/"))
    ] == []
    assert [path for _, path in seen if "/creds/" in path or "/issue/" in path] == []
    assert {operation for operation, path in seen if not path.startswith("sys/")} <= {"read", "list"}
