"""What the bindings of an auth role mean: our verdict is Vault's, for tokens of a real kube-apiserver."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from keywave.kube.credentials import api_server
from keywave.kube.token_request import TokenFor, request_token
from keywave.references.model import Identity
from keywave.verify.login_bindings import jwt, kubernetes
from rig import http
from rig.cluster import Cluster
from rig.vault import Vault

OWN = "https://kubernetes.default.svc"
NAMESPACE = "kwbind-shop"
ACCOUNTS = ("payments", "payments-job", "default")
LABELS = {"team": "shop"}


class Login(NamedTuple):
    """A role's settings, who logs in, and the codes that are due (none: Vault lets it in)."""

    role: Mapping[str, Any]
    account: str = "payments"
    audiences: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def bound(names: str, namespaces: str = NAMESPACE, **more: Any) -> dict[str, Any]:
    return {"bound_service_account_names": names, "bound_service_account_namespaces": namespaces, **more}


KUBERNETES = {
    "the names match": Login(bound("payments")),
    "another name": Login(bound("orders"), codes=("KW8404",)),
    "one of several names": Login(bound("orders,payments")),
    "a glob at the end": Login(bound("payments*"), "payments-job"),
    "a glob in front": Login(bound("*-job"), "payments-job"),
    "a glob in the middle": Login(bound("pay*s")),
    "a glob twice": Login(bound("*ay*job"), "payments-job"),
    "a glob whose parts would overlap": Login(bound("payments*ments"), codes=("KW8404",)),
    "a question mark is only itself": Login(bound("payment?"), codes=("KW8404",)),
    "a class of letters is only itself": Login(bound("payment[s]"), codes=("KW8404",)),
    "another case": Login(bound("Payments"), codes=("KW8404",)),
    "another namespace": Login(bound("payments", "kwbind-other"), codes=("KW8405",)),
    "a glob of namespaces": Login(bound("payments", "kwbind-*")),
    "neither name nor namespace": Login(bound("orders", "other"), codes=("KW8404", "KW8405")),
    "the right audience": Login(bound("payments", audience="vault"), audiences=("vault",)),
    "one of several audiences": Login(bound("payments", audience="vault"), audiences=("other", "vault")),
    "another audience": Login(bound("payments", audience="vault"), audiences=("other",), codes=("KW8406",)),
    "an audience that the login does not send": Login(bound("payments", audience="vault"), codes=("KW8406",)),
    "an audience that only the login sends": Login(bound("payments"), audiences=("vault",)),
    "the server's own audience, not sent": Login(bound("payments", audience=OWN)),
    "the server's own audience, sent": Login(bound("payments"), audiences=(OWN,)),
    "the server's own audience beside another": Login(bound("payments"), audiences=("vault", OWN)),
    "an audience in another case": Login(bound("payments", audience="Vault"), audiences=("vault",), codes=("KW8406",)),
}

SUBJECT = f"system:serviceaccount:{NAMESPACE}:payments"
JWT: dict[str, Any] = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "bound_subject": SUBJECT}
NS_CLAIM, SA_CLAIM = "/kubernetes.io/namespace", "/kubernetes.io/serviceaccount/name"


def with_claims(claims: Mapping[str, Any], kind: str = "string") -> dict[str, Any]:
    return {**JWT, "bound_claims": dict(claims), "bound_claims_type": kind}


VAULT = ("vault",)
JWTS = {
    "all matches": Login(JWT, audiences=VAULT),
    "another audience": Login(JWT, audiences=("other",), codes=("KW8406",)),
    "no audience sent": Login(JWT, codes=("KW8406",)),
    "no audience sent, but the server's own bound": Login({**JWT, "bound_audiences": f"vault,{OWN}"}),
    "no audiences bound": Login({**JWT, "bound_audiences": ""}, audiences=VAULT, codes=("KW8406",)),
    "another subject": Login(JWT, "payments-job", VAULT, ("KW8407",)),
    "a subject is no glob": Login({**JWT, "bound_subject": SUBJECT[:-3] + "*"}, audiences=VAULT, codes=("KW8407",)),
    "a role for browsers": Login(
        {**JWT, "role_type": "oidc", "allowed_redirect_uris": "https://x"}, audiences=VAULT, codes=("KW8402",)
    ),
    "claims match": Login(with_claims({NS_CLAIM: NAMESPACE, SA_CLAIM: ["x", "payments"]}), audiences=VAULT),
    "a claim of another value": Login(with_claims({NS_CLAIM: "other"}), audiences=VAULT, codes=("KW8407",)),
    "a claim with a star that is no glob": Login(with_claims({SA_CLAIM: "pay*"}), audiences=VAULT, codes=("KW8407",)),
    "a claim as a glob": Login(with_claims({SA_CLAIM: "pay*s"}, "glob"), audiences=VAULT),
    "a claim by a dotted name": Login(
        with_claims({"kubernetes.io/namespace": NAMESPACE}), audiences=VAULT, codes=("KW8407",)
    ),
    "a claim that is an object": Login(with_claims({"kubernetes.io": "x"}), audiences=VAULT, codes=("KW8407",)),
    "a claim that is never there": Login(with_claims({"groups": "shop"}), audiences=VAULT, codes=("KW8407",)),
    "the audience as a claim": Login(with_claims({"aud": "vault"}), audiences=VAULT),
    "the user by a claim that is not there": Login(
        {**JWT, "user_claim": "email"}, audiences=VAULT, codes=("KW8407",)
    ),
    "the user by a pointer": Login(
        {**JWT, "user_claim": SA_CLAIM, "user_claim_json_pointer": True}, audiences=VAULT
    ),
    "the user by a pointer that is not read as one": Login(
        {**JWT, "user_claim": SA_CLAIM}, audiences=VAULT, codes=("KW8407",)
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def accounts(cluster: Cluster) -> Cluster:
    for namespace in (NAMESPACE, "kwbind-other"):
        labels = {"labels": LABELS} if namespace == NAMESPACE else {}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, **labels}})
    for name in ACCOUNTS:
        cluster.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
        )
    return cluster


def ca(cluster: Cluster) -> str:
    with open(cluster.ca_file, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def kubernetes_mount(vault: Vault, accounts: Cluster) -> str:
    vault.write("sys/auth/kwbind-kubernetes", {"type": "kubernetes"})
    settings = {
        "kubernetes_host": accounts.url,
        "kubernetes_ca_cert": ca(accounts),
        "token_reviewer_jwt": accounts.token,
    }
    vault.write("auth/kwbind-kubernetes/config", settings)
    return "kwbind-kubernetes"


@pytest.fixture(scope="module")
def jwt_mount(vault: Vault, accounts: Cluster) -> str:
    """The jwt method with the cluster's key, as one gets it from /openid/v1/jwks."""
    vault.write("sys/auth/kwbind-jwt", {"type": "jwt"})
    vault.write("auth/kwbind-jwt/config", {"jwt_validation_pubkeys": public_key(accounts)})
    return "kwbind-jwt"


def public_key(cluster: Cluster) -> str:
    """PEM of the P-256 key in /openid/v1/jwks: SubjectPublicKeyInfo is a fixed prefix and the two coordinates."""
    headers = {"Authorization": f"Bearer {cluster.token}"}
    context = ssl.create_default_context(cafile=cluster.ca_file)
    key = http.request("GET", f"{cluster.url}/openid/v1/jwks", headers=headers, context=context).body["keys"][0]

    def number(name: str) -> bytes:
        return base64.urlsafe_b64decode(key[name] + "==").rjust(32, b"\0")

    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    text = base64.encodebytes(prefix + number("x") + number("y")).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def token_of(cluster: Cluster, login: Login) -> str:
    server = api_server(cluster.kubeconfig, environment={})
    return request_token(server, TokenFor(NAMESPACE, login.account, login.audiences)).reveal()


def verdicts(vault: Vault, cluster: Cluster, method: str, mount: str, login: Login) -> tuple[bool, tuple[str, ...]]:
    """(Vault lets it in, codes of our errors)."""
    path = f"auth/{mount}/role/table"
    vault.request("DELETE", path)
    vault.write(path, {**login.role, "token_ttl": "60s"})
    identity = Identity(True, "login", method, mount, "table", "", NAMESPACE, login.account, login.audiences)
    judge = kubernetes if method == "kubernetes" else jwt
    codes = tuple(slip.code for slip in judge(identity, vault.read(path) or {}) if not slip.warning)
    body = {"role": "table", "jwt": token_of(cluster, login)}
    answer = vault.as_token("").request("POST", f"auth/{mount}/login", body)
    return answer.ok, codes


@pytest.mark.parametrize("case", KUBERNETES)
def test_a_kubernetes_login_is_judged_as_vault_judges_it(
    vault: Vault, accounts: Cluster, kubernetes_mount: str, case: str
) -> None:
    login = KUBERNETES[case]

    assert verdicts(vault, accounts, "kubernetes", kubernetes_mount, login) == (not login.codes, login.codes)


@pytest.mark.parametrize("case", JWTS)
def test_a_jwt_login_is_judged_as_vault_judges_it(vault: Vault, accounts: Cluster, jwt_mount: str, case: str) -> None:
    login = JWTS[case]

    assert verdicts(vault, accounts, "jwt", jwt_mount, login) == (not login.codes, login.codes)


@pytest.mark.parametrize(("team", "refused"), [("shop", False), ("web", True)])
def test_a_selector_of_namespaces_lets_in_what_the_list_does_not(
    vault: Vault, accounts: Cluster, kubernetes_mount: str, team: str, refused: bool
) -> None:
    path = f"auth/{kubernetes_mount}/role/selector"
    selector = f'{{"matchLabels": {{"team": "{team}"}}}}'
    role = bound("payments", "kwbind-other", bound_service_account_namespace_selector=selector)
    vault.write(path, role)
    identity = Identity(True, "login", "kubernetes", kubernetes_mount, "selector", "", NAMESPACE, "payments")
    slips = [(slip.code, slip.warning) for slip in kubernetes(identity, vault.read(path) or {})]

    body = {"role": "selector", "jwt": token_of(accounts, Login({}))}
    answer = vault.as_token("").request("POST", f"auth/{kubernetes_mount}/login", body)

    assert (slips, answer.ok) == ([("KW8405", True)], not refused)
