"""Findings about logins: once each, at the spot that is wrong, with what is there and how to mend it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from login_samples import Told, codes, dynamic, identity, inventory, kv, told

from keywave.references.model import Identity
from keywave.vault.inventory import Fact, Inventory, State, role_id_mark
from keywave.verify.globs import glob
from keywave.verify.logins import login_findings

APP = 'role "app" of auth/kubernetes'
WRITE = "vault write auth/kubernetes/role/app"


class Case(NamedTuple):
    who: Identity
    vault: Inventory
    finding: Told


JWT = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ("vault",), "token_policies": ("payments",)}
SUBJECT = "system:serviceaccount:shop:payments"


def by_jwt(**changed: Any) -> Identity:
    return identity(method="jwt", mount="jwt", audiences=("vault",), **changed)


def jwt_vault(**role: Any) -> Inventory:
    return inventory(auths={"jwt": "jwt"}, roles={"auth/jwt/role/app": {**JWT, "bound_subject": SUBJECT, **role}})


def by_role_id(role_id: str) -> Identity:
    return identity(method="appRole", mount="approle", role="", role_id=role_id, service_account="")


def approle_vault(**role: Any) -> Inventory:
    settings = {"role_id": role_id_mark("shop-id"), "bind_secret_id": True, "token_policies": ("payments",), **role}
    return inventory(auths={"approle": "approle"}, roles={"auth/approle/role/shop": settings})


CASES = {
    "nothing is mounted": Case(
        identity(mount="kubernets"),
        inventory(),
        (
            "KW8401",
            "e VaultAuth spec.mount",
            "nothing is mounted at auth/kubernets, where VaultAuth shop/app logs in",
            'did you mean "kubernetes"? or mount it: vault auth enable -path=kubernets kubernetes',
        ),
    ),
    "another type is mounted": Case(
        identity(mount="approle"),
        inventory(auths={"approle": "approle"}),
        (
            "KW8402",
            "e VaultAuth spec.mount",
            "auth/approle is of type approle; VaultAuth shop/app logs in by kubernetes",
            "of type kubernetes there is: kubernetes",
        ),
    ),
    "a JWT role for browsers": Case(
        by_jwt(),
        jwt_vault(role_type="oidc"),
        (
            "KW8402",
            "e VaultAuth spec.role",
            'role "app" of auth/jwt is for people in a browser (role_type=oidc, Vault\'s default): it takes no JWT',
            "vault write auth/jwt/role/app role_type=jwt",
        ),
    ),
    "no such role": Case(
        identity(role="apps"),
        inventory(),
        (
            "KW8403",
            "e VaultAuth spec.role",
            'auth/kubernetes has no role "apps", which VaultAuth shop/app asks for',
            'did you mean "app"? or write it: vault write auth/kubernetes/role/apps ... (`keywave policy` prints it)',
        ),
    ),
    "another ServiceAccount is bound": Case(
        identity(service_account="payment"),
        inventory(),
        (
            "KW8404",
            "e VaultAuth spec.serviceAccount",
            f'{APP} lets in the ServiceAccounts payments, not "payment" of VaultAuth shop/app',
            f'did you mean "payments"? or bind it: {WRITE} bound_service_account_names=payments,payment',
        ),
    ),
    "another namespace is bound": Case(
        identity(namespace="web"),
        inventory(),
        (
            "KW8405",
            "e VaultAuth spec.serviceAccount",
            f'{APP} lets in the namespaces shop, not "web" of VaultAuth shop/app',
            f"{WRITE} bound_service_account_namespaces=shop,web",
        ),
    ),
    "namespaces by their labels": Case(
        identity(namespace="web"),
        inventory({"bound_service_account_namespace_selector": '{"matchLabels":\n {"team": "shop"}}'}),
        (
            "KW8405",
            "w VaultAuth spec.serviceAccount",
            f'{APP} lets in namespaces by their labels: whether "web" has them, only the cluster can tell',
            'compare with: kubectl get namespace web --show-labels; the role asks for {"matchLabels": {"team": "shop"}}',
        ),
    ),
    "another audience is sent": Case(
        identity(audiences=("openbao",)),
        inventory({"audience": "vault"}),
        (
            "KW8406",
            "e VaultAuth spec.audience",
            f'{APP} asks for the audience "vault"; the login sends openbao',
            "write at the login: audiences: [vault]",
        ),
    ),
    "no audience is sent": Case(
        identity(),
        inventory({"audience": "vault"}),
        (
            "KW8406",
            "e VaultAuth spec.audience",
            f'{APP} asks for the audience "vault"; the login names none, so its token is for the API server only',
            "write at the login: audiences: [vault]",
        ),
    ),
    "a JWT of another subject": Case(
        by_jwt(service_account="orders"),
        jwt_vault(),
        (
            "KW8407",
            "e VaultAuth spec.serviceAccount",
            f'role "app" of auth/jwt lets in the subject "{SUBJECT}"; this login is "system:serviceaccount:shop:orders"',
            "vault write auth/jwt/role/app role_type=jwt bound_subject=system:serviceaccount:shop:orders",
        ),
    ),
    "a claim that is reached by a pointer only": Case(
        by_jwt(),
        jwt_vault(bound_claims=("kubernetes.io/namespace=shop",)),
        (
            "KW8407",
            "e VaultAuth spec.serviceAccount",
            'role "app" of auth/jwt asks for the claim "kubernetes.io/namespace" to be shop (bound_claims), which the token of a '
            "ServiceAccount does not have",
            "claims of Kubernetes are reached by a pointer: /kubernetes.io/namespace, /kubernetes.io/serviceaccount/name",
        ),
    ),
    "a claim that only the cluster knows": Case(
        by_jwt(),
        jwt_vault(bound_claims=("iss=https://issuer.example.com",)),
        (
            "KW8407",
            "w VaultAuth spec.serviceAccount",
            'role "app" of auth/jwt asks for the claim "iss" to be https://issuer.example.com (bound_claims): only the cluster can tell',
            "`keywave verify --login` asks it",
        ),
    ),
    "a RoleID that nobody has": Case(
        by_role_id("old-id"),
        approle_vault(),
        (
            "KW8408",
            "e VaultAuth spec.roleId",
            'no AppRole of auth/approle has the RoleID "old-id" of VaultAuth shop/app',
            "vault read auth/approle/role/NAME/role-id (roles: shop)",
        ),
    ),
    "a role for everybody": Case(
        identity(),
        inventory({"bound_service_account_names": ("*",), "bound_service_account_namespaces": ("*",)}),
        (
            "KW8409",
            "w VaultAuth spec.role",
            f"{APP} lets in every ServiceAccount (bound_service_account_names=*) and every namespace (bound_service_account_namespaces=*)",
            f"{WRITE} bound_service_account_names=payments bound_service_account_namespaces=shop",
        ),
    ),
    "a role for the account of every pod": Case(
        identity(service_account="default"),
        inventory({"bound_service_account_names": ("default",)}),
        (
            "KW8409",
            "w VaultAuth spec.role",
            f'{APP} lets in "default", the account of every pod that names none',
            f"give the pods a ServiceAccount of their own, then: {WRITE} bound_service_account_names=NAME",
        ),
    ),
    "an AppRole without a SecretID": Case(
        by_role_id("shop-id"),
        approle_vault(bind_secret_id=False),
        (
            "KW8409",
            "w VaultAuth spec.roleId",
            "the AppRole of VaultAuth shop/app asks for no SecretID (bind_secret_id=false): whoever reads the RoleID in Git may log in",
            "set bind_secret_id=true, or narrower token_bound_cidrs",
        ),
    ),
    "a token for one request": Case(
        identity(),
        inventory({"token_num_uses": 1}),
        (
            "KW8410",
            "w VaultAuth spec.role",
            f"{APP} gives a token for 1 request (token_num_uses); a reader keeps its login for all",
            f"{WRITE} token_num_uses=0",
        ),
    ),
    "a token that ends before the refresh": Case(
        identity(),
        inventory({"token_max_ttl": 600}),
        (
            "KW8410",
            "w VaultAuth spec.role",
            f"{APP} gives a token that ends after 10m (token_max_ttl), before the refresh after 1h",
            f"{WRITE} token_max_ttl=2h",
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_login_is_one_finding(name: str) -> None:
    case = CASES[name]

    assert told(login_findings, case.vault, kv(case.who, refresh_after=3600)) == [case.finding]


def test_a_right_login_is_none() -> None:
    logins = (kv(identity()), kv(by_jwt()))
    vault = inventory(auths={"jwt": "jwt"}, roles={"auth/jwt/role/app": {**JWT, "bound_subject": SUBJECT}})

    assert (told(login_findings, vault, *logins), told(login_findings, approle_vault(), kv(by_role_id("shop-id")))) == (
        [],
        [],
    )


def test_a_login_of_many_references_is_told_once() -> None:
    who = identity(role="nope")

    assert codes(login_findings, inventory(), kv(who), kv(who, "dev/orders"), dynamic(who)) == ["KW8403"]


def test_batch_tokens_are_told_where_there_are_leases() -> None:
    vault, who = inventory({"token_type": "batch"}), identity()

    assert (codes(login_findings, vault, kv(who)), told(login_findings, vault, kv(who), dynamic(who))) == (
        [],
        [
            (
                "KW8410",
                "w VaultAuth spec.role",
                f"{APP} gives batch tokens: the leases of its dynamic secrets end with the token after 1h, and cannot be renewed",
                f"{WRITE} token_type=service",
            )
        ],
    )


def test_a_periodic_token_has_no_end() -> None:
    vault = inventory({"token_max_ttl": 600, "token_period": 300})

    assert codes(login_findings, vault, kv(identity(), refresh_after=3600)) == []


UNKNOWN: list[Fact[Any]] = [Fact(State.DENIED, note="x"), Fact(State.UNCOVERED), Fact(State.UNCLEAR)]


@pytest.mark.parametrize("fact", UNKNOWN, ids=lambda fact: fact.state.value)
def test_what_is_not_known_is_not_judged(fact: Fact[Any]) -> None:
    vault = inventory()
    no_mounts = vault._replace(auths={("", "kubernetes"): fact}, names={}, roles={})
    no_roles = vault._replace(roles={("", "auth/kubernetes/role/app"): fact})

    assert [codes(login_findings, one, kv(identity())) for one in (no_mounts, no_roles)] == [[], []]


def test_a_login_that_the_tree_does_not_hold_is_not_judged() -> None:
    assert codes(login_findings, inventory(), kv(Identity(False, "the operator's default"))) == []


def test_a_role_id_is_not_judged_before_all_roles_are_known() -> None:
    vault = approle_vault(role_id=None)

    assert codes(login_findings, vault, kv(by_role_id("old-id"))) == []


ODD: list[Any] = [None, (), "", 0, True, ("x=",), ("=x",), ("/=x",), ("/kubernetes.io//=x",), ("/~1=x",), ("a" * 5000,)]


@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:20])
def test_odd_settings_of_a_role_are_no_error(value: Any) -> None:
    names = [*JWT, "bound_claims", "bound_subject", "token_ttl", "token_num_uses", "token_max_ttl", "token_type"]
    vaults = [jwt_vault(**{name: value}) for name in names]

    assert all(isinstance(codes(login_findings, vault, kv(by_jwt(), refresh_after=9)), list) for vault in vaults)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_a_glob_is_what_a_regular_expression_says(pattern: str, text: str) -> None:
    import re

    assert glob(pattern, text) is (re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None)


def in_team(found: Inventory) -> Inventory:
    """The same Vault, all of it in the Vault namespace `team`."""
    moved = {
        table: {("team", path): fact for (_, path), fact in getattr(found, table).items()}
        for table in ("mounts", "auths", "secrets", "roles", "policies", "names")
    }
    return found._replace(**moved)


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"mount": "nope"}, "vault auth enable -namespace=team -path=nope kubernetes"),
        (
            {"role": "zzz"},
            "vault write -namespace=team auth/kubernetes/role/zzz ... (`keywave policy` prints it)",
        ),
        (
            {"namespace": "web"},
            "vault write -namespace=team auth/kubernetes/role/app bound_service_account_namespaces=shop,web",
        ),
    ],
)
def test_a_fix_is_for_the_vault_namespace_of_the_login(changed: dict[str, str], hint: str) -> None:
    found = list(login_findings([kv(identity(vault_namespace="team", **changed))], in_team(inventory())))

    assert [finding.hint for finding in found] == [hint]


def test_a_namespace_that_nobody_knows_is_not_judged() -> None:
    assert codes(login_findings, inventory(), kv(identity(namespace=""))) == []
    assert codes(login_findings, jwt_vault(), kv(by_jwt(namespace=""))) == []


def test_the_fix_for_a_role_of_every_namespace_keeps_its_names() -> None:
    wide = inventory(
        {"bound_service_account_names": ("orders", "payments"), "bound_service_account_namespaces": ("*",)}
    )

    assert [finding.hint for finding in login_findings([kv(identity())], wide)] == [
        f"{WRITE} bound_service_account_namespaces=shop"
    ]
