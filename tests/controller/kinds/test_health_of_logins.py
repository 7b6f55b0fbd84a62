"""A VaultConnection is healthy when Vault answers, a VaultAuth when its login works: told once, and when it has changed."""

from __future__ import annotations

from typing import Any

import pytest
from controller.model_world import TEAM, Model

from keywave.controller.content.transformation import problems_of
from keywave.controller.kinds import auth, auth_global, connection
from keywave.controller.model import Key, Resource, Result, resource_of
from keywave.controller.ports import Health, Reconcile, Token
from keywave.vault.values import VaultFault

REASONS = {
    "sealed": "VaultSealed",
    "unreachable": "VaultUnreachable",
    "rate-limited": "VaultRateLimited",
    "invalid": "InvalidConfiguration",
}


class Healthy(Model):
    """`sick`: what Vault's health says; `logins`: the namespaces that tried; `refused`: namespace -> fault; `woken`: of enqueue."""

    def __init__(self) -> None:
        super().__init__()
        self.sick: VaultFault | None = None
        self.health = Health(False, False, "1.21.1")
        self.refused: dict[str, VaultFault] = {}
        self.logins: list[str] = []
        self.woken: list[Key] = []
        self.login()

    def world(self) -> Any:
        found = super().world()
        found.vault.health = self._health
        found.vault.log_in = self._log_in
        return found._replace(enqueue=self.woken.append)

    def _health(self, plan: Any) -> Health:
        if self.sick:
            raise self.sick
        return self.health

    def _log_in(self, plan: Any) -> Token:
        self.logins.append(plan.consumer_namespace)
        fault = self.refused.get(plan.consumer_namespace)
        if fault:
            raise fault
        return Token("accessor", self.now + 3600, True)

    def condition(self, kind: str, name: str, type: str) -> tuple[str, str]:
        (found,) = [entry for entry in (self.body(kind, name) or {})["status"]["conditions"] if entry["type"] == type]
        return found["status"], found["reason"]

    def ready(self, kind: str, name: str) -> tuple[str, str, str, bool | None]:
        status = (self.body(kind, name) or {})["status"]
        entries = {entry["type"]: entry for entry in status["conditions"]}
        ready = entries["Ready"]
        assert all(entry["status"] == ready["status"] for entry in entries.values())
        return ready["status"], ready["reason"], ready["message"], status.get("valid")


def look(made: Healthy, failures: int = 0) -> Result:
    return connection.reconcile(found(made, "VaultConnection", "vault"), made.world(), failures)


def log_in(made: Healthy, failures: int = 0) -> Result:
    return auth.reconcile(found(made, "VaultAuth", "app"), made.world(), failures)


def found(made: Healthy, kind: str, name: str) -> Resource:
    body = made.body(kind, name)
    assert body is not None
    return resource_of(body)


def test_a_vault_that_answers_is_healthy_and_is_asked_again_each_minute() -> None:
    made = Healthy()
    result = look(made)
    assert made.ready("VaultConnection", "vault") == (
        "True",
        "Accepted",
        "Vault at http://127.0.0.1:8200 answers and is unsealed",
        True,
    )
    assert (result.failed, 48 <= (result.after or 0) <= 54) == (False, True)
    before = made.calls
    look(made)
    assert (made.calls, len(made.events)) == (before, 1)


@pytest.mark.parametrize("fault", REASONS)
def test_a_vault_that_is_not_well_is_told_of_once_and_so_is_its_recovery(fault: str) -> None:
    made = Healthy()
    look(made)
    made.sick = VaultFault(fault, "in our words")
    results = [look(made, failures=number) for number in range(3)]
    assert [(one.failed, one.reason, (one.after or 99) <= 45) for one in results] == [(True, REASONS[fault], True)] * 3
    assert made.ready("VaultConnection", "vault") == ("False", REASONS[fault], "in our words", False)
    made.sick = None
    look(made)
    assert [reason for reason, _ in made.events] == ["Accepted", REASONS[fault], "Accepted"]


def test_a_standby_is_not_healthy_and_ready_only_while_it_hands_requests_on() -> None:
    made = Healthy()
    told = []
    for health in (Health(True, True, "1.21.1"), Health(True, False, "1.21.1"), Health(False, False, "1.21.1")):
        made.health = health
        result = look(made)
        status = (made.body("VaultConnection", "vault") or {})["status"]
        conditions = [made.condition("VaultConnection", "vault", type) for type in ("Healthy", "Ready")]
        told.append((*conditions, status["valid"], result.failed, (result.after or 99) <= 54))
    assert told == [
        (("False", "VaultStandby"), ("True", "VaultStandby"), True, False, True),
        (("False", "VaultSealed"), ("False", "VaultSealed"), False, True, True),
        (("True", "Accepted"), ("True", "Accepted"), True, False, True),
    ]
    assert [reason for reason, _ in made.events] == ["VaultStandby", "VaultSealed", "Accepted"]


def test_a_login_that_works_is_ready_and_wakes_those_that_waited_for_it() -> None:
    made = Healthy()
    made.put("VaultStaticSecret", "one", {"vaultAuthRef": "app"})
    result = log_in(made)
    assert made.ready("VaultAuth", "app") == ("True", "Accepted", "the kubernetes login at auth/kubernetes works", True)
    assert (made.logins, 480 <= (result.after or 0) <= 540) == ([TEAM], True)
    assert [key.name for key in made.woken] == ["one"]
    log_in(made)
    assert (len(made.woken), len(made.events)) == (1, 1)


def test_a_login_that_vault_refuses_is_not_ready_and_is_tried_again_within_half_a_minute() -> None:
    made = Healthy()
    log_in(made)
    made.refused = {TEAM: VaultFault("login", "400: invalid role", status=400)}
    results = [log_in(made, failures=number) for number in (0, 20)]
    assert [(one.failed, one.reason, (one.after or 99) <= 30) for one in results] == [
        (True, "VaultLoginFailed", True)
    ] * 2
    assert made.ready("VaultAuth", "app")[:3] == ("False", "VaultLoginFailed", "400: invalid role")
    assert [reason for reason, _ in made.events] == ["Accepted", "VaultLoginFailed"]


def test_a_login_without_credentials_in_its_own_namespace_is_tried_as_from_those_that_use_it() -> None:
    made = Healthy()
    made.objects[Key("VaultAuth", TEAM, "app")]["spec"]["allowedNamespaces"] = ["*"]
    made.refused = {TEAM: VaultFault("login", "there is no ServiceAccount team/app")}
    log_in(made)
    assert made.ready("VaultAuth", "app")[0] == "True"
    assert made.ready("VaultAuth", "app")[2].startswith("not tried: there is no ServiceAccount team/app")

    made.put("VaultStaticSecret", "one", {"vaultAuthRef": f"{TEAM}/app"}, namespace="shop")
    log_in(made)
    assert made.logins == [TEAM, TEAM, "shop"]
    assert made.ready("VaultAuth", "app")[2] == "the kubernetes login at auth/kubernetes works (as from shop)"

    made.refused["shop"] = VaultFault("login", "there is no ServiceAccount shop/app")
    log_in(made)
    assert made.ready("VaultAuth", "app")[:2] == ("False", "VaultLoginFailed")


def shared_by(*spaces: str, allowed: list[str]) -> Healthy:
    """A VaultAuth that objects of these namespaces refer to."""
    made = Healthy()
    made.objects[Key("VaultAuth", TEAM, "app")]["spec"]["allowedNamespaces"] = allowed
    for space in spaces:
        made.put("VaultStaticSecret", "one", {"vaultAuthRef": f"{TEAM}/app"}, namespace=space)
    return made


REFUSED = VaultFault("login", "400: service account not allowed", status=400)


def test_a_login_that_some_cannot_use_is_ready_and_names_them_once() -> None:
    made = shared_by("a", "b", "c", allowed=["*"])
    made.refused = {TEAM: REFUSED, "a": REFUSED, "c": VaultFault("login", "there is no ServiceAccount c/app")}
    log_in(made)
    told = "the kubernetes login at auth/kubernetes works (as from b); not as from a/app, c/app"
    assert made.ready("VaultAuth", "app") == ("True", "Accepted", told, True)
    log_in(made)
    assert made.events == [("VaultLoginFailed", told)]

    made.refused["b"] = REFUSED
    log_in(made)
    assert made.ready("VaultAuth", "app")[:3] == ("False", "VaultLoginFailed", "400: service account not allowed")


def test_a_stranger_who_refers_to_a_login_is_not_tried_and_changes_nothing() -> None:
    made = shared_by("evil", "shop", allowed=["shop"])
    made.refused = {"evil": REFUSED}
    log_in(made)
    assert made.logins == [TEAM, "shop"]
    assert made.ready("VaultAuth", "app")[2] == "the kubernetes login at auth/kubernetes works"


def test_of_many_that_use_a_login_a_few_are_tried_at_a_time_until_one_works_which_is_then_tried_first() -> None:
    spaces = [f"s{number:02}" for number in range(40)]
    made = shared_by(*spaces, allowed=["*"])
    made.refused = dict.fromkeys([TEAM, *spaces[:35]], REFUSED)
    results = []
    for number in range(3):
        made.logins.clear()
        results.append((log_in(made, failures=number).failed, len(made.logins)))
    assert results == [(True, 17), (True, 17), (False, 17)]
    made.now += 600
    assert not log_in(made).failed


def test_a_vault_that_is_sealed_is_not_taken_for_a_login_that_is_refused() -> None:
    made = shared_by("a", allowed=["*"])
    made.refused = dict.fromkeys([TEAM, "a"], VaultFault("sealed", "sealed"))
    log_in(made)
    assert (made.logins, made.ready("VaultAuth", "app")[1]) == ([TEAM], "VaultSealed")


def test_a_shared_login_is_not_judged_by_its_own_namespace_which_does_not_use_it() -> None:
    made = shared_by("a", allowed=["*"])
    made.refused = {TEAM: REFUSED}
    log_in(made)
    told = "the kubernetes login at auth/kubernetes works (as from a)"
    assert made.ready("VaultAuth", "app") == ("True", "Accepted", told, True)


@pytest.mark.parametrize(
    ("spec", "reason", "told"),
    [
        ({"vaultConnectionRef": "none"}, "InvalidResourceRef", "there is no VaultConnection team/none"),
        ({"method": "ldap"}, "InvalidConfiguration", "not offered"),
        ({"mount": ""}, "InvalidConfiguration", "lacks mount"),
        ({"kubernetes": {}}, "InvalidConfiguration", "kubernetes.role"),
    ],
)
def test_a_login_that_makes_no_sense_says_what_is_wrong_and_is_not_tried(
    spec: dict[str, Any], reason: str, told: str
) -> None:
    made = Healthy()
    made.objects[Key("VaultAuth", TEAM, "app")]["spec"].update(spec)
    log_in(made)
    status, said, message, valid = made.ready("VaultAuth", "app")
    assert (status, said, told in message, valid, made.logins) == ("False", reason, True, False, [])


@pytest.mark.parametrize(
    ("reconcile", "kind", "name"),
    [(connection.reconcile, "VaultConnection", "vault"), (auth.reconcile, "VaultAuth", "app")],
)
def test_what_is_suspended_is_left_alone(reconcile: Reconcile, kind: str, name: str) -> None:
    made = Healthy()
    made.objects[Key(kind, TEAM, name)]["metadata"]["annotations"] = {"reconcile.keywave.dev/suspend": "true"}
    assert reconcile(found(made, kind, name), made.world(), 0) == Result(reason="Suspended")
    assert (made.calls, made.logins) == (0, [])


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ("True", "Accepted", "can be referred to", True)),
        ({"defaultAuthMethod": "kubernetes"}, ("True", "Accepted", "can be referred to", True)),
        (
            {"defaultAuthMethod": "ldap"},
            ("False", "InvalidConfiguration", "defaultAuthMethod 'ldap' is not offered", False),
        ),
    ],
)
def test_a_global_says_whether_it_can_be_referred_to(spec: dict[str, Any], expected: tuple[Any, ...]) -> None:
    made = Healthy()
    made.put("VaultAuthGlobal", "default", spec)
    auth_global.reconcile(found(made, "VaultAuthGlobal", "default"), made.world(), 0)
    got = made.ready("VaultAuthGlobal", "default")
    assert (got[0], got[1], got[2].partition(":")[0], got[3]) == expected


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({}, []),
        ({"templates": {"a": {"text": "{{ .Secrets.a }}"}}, "includes": ["^a"]}, []),
        ({"templates": {"a": {"text": "x", "name": "n"}}, "sourceTemplates": [{"text": "y", "name": "n"}]}, ["name n"]),
        ({"templates": {"a": {"text": "{{ if }}"}}, "excludes": ["("]}, ["a:1", "excludes: '(' is no pattern"]),
        ({"includes": ["a", "(?<x"]}, ["includes: '(?<x' is no pattern"]),
    ],
)
def test_a_transformation_tells_all_that_is_wrong_with_it(spec: dict[str, Any], problems: list[str]) -> None:
    resource = resource_of({"kind": "SecretTransformation", "metadata": {"name": "x"}, "spec": spec})
    told = problems_of(resource)
    assert len(told) == len(problems)
    assert all(part in whole for part, whole in zip(problems, told, strict=True))
