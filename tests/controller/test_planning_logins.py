"""From an object to its login: references, who may use what, the merge with VaultAuthGlobal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from keywave.controller.login_plan import LoginPlan
from keywave.controller.model import Key, Resource, resource_of
from keywave.controller.planning import plan_login
from keywave.controller.problems import PlanProblem

OPERATOR = "keywave-system"
KUBERNETES = {"role": "app", "serviceAccount": "app", "audiences": ["vault", "x"]}
AUTH = {"method": "kubernetes", "mount": "kube", "kubernetes": KUBERNETES, "vaultConnectionRef": "vault"}
CONNECTION = {"address": "https://vault:8200"}


def resource(kind: str, name: str, spec: Mapping[str, Any], namespace: str = "team") -> Resource:
    metadata = {"name": name, "namespace": namespace, "uid": f"{kind}-{name}", "generation": 1}
    return resource_of({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})


class Objects:
    def __init__(self, *resources: Resource) -> None:
        self._all = {one.key: one for one in resources}

    def find(self, key: Key) -> Resource | None:
        return self._all.get(key)

    def referrers(self, key: Key) -> tuple[Resource, ...]:
        return ()


def planned(reference: str, *others: Resource, namespace: str = "team") -> LoginPlan:
    secret = resource("VaultStaticSecret", "db", {"vaultAuthRef": reference}, namespace)
    return plan_login(secret, Objects(*others), operator_namespace=OPERATOR)


def refused(reference: str, *others: Resource, namespace: str = "team") -> tuple[str, str]:
    with pytest.raises(PlanProblem) as problem:
        planned(reference, *others, namespace=namespace)
    return problem.value.reason, problem.value.message


def auth(name: str = "app", namespace: str = "team", **spec: Any) -> Resource:
    return resource("VaultAuth", name, {**AUTH, **spec}, namespace)


def connection(name: str = "vault", namespace: str = "team", **spec: Any) -> Resource:
    return resource("VaultConnection", name, {**CONNECTION, **spec}, namespace)


def shared(**spec: Any) -> Resource:
    return resource("VaultAuthGlobal", "all", spec)


def test_the_whole_plan() -> None:
    plan = planned("app", auth(params={"a": "b"}, namespace="team"), connection(timeout="5s", headers={"X-A": "1"}))

    assert plan.connection == (
        *("team/vault", "team", "https://vault:8200", (("X-A", "1"),), "", "", "", False, 5.0, ""),
    )
    assert plan._replace(connection=plan.connection)[1:] == (
        "team/app",
        "kubernetes",
        "kube",
        "",
        "team",
        (("audiences", "vault,x"), ("role", "app"), ("serviceAccount", "app")),
        (("a", "b"),),
        (),
    )


def test_an_empty_reference_is_the_operators_own_default_which_everybody_may_use() -> None:
    own = auth("default", OPERATOR, vaultConnectionRef="")

    assert planned("", own, connection("default", OPERATOR)).auth_ref == f"{OPERATOR}/default"


@pytest.mark.parametrize(
    ("listed", "may"), [([], False), (["team"], True), (["*"], True), (["*", "other"], False), (["other"], False)]
)
def test_another_namespace_must_be_allowed(listed: list[str], may: bool) -> None:
    others = (auth("app", "infra", allowedNamespaces=listed), connection("vault", "infra"))
    if may:
        assert planned("infra/app", *others).consumer_namespace == "team"
    else:
        assert refused("infra/app", *others)[0] == "InvalidResourceRef"


@pytest.mark.parametrize("reference", ["a/b/c", "/b", "a/"])
def test_a_reference_that_is_none(reference: str) -> None:
    assert refused(reference, auth(), connection())[0] == "InvalidConfiguration"


def test_what_is_missing_is_named() -> None:
    assert refused("app") == (
        "InvalidResourceRef",
        "there is no VaultAuth team/app (spec.vaultAuthRef names team/app)",
    )
    assert refused("app", auth())[1].startswith("there is no VaultConnection team/vault")


def test_all_that_a_method_lacks_is_told_at_once() -> None:
    assert refused("app", auth(kubernetes={}, mount=""), connection())[1] == (
        "VaultAuth team/app lacks kubernetes.role, kubernetes.serviceAccount, mount"
    )


def test_a_method_that_is_not_offered_is_told() -> None:
    assert refused("app", auth(method="ldap"), connection())[1] == (
        "VaultAuth team/app has the method 'ldap', which is not offered: one of kubernetes, jwt, appRole, aws, gcp"
    )


GLOBAL = {
    "defaultAuthMethod": "kubernetes",
    "defaultMount": "default-mount",
    "defaultVaultNamespace": "default-space",
    "vaultConnectionRef": "vault",
    "params": {"from": "defaults", "d": "1"},
    "kubernetes": {
        "role": "shared",
        "serviceAccount": "app",
        "mount": "block-mount",
        "params": {"from": "block", "b": "1"},
    },
}


@pytest.mark.parametrize(
    ("strategy", "params"),
    [
        ("none", {"from": "own"}),
        ("replace", {"from": "own"}),
        ("union", {"from": "own", "b": "1", "d": "1"}),
    ],
)
def test_fields_come_from_the_login_then_the_block_then_the_defaults(strategy: str, params: dict[str, str]) -> None:
    reference = {"name": "all", "mergeStrategy": {"params": strategy}}
    own = {"vaultAuthGlobalRef": reference, "kubernetes": {"role": "mine"}, "params": {"from": "own"}}
    plan = planned("app", resource("VaultAuth", "app", own), shared(**GLOBAL), connection())

    assert (plan.method, plan.mount, plan.namespace) == ("kubernetes", "block-mount", "default-space")
    assert dict(plan.settings) == {"role": "mine", "serviceAccount": "app"}
    assert dict(plan.params) == params


def test_replace_takes_the_first_that_says_anything() -> None:
    own = {"vaultAuthGlobalRef": {"name": "all", "mergeStrategy": {"params": "replace"}}}
    plan = planned("app", resource("VaultAuth", "app", own), shared(**GLOBAL), connection())

    assert dict(plan.params) == {"from": "block", "b": "1"}


def test_a_global_called_default_is_looked_for_where_that_is_asked() -> None:
    own = resource("VaultAuth", "app", {"vaultAuthGlobalRef": {"allowDefault": True}})
    default = resource("VaultAuthGlobal", "default", GLOBAL, OPERATOR)

    assert planned("app", own, default, connection()).mount == "block-mount"
    assert (
        refused("app", resource("VaultAuth", "app", {"vaultAuthGlobalRef": {}}), default)[0] == "InvalidConfiguration"
    )


def test_a_header_that_would_break_the_request_is_refused() -> None:
    assert refused("app", auth(), connection(headers={"X-A": "1\r\nX-B: 2"}))[0] == "InvalidConfiguration"


def test_two_sources_of_a_ca_are_one_too_many() -> None:
    told = refused("app", auth(), connection(caCertSecretRef="ca", caCertPath="/ca"))

    assert told[0] == "InvalidConfiguration"


@pytest.mark.parametrize(
    "header", ["X-Vault-Namespace", "x-vault-token", "Host", "Transfer-Encoding", "A b", "X-A\r\nX-B"]
)
@pytest.mark.parametrize("where", ["connection", "auth"])
def test_a_header_that_is_not_the_object_s_to_say(header: str, where: str) -> None:
    headers = {"headers": {header: "x"}}
    others = (auth(**headers), connection()) if where == "auth" else (auth(), connection(**headers))

    assert refused("app", *others) == (
        "InvalidConfiguration",
        f"{others[0 if where == 'auth' else 1].key}: {header!r} is no header that can be sent",
    )


def test_a_header_value_with_a_line_end_is_refused() -> None:
    assert refused("app", auth(headers={"X-A": "1\r\nX-Vault-Token: x"}), connection())[0] == "InvalidConfiguration"


AWS = {"role": "app", "region": "eu-west-1", "irsaServiceAccount": "app", "headerValue": "vault.example.com"}
GCP = {"role": "app", "workloadIdentityServiceAccount": "app", "projectID": "shop"}


@pytest.mark.parametrize(("method", "block"), [("aws", AWS), ("gcp", GCP)])
def test_the_logins_of_clouds_alone_and_from_a_global(method: str, block: dict[str, str]) -> None:
    alone = planned("app", auth(method=method, **{method: block}), connection())
    others = {name: value for name, value in block.items() if name != "role"}
    everything = shared(defaultAuthMethod=method, vaultConnectionRef="vault", **{method: {**others, "mount": method}})
    own = {"vaultAuthGlobalRef": {"name": "all"}, method: {"role": "app"}}
    merged = planned("app", resource("VaultAuth", "app", own), everything, connection())

    assert (alone.method, alone.settings) == (method, tuple(sorted(block.items())))
    assert (merged.method, merged.mount, merged.settings) == (method, method, tuple(sorted(block.items())))
