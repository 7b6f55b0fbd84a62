"""The policy evaluator against the real Vault: not one disagreement.

`ACL_CASES` multiplies the cases (10 = ten times as many): for a long run by hand.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from vault import acl_cases
from vault.acl_corpus import CORPUS, PATHS, Text

from keywave.vault.acl.evaluate import Acl, Asked
from keywave.vault.acl.policy import Policy, PolicyError, parse_policy
from rig import http
from rig.machine import plain_environment, program
from rig.ports import free_port
from rig.processes import running
from rig.vault import Vault

TIMES = float(os.environ.get("ACL_CASES", "1"))
NO_ENTITY = {"identity.entity": None, "identity.groups": None}


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"acl-{secrets.token_hex(4)}-"


def token(vault: Vault, policies: Sequence[str]) -> str:
    body = {"policies": list(policies), "no_parent": True, "no_default_policy": True, "type": "batch"}
    answer = vault.request("POST", "auth/token/create", body)
    assert answer.ok, answer.message
    return str(answer.body["auth"]["client_token"])


def capabilities(vault: Vault, of: str, paths: Sequence[str]) -> dict[str, frozenset[str]]:
    answer = vault.request("POST", "sys/capabilities", {"token": of, "paths": list(paths)})
    assert answer.ok, answer.message
    return {path: frozenset(answer.body["data"][path]) for path in paths}


def write(vault: Vault, name: str, text: str) -> Policy:
    vault.policy(name, text)
    return parse_policy(name, text)


@pytest.mark.parametrize("case", CORPUS, ids=[case.sentence for case in CORPUS])
def test_a_text_is_taken_and_read_as_vault_takes_and_reads_it(vault: Vault, prefix: str, case: Text) -> None:
    name = f"{prefix}corpus"
    answer = vault.request("PUT", f"sys/policies/acl/{name}", {"policy": case.text})
    assert (answer.ok, answer.message) == (case.accepted, answer.message)
    if not case.accepted:
        with pytest.raises(PolicyError):
            parse_policy(name, case.text)
        return
    acl = Acl([parse_policy(name, case.text)], NO_ENTITY)
    assert {path: acl.capabilities(path) for path in PATHS} == capabilities(vault, token(vault, [name]), PATHS)


def test_generated_policies_grant_what_vault_grants(vault: Vault, prefix: str) -> None:
    random = Random(4)
    policies = [write(vault, f"{prefix}{number}", acl_cases.policy(random)) for number in range(int(200 * TIMES**0.5))]
    pairs = 0
    for _ in range(int(600 * TIMES)):
        chosen = random.sample(policies, random.choice((1, 1, 2, 3, 4)))
        paths = acl_cases.paths_near(random, [rule.path for policy in chosen for rule in policy.rules], 40)
        acl = Acl(random.sample(chosen, len(chosen)))
        said = {path: acl.capabilities(path) for path in paths}
        assert said == capabilities(vault, token(vault, [policy.name for policy in chosen]), paths), chosen
        pairs += len(paths)
    print(f"{pairs} pairs of policy set and path")
    assert pairs > 15000 * TIMES


def test_several_policies_with_the_same_path_unite_and_deny_wins(vault: Vault, prefix: str) -> None:
    texts = {
        "read": 'path "kv/a" { policy = "read" }\npath "kv/+" { policy = "write" }',
        "delete": 'path "/kv/a" { capabilities = ["delete"] }\npath "kv/+" { policy = "deny" }',
        "wide": 'path "kv/*" { policy = "sudo" }',
    }
    policies = [write(vault, prefix + name, text) for name, text in texts.items()]
    asked = ("kv/a", "kv/b", "kv/a/", "kv/b/c", "kv/", "kv")
    expected = {
        "kv/a": {"read", "list", "delete"},
        "kv/b": {"deny"},
        "kv/a/": {"read", "list", "delete"},
        "kv/b/c": {"create", "read", "update", "delete", "list", "sudo"},
        "kv/": {"deny"},
        "kv": {"deny"},
    }
    acl = Acl(policies)
    assert {path: set(acl.capabilities(path)) for path in asked} == expected
    assert capabilities(vault, token(vault, [policy.name for policy in policies]), asked) == expected


def test_lengths_count_in_bytes(vault: Vault, prefix: str) -> None:
    policy = write(vault, f"{prefix}bytes", 'path "+/é/+" { policy = "read" }\npath "+/+/ab" { policy = "write" }')
    assert Acl([policy]).capabilities("x/é/ab") == {"read", "list"}
    assert capabilities(vault, token(vault, [policy.name]), ["x/é/ab"]) == {"x/é/ab": {"read", "list"}}


def test_texts_with_slips_are_taken_and_read_as_vault_does(vault: Vault, prefix: str) -> None:
    random, texts = Random(8), [case.text for case in CORPUS]
    told = {True: 0, False: 0}
    for _ in range(int(700 * TIMES)):
        text = acl_cases.mutated(random, random.choice(texts), texts)
        if not text or is_base64(text):
            continue
        try:
            acl = Acl([parse_policy(f"{prefix}slip", text)], NO_ENTITY)
        except PolicyError:
            acl = None
        assert (acl is not None) is takes(vault, f"{prefix}slip", text), text
        told[acl is not None] += 1
        if acl is not None:
            granted = capabilities(vault, token(vault, [f"{prefix}slip"]), PATHS)
            assert {path: acl.capabilities(path) for path in PATHS} == granted, text
    print(f"{told[True]} texts taken, {told[False]} refused")
    assert min(told.values()) > 30 * TIMES


def is_base64(text: str) -> bool:
    """Such a text is decoded by the request that writes a policy."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True


def takes(vault: Vault, name: str, text: str) -> bool:
    try:
        return vault.request("PUT", f"sys/policies/acl/{name}", {"policy": text}).ok
    except OSError:
        # Some texts make Vault panic while it reads them; it then cuts the connection.
        return False


@pytest.mark.parametrize(
    "text",
    [
        'path "a" { policy = "write"\npolicy = "read" }',
        'path "a" { capabilities = ["read"]\ncapabilities = ["list"] }',
        'name = "a"\nname = "b"\npath "a" { policy = "read" }',
    ],
)
def test_attributes_may_be_set_twice_where_vault_still_allows_it(old_vault: Vault, prefix: str, text: str) -> None:
    old_vault.policy(f"{prefix}twice", text)
    acl = Acl([parse_policy(f"{prefix}twice", text, duplicates=True)])
    paths = ["a", "b"]
    assert {path: acl.capabilities(path) for path in paths} == capabilities(
        old_vault, token(old_vault, [f"{prefix}twice"]), paths
    )


@pytest.fixture(scope="module")
def old_vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """A Vault that takes attributes set twice, as all did before 1.21."""
    port, root = free_port(), f"root-{secrets.token_hex(8)}"
    args = ["server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}", "-log-level=error"]
    folder, url = tmp_path_factory.mktemp("old-vault"), f"http://127.0.0.1:{port}"
    env = plain_environment(
        folder,
        VAULT_DEV_ROOT_TOKEN_ID=root,
        VAULT_DISABLE_MLOCK="true",
        VAULT_ALLOW_PENDING_REMOVAL_DUPLICATE_HCL_ATTRIBUTES="true",
    )
    ready = f"{url}/v1/sys/mounts/secret"
    with running(
        "old-vault",
        program("vault"),
        args,
        folder=folder,
        env=env,
        ready=lambda: http.request("GET", ready, headers={"X-Vault-Token": root}, timeout=2).ok,
    ) as server:
        yield Vault(url, root, server)


def test_root_may_do_everything(vault: Vault) -> None:
    assert capabilities(vault, vault.token, ["a/b"]) == {"a/b": Acl([parse_policy("root", "")]).capabilities("a/b")}


# parameters and wrapping: real requests


@pytest.fixture(scope="module")
def mount(vault: Vault, prefix: str) -> str:
    vault.enable(f"{prefix}kv1", "kv", options={"version": "1"})
    vault.write(f"{prefix}kv1/old", {"x": "fake"})
    return f"{prefix}kv1"


def passes(vault: Vault, of: str, asked: Asked) -> bool:
    """Whether the request gets past the policies; what the engine then says does not matter."""
    method = {"read": "GET", "list": "LIST", "delete": "DELETE", "patch": "PATCH"}.get(asked.capability, "POST")
    headers = {"X-Vault-Token": of}
    if asked.wrap_ttl is not None:
        headers["X-Vault-Wrap-TTL"] = f"{asked.wrap_ttl:g}"
    if asked.capability == "patch":
        headers["Content-Type"] = "application/merge-patch+json"
    query, body = "", None
    if method == "GET" and asked.parameters:
        query = "?" + urlencode(asked.parameters, doseq=True)
    elif method in ("POST", "PATCH"):
        body = json.dumps(asked.parameters).encode()
    answer = http.request(method, f"{vault.url}/v1/{asked.path}{query}", body, headers=headers)
    assert answer.status in (200, 201, 204, 400, 403, 404, 405), (answer.status, answer.message)
    return answer.status != 403


def test_parameters_and_wrapping_are_refused_where_vault_refuses_them(vault: Vault, prefix: str, mount: str) -> None:
    random, fresh = Random(5), itertools.count()
    told = {True: 0, False: 0}
    for number in range(int(150 * TIMES)):
        texts = [
            f'path "{mount}/*" {{\n{acl_cases.parameter_rule(random)}\n}}' for _ in range(random.choice((1, 1, 2, 3)))
        ]
        policies = [write(vault, f"{prefix}p{place}-{number % 50}", text) for place, text in enumerate(texts)]
        acl, of = Acl(policies), token(vault, [policy.name for policy in policies])
        for _ in range(8):
            capability = random.choice(("read", "read", "create", "update", "update", "list", "delete", "patch"))
            sent = acl_cases.parameters(random)
            if capability == "read":
                plain = {name: value for name, value in sent.items() if isinstance(value, str)}
                sent = {name: random.choice((value, (value, "w"))) for name, value in plain.items()}
            elif capability in ("list", "delete"):
                sent = {}
            wrap = random.choice((None, None, 5, 10, 20, 30, 45, 60))
            path = f"{mount}/old" if capability in ("read", "update", "patch") else f"{mount}/new{next(fresh)}"
            asked = Asked(path, capability, sent, wrap)
            decision = acl.decide(asked)
            assert decision.allowed is passes(vault, of, asked), (texts, asked, decision)
            told[bool(decision.allowed)] += 1
    print(f"{sum(told.values())} requests, {told[True]} allowed")
    assert min(told.values()) > 100 * TIMES


@pytest.mark.parametrize("field", ["allowed_parameters", "denied_parameters"])
def test_each_kind_of_value_is_compared_as_vault_compares_it(vault: Vault, prefix: str, mount: str, field: str) -> None:
    wrong = []
    for place, wanted in enumerate(acl_cases.WANTED):
        text = f'path "{mount}/old" {{ policy = "write"\n{field} = {{ p = [{wanted}] }} }}'
        policy = write(vault, f"{prefix}v{place}", text)
        acl, of = Acl([policy]), token(vault, [policy.name])
        for value in acl_cases.VALUES:
            asked = Asked(f"{mount}/old", "update", {"p": value})
            if acl.decide(asked).allowed is not passes(vault, of, asked):
                wrong.append((wanted, value))
    assert wrong == []


def test_requests_are_decided_by_the_path_as_they_are_sent(vault: Vault, prefix: str, mount: str) -> None:
    random = Random(6)
    for number in range(int(40 * TIMES)):
        text = "\n".join(
            f"path {json.dumps(f'{mount}/{acl_cases.pattern(random)}', ensure_ascii=False)} {{ {acl_cases.capabilities(random)} }}"
            for _ in range(4)
        )
        policy = write(vault, f"{prefix}s{number % 50}", text)
        acl, of = Acl([policy]), token(vault, [policy.name])
        for path, capability in itertools.product(("a", "b/a", "a/b", "ab"), ("read", "list", "patch")):
            for asked in (Asked(f"{mount}/{path}", capability), Asked(f"{mount}/{path}/", capability)):
                if capability != "read" and capability != "list" and asked.path.endswith("/"):
                    continue
                assert acl.decide(asked).allowed is passes(vault, of, asked), (text, asked)


# identity templates


class Somebody:
    """An entity with a group, metadata and an AppRole to log in by; tokens of it with any policies."""

    def __init__(self, vault: Vault, prefix: str) -> None:
        self.vault, self.prefix = vault, prefix
        self.group = f"{prefix}group"
        mount = f"{prefix}approle"
        assert vault.request("POST", f"sys/auth/{mount}", {"type": "approle"}).ok
        vault.write(f"auth/{mount}/role/web", {"token_policies": ["default"]})
        self.role_id = (vault.read(f"auth/{mount}/role/web/role-id") or {})["role_id"]
        accessors = vault.read("sys/auth") or {}
        self.accessor = accessors[f"{mount}/"]["accessor"]
        metadata = {"team": "a", "empty": "", "star": "b*", "plus": "+", "deep": "a/b"}
        self.name = f"{prefix}somebody"
        self.id = vault.write("identity/entity", {"name": self.name, "metadata": metadata})["id"]
        for name, accessor in ((self.role_id, self.accessor), (self.name, accessors["token/"]["accessor"])):
            vault.write(
                "identity/entity-alias",
                {"name": name, "mount_accessor": accessor, "canonical_id": self.id, "custom_metadata": {"x": "b"}},
            )
        vault.write(
            "identity/group", {"name": self.group, "member_entity_ids": [self.id], "metadata": {"colour": "ab"}}
        )
        vault.write(
            f"auth/token/roles/{prefix}any",
            {
                "allowed_entity_aliases": ["*"],
                "allowed_policies_glob": ["*"],
                "orphan": True,
                "token_no_default_policy": True,
            },
        )
        secret = vault.write(f"auth/{mount}/role/web/secret-id", {})["secret_id"]
        login = vault.request("POST", f"auth/{mount}/login", {"role_id": self.role_id, "secret_id": secret})
        assert login.body["auth"]["entity_id"] == self.id
        self.known = self._known(metadata)

    def _known(self, metadata: dict[str, str]) -> dict[str, str | None]:
        alias = (self.vault.read(f"identity/entity/id/{self.id}") or {})["aliases"]
        mine = next(one for one in alias if one["mount_accessor"] == self.accessor)
        groups = self.vault.read(f"identity/group/name/{self.group}") or {}
        of, group = f"identity.entity.aliases.{self.accessor}", f"identity.groups.names.{self.group}"
        return {
            "identity.entity.id": self.id,
            "identity.entity.name": self.name,
            **{f"identity.entity.metadata.{name}": value for name, value in metadata.items()},
            "identity.entity.metadata.none": None,
            f"{of}.name": mine["name"],
            f"{of}.id": mine["id"],
            f"{of}.metadata.role_name": mine["metadata"]["role_name"],
            f"{of}.custom_metadata.x": mine["custom_metadata"]["x"],
            "identity.entity.aliases.nobody.name": None,
            f"{group}.name": self.group,
            f"{group}.id": groups["id"],
            f"{group}.metadata.colour": "ab",
            f"{group}.metadata.none": None,
            "identity.groups.names.nobody.id": None,
            "identity.groups.ids.nobody.name": None,
        }

    def token(self, policies: Sequence[str]) -> str:
        body = {"policies": list(policies), "entity_alias": self.name}
        answer = self.vault.request("POST", f"auth/token/create/{self.prefix}any", body)
        assert answer.ok, answer.message
        assert answer.body["auth"]["entity_id"] == self.id
        return str(answer.body["auth"]["client_token"])


@pytest.fixture(scope="module")
def somebody(vault: Vault, prefix: str) -> Somebody:
    return Somebody(vault, prefix)


def test_templates_are_filled_in_as_vault_fills_them_in(vault: Vault, prefix: str, somebody: Somebody) -> None:
    random = Random(7)
    selectors = [
        selector.replace("GROUP", somebody.group).replace("ACCESSOR", somebody.accessor)
        for selector in acl_cases.TEMPLATES
    ]
    pairs = broken = 0
    for number in range(int(150 * TIMES)):
        policies = [
            write(vault, f"{prefix}t{place}-{number % 50}", acl_cases.templated(random, selectors))
            for place in range(random.choice((1, 1, 2)))
        ]
        filled = [_filled(rule.path, somebody.known) for policy in policies for rule in policy.rules]
        paths = acl_cases.paths_near(random, filled, 30)
        of = somebody.token([policy.name for policy in policies])
        acl = Acl(policies, somebody.known)
        answer = vault.request("POST", "sys/capabilities", {"token": of, "paths": paths})
        if not answer.ok:
            # A value made a path that Vault cannot read; it then refuses all that the token asks.
            broken += "'+*' is forbidden" in answer.message
            assert {acl.decide(Asked(path, "read")).allowed for path in paths} == {False}, (policies, answer.message)
            continue
        assert {path: acl.capabilities(path) for path in paths} == {
            path: frozenset(answer.body["data"][path]) for path in paths
        }, policies
        pairs += len(paths)
    print(f"{pairs} pairs, {broken} sets that Vault cannot read")
    assert (pairs > 1000 * TIMES, broken > 1) == (True, True)


def _filled(path: str, known: dict[str, Any]) -> str:
    for selector, value in known.items():
        for blank in ("", " "):
            path = path.replace("{{" + blank + selector + blank + "}}", value or "")
    return path


def test_a_token_without_an_entity_has_no_templated_rules(vault: Vault, prefix: str) -> None:
    text = 'path "a/{{identity.entity.name}}" { policy = "read" }\npath "a/*" { policy = "write" }'
    policy = write(vault, f"{prefix}nobody", text)
    asked = ("a/x", "a/", "a/{{identity.entity.name}}")
    acl = Acl([policy], NO_ENTITY)
    assert {path: acl.capabilities(path) for path in asked} == capabilities(vault, token(vault, [policy.name]), asked)
