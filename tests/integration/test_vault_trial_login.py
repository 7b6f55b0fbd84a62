"""`--login` on the real kube-apiserver and the real Vault: what the workload's own token may do, and nothing left behind."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.credentials import api_server
from keywave.kube.token_request import ServiceAccountToken, TokenFor, request_token
from keywave.objects.manifest import Manifest
from keywave.references.model import Identity, Reference
from keywave.survey import survey
from keywave.survey.trial_login import Trial, try_login
from keywave.vault.client import Session, Settings, connect
from keywave.vault.login.model import Login
from keywave.vault.login.token import TokenLogin
from keywave.vault.masked import Masked
from keywave.verify.access import access_findings
from keywave.verify.trials import paths_to_try, with_trial
from rig.cluster import Cluster
from rig.vault import Vault

READ = frozenset(("read",))
NOTHING = frozenset(("deny",))


class Bench(NamedTuple):
    """A kubernetes auth mount that trusts the cluster, with one role for one ServiceAccount of a fresh namespace."""

    vault: Vault
    cluster: Cluster
    identity: Identity

    def open(self, login: Login, namespace: str) -> Session:
        return connect(Settings(self.vault.url, namespace, timeout=10, deadline=30), login)

    def token(self, asked: TokenFor) -> ServiceAccountToken:
        return request_token(api_server(self.cluster.kubeconfig, environment={}), asked)

    def try_login(self, *paths: str, identity: Identity | None = None) -> Trial:
        return try_login(identity or self.identity, paths, self.open, self.token)

    @property
    def accessors(self) -> set[str]:
        return set(self.vault.request("LIST", "auth/token/accessors").body["data"]["keys"])


@pytest.fixture
def bench(vault: Vault, cluster: Cluster, namespace: str) -> Iterator[Bench]:
    name = f"trial-{secrets.token_hex(3)}"
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "namespace": namespace}})
    vault.write(f"sys/auth/{name}", {"type": "kubernetes"})
    settings = {
        "kubernetes_host": cluster.url,
        "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
        "token_reviewer_jwt": cluster.token,
    }
    vault.write(f"auth/{name}/config", settings)
    vault.policy(name, f'path "secret/data/{name}/mine" {{ capabilities = ["read"] }}')
    role = {
        "bound_service_account_names": "app",
        "bound_service_account_namespaces": namespace,
        "audience": "vault",
        "token_policies": name,
        "token_ttl": "60s",
    }
    vault.write(f"auth/{name}/role/app", role)
    yield Bench(
        vault, cluster, Identity(True, "login", "kubernetes", name, "app", "", namespace, "app", audiences=("vault",))
    )
    vault.request("DELETE", f"sys/auth/{name}")


def test_the_token_is_asked_what_it_may_do_and_revoked(bench: Bench) -> None:
    mine, theirs = f"secret/data/{bench.identity.mount}/mine", "secret/data/theirs"
    before = bench.accessors

    trial = bench.try_login(mine, theirs)

    assert (trial, bench.accessors) == (Trial("", {mine: READ, theirs: NOTHING}), before)


def test_many_paths_are_asked_in_few_requests(bench: Bench) -> None:
    paths = [f"secret/data/{bench.identity.mount}/{number}" for number in range(250)]
    sent = []

    @contextmanager
    def counting(login: Login, namespace: str) -> Iterator[Session]:
        with bench.open(login, namespace) as session:
            yield session
            sent.append(session.sent)

    trial = try_login(bench.identity, paths, counting, bench.token)

    # One login and three questions.
    assert (trial, sent) == (Trial("", dict.fromkeys(paths, NOTHING)), [4])


def test_a_refusal_has_vaults_own_reason(bench: Bench) -> None:
    stranger = bench.identity._replace(role="nobody")

    assert bench.try_login("secret/data/x", identity=stranger) == Trial(
        f'Vault at {bench.vault.url} refused the trial login at auth/{bench.identity.mount} as role "nobody": '
        'invalid role name "nobody"'
    )


def test_an_audience_that_is_not_the_roles_is_refused(bench: Bench) -> None:
    trial = bench.try_login("secret/data/x", identity=bench.identity._replace(audiences=("other",)))

    assert (trial.capabilities, "audience" in trial.refused) == (None, True)


def test_a_token_that_may_not_ask_tells_nothing(bench: Bench) -> None:
    bench.vault.write(f"auth/{bench.identity.mount}/role/app", {"token_no_default_policy": True})

    assert bench.try_login("secret/data/x") == Trial("", None)


def test_a_service_account_that_is_not_there_yet_is_no_refusal(bench: Bench) -> None:
    absent = bench.identity._replace(service_account="later")

    assert bench.try_login("secret/data/x", identity=absent) == Trial(
        untried=f"there is no ServiceAccount {absent.namespace}/later in the cluster"
    )


def test_who_may_not_make_tokens_is_told_the_rule(bench: Bench) -> None:
    ca = Path(bench.cluster.ca_file).read_text()
    alice = ApiServer(bench.cluster.url, ca=ca, token="alice")

    with pytest.raises(KubeError) as refused:
        request_token(alice, TokenFor(bench.identity.namespace, "app"))

    assert (refused.value.reason, "--resource serviceaccounts/token --resource-name app" in refused.value.hint) == (
        "forbidden",
        True,
    )


def test_a_wrong_token_and_a_wrong_ca_are_said(bench: Bench) -> None:
    ca = Path(bench.cluster.ca_file).read_text()
    servers = ApiServer(bench.cluster.url, ca=ca, token="nobody"), ApiServer(bench.cluster.url, token="alice")
    reasons = []
    for server in servers:
        with pytest.raises(KubeError) as refused:
            request_token(server, TokenFor(bench.identity.namespace, "app"))
        reasons.append(refused.value.reason)

    assert reasons == ["unauthorized", "tls"]


def test_the_name_in_the_certificate_can_be_given(bench: Bench) -> None:
    ca, asked = Path(bench.cluster.ca_file).read_text(), TokenFor(bench.identity.namespace, "app")

    def by(name: str) -> str:
        server = ApiServer(bench.cluster.url, ca=ca, token=bench.cluster.token, server_name=name)
        try:
            return type(request_token(server, asked)).__name__
        except KubeError as refused:
            return refused.reason

    assert [by("kubernetes.default.svc"), by("kube.example.com")] == ["ServiceAccountToken", "tls"]


def test_a_client_certificate_is_taken_from_text(bench: Bench) -> None:
    """Any pair will do: this API server asks for none."""
    ca = Path(bench.cluster.ca_file).read_text()
    key = Path(bench.cluster.ca_file).with_suffix(".key").read_text()
    asked = TokenFor(bench.identity.namespace, "app")
    right = ApiServer(bench.cluster.url, ca=ca, token=bench.cluster.token, certificate=ca, key=key)
    wrong = ApiServer(bench.cluster.url, ca=ca, token=bench.cluster.token, certificate=ca, key=ca)

    with pytest.raises(KubeError) as refused:
        request_token(wrong, asked)

    assert (type(request_token(right, asked)), refused.value.reason) == (ServiceAccountToken, "config")


OBJECT = Manifest({"kind": "VaultStaticSecret", "metadata": {"name": "x"}})


def reads(identity: Identity, path: str) -> Reference:
    return Reference("kv", OBJECT, identity.vault, identity, "", "secret", path, {"path": (OBJECT, ("spec", path))})


def templated(bench: Bench, *selectors: str) -> None:
    """The role's policy is one templated rule for each selector, below a folder of its number."""
    mount = bench.identity.mount
    rules = [
        f'path "secret/data/{mount}/{number}/{{{{{selector}}}}}" {{ capabilities = ["read"] }}'
        for number, selector in enumerate(selectors)
    ]
    bench.vault.policy(mount, "\n".join(rules))


def findings_before_and_after(bench: Bench, *paths: str) -> tuple[list[str], list[str]]:
    """Codes of what the policies' text says of these paths, and of what is left after the login was tried."""
    uses = [reads(bench.identity, path) for path in paths]
    for path in paths:
        bench.vault.put_kv(path, {"a": "b"})
    with bench.open(TokenLogin(Masked(bench.vault.token)), "") as session:
        inventory = survey(session, uses)
    before = list(access_findings(uses, inventory))
    trial = bench.try_login(*paths_to_try(bench.identity, uses, inventory))
    after = with_trial(before, bench.identity, uses, inventory, trial.refused, trial.capabilities)
    return [finding.code for finding in before], [finding.code for finding in after]


def test_a_template_that_the_tree_can_fill_is_filled_as_vault_does(bench: Bench) -> None:
    mount = bench.identity.mount
    bench.vault.write(f"auth/{mount}/role/app", {"alias_name_source": "serviceaccount_name"})
    accessor = (bench.vault.read("sys/auth") or {})[f"{mount}/"]["accessor"]
    alias = f"identity.entity.aliases.{accessor}"
    templated(
        bench,
        *(f"{alias}.{end}" for end in ("metadata.service_account_name", "metadata.service_account_namespace", "name")),
    )
    space = bench.identity.namespace
    right = f"{mount}/0/app", f"{mount}/1/{space}", f"{mount}/2/{space}/app"
    wrong = f"{mount}/0/other", f"{mount}/1/app", f"{mount}/2/app"

    assert (findings_before_and_after(bench, *right), findings_before_and_after(bench, *wrong)) == (
        ([], []),
        (["KW8502"] * 3, ["KW8502"] * 3),
    )


def test_what_depends_on_the_identity_is_settled_by_the_login(bench: Bench) -> None:
    mount = bench.identity.mount
    templated(bench, "identity.entity.metadata.team")
    assert bench.try_login() == Trial("", {})  # makes the entity
    account = bench.cluster.get("v1", "ServiceAccount", "app", bench.identity.namespace) or {}
    accessor = (bench.vault.read("sys/auth") or {})[f"{mount}/"]["accessor"]
    alias = {"alias_name": account["metadata"]["uid"], "alias_mount_accessor": accessor}
    entity = bench.vault.write("identity/lookup/entity", alias)["id"]
    bench.vault.write(f"identity/entity/id/{entity}", {"metadata": {"team": "shop"}})

    assert findings_before_and_after(bench, f"{mount}/0/shop", f"{mount}/0/web") == (["KW8505", "KW8505"], ["KW8502"])
