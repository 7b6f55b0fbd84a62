"""On the definitions of Vault Secrets Operator, which drop most of our status: nothing is done twice and nothing is left out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from controller.model_world import TEAM, Model

from keywave.controller.kinds import dynamic, pki
from keywave.controller.kinds.leases import client_of, take_over_due, token_of
from keywave.controller.model import Key, Resource, Result
from keywave.controller.ports import World
from keywave.controller.status_beside import WholeLookup, known
from keywave.crds.incumbent_status import INCUMBENT_STATUS
from keywave.kube.api_server import KubeError
from keywave.vault.values import VaultFault

LEASED = {
    "vaultAuthRef": "app",
    "mount": "db",
    "path": "creds/app",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
    "rolloutRestartTargets": [{"kind": "Deployment", "name": "web"}],
}
CERTIFICATE = {
    "vaultAuthRef": "app",
    "mount": "pki",
    "role": "web",
    "commonName": "web",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
    "rolloutRestartTargets": [{"kind": "Deployment", "name": "web"}],
}
KINDS: dict[str, tuple[Callable[[Resource, World, int], Result], dict[str, Any]]] = {
    "VaultDynamicSecret": (dynamic.reconcile, LEASED),
    "VaultPKISecret": (pki.reconcile, CERTIFICATE),
}
THEIRS = {
    "lastGeneration": 1,
    "lastRenewalTime": 0,
    "lastRuntimePodUID": "pod",
    "secretLease": {"id": "db/creds/app/theirs", "duration": 100, "renewable": True, "requestID": "r"},
    "vaultClientMeta": {"cacheKey": "kubernetes-1234", "id": "5678"},
}


class Theirs(Model):
    """The same model with an API server that prunes."""

    def __init__(self, kind: str, **spec: Any) -> None:
        super().__init__()
        self.kind = kind
        self.login()
        pods = {"metadata": {}, "spec": {"terminationGracePeriodSeconds": 1}}
        self.put("Deployment", "web", {"replicas": 0, "template": pods})
        self.objects[Key("Deployment", TEAM, "web")]["status"] = {"observedGeneration": 1}
        self.put(kind, "app", {**KINDS[kind][1], **spec})

    def world(self) -> World:
        plain = super().world()
        return plain._replace(
            status_fields=INCUMBENT_STATUS, lookup=WholeLookup(plain.lookup, self.memory, INCUMBENT_STATUS)
        )

    def work(self, seconds: int = 1) -> None:
        """A reconcile each second."""
        for _ in range(seconds):
            world = self.world()
            found = world.lookup.find(Key(self.kind, TEAM, "app"))
            if found is not None:
                KINDS[self.kind][0](found, world, 0)
            self.now += 1

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        schema = INCUMBENT_STATUS.get(body["kind"])
        if schema is not None:
            body["status"] = known(body.get("status", {}), schema)
        return super()._store(body)

    def restarts(self) -> str:
        metadata = self.objects[Key("Deployment", TEAM, "web")]["spec"]["template"]["metadata"]
        return str(metadata.get("annotations", {}).get("vso.secrets.hashicorp.com/restartedAt", ""))

    def issued(self) -> int:
        return len([path for path in self.asked if "creds/" in path or "issue/" in path])

    def annotate(self, **annotations: str) -> None:
        body = self.objects[Key(self.kind, TEAM, "app")]
        body["metadata"]["annotations"] = {f"reconcile.keywave.dev/{name}": text for name, text in annotations.items()}


@pytest.mark.parametrize("why", ["it nears its end", "somebody asks"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_replaced_is_revoked_and_the_workload_restarted_once(kind: str, why: str) -> None:
    made = Theirs(kind)
    made.work(5)
    assert (made.issued(), made.restarts()) == (1, "")
    (first,) = made.alive

    if why == "somebody asks":
        made.annotate(refresh="now")
    else:
        made.faults = {"sys/leases/renew": VaultFault("refused", "lease expired")}
        made.now += 85
    made.work(20)

    assert (made.issued(), len(made.alive), first in made.alive) == (2, 1, False)
    assert [reason for reason, _ in made.events].count("RolloutRestartTriggered") == 1
    assert made.restarts()


@pytest.mark.parametrize("kind", KINDS)
def test_a_refresh_is_answered_once_by_this_process_and_by_no_later_one(kind: str) -> None:
    made = Theirs(kind)
    made.work(3)
    made.annotate(refresh="now")
    made.work(3)
    assert made.issued() == 2

    made.restart()
    made.work(5)
    assert made.issued() == 2

    made.annotate(refresh="again")
    made.work(5)
    assert made.issued() == 3


@pytest.mark.parametrize("create", [True, False])
def test_after_a_restart_the_lease_is_known_as_ours_wherever_the_secret_is(create: bool) -> None:
    made = Theirs("VaultDynamicSecret", destination={"name": "creds", "create": create})
    if not create:
        made.objects[Key("Secret", TEAM, "creds")] = {
            "kind": "Secret",
            "metadata": {"name": "creds", "namespace": TEAM, "resourceVersion": "1", "uid": "u"},
            "data": {},
        }
    made.work(3)
    calls = made.calls

    made.restart()
    made.work(60)

    assert (made.issued(), made.calls) == (1, calls)


def test_a_lease_of_the_incumbent_is_replaced_in_the_first_quarter_of_what_is_left_and_never_renewed() -> None:
    made = Theirs("VaultDynamicSecret")
    now = int(made.now)
    made.objects[Key("VaultDynamicSecret", TEAM, "app")]["status"] = {**THEIRS, "lastRenewalTime": now}
    made.alive = {"db/creds/app/theirs": made.now + 100}
    made.objects[Key("Secret", TEAM, "creds")] = _written_by_them(made, made.kind)

    made.work(12)
    assert made.asked == []
    made.work(60)

    assert made.asked[0] == "db/creds/app"
    assert made.issued() == 1
    assert [reason for reason, _ in made.events].count("SecretLeaseRenewalError") == 1
    assert "db/creds/app/theirs" not in made.alive
    assert made.restarts()


def _written_by_them(made: Model, kind: str) -> dict[str, Any]:
    owner = made.objects[Key(kind, TEAM, "app")]
    labels = {
        "app.kubernetes.io/managed-by": "hashicorp-vso",
        "app.kubernetes.io/name": "vault-secrets-operator",
        "app.kubernetes.io/component": "secret-sync",
        "secrets.hashicorp.com/vso-ownerRefUID": owner["metadata"]["uid"],
    }
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": "app",
        "uid": owner["metadata"]["uid"],
    }
    metadata = {"name": "creds", "namespace": TEAM, "uid": "u", "labels": labels, "ownerReferences": [reference]}
    return {"kind": "Secret", "type": "Opaque", "metadata": {**metadata, "resourceVersion": "1"}, "data": {}}


def test_many_leases_of_the_incumbent_are_replaced_over_a_minute_and_each_in_time() -> None:
    dues = [
        take_over_due(1000.0, 1000.0 + left, chance)
        for left, chance in itertools.product((4000.0, 40.0, -5.0), (0.0, 0.99))
    ]

    assert dues == [1000.0, 1059.4, 1000.0, 1009.9, 1000.0, 1000.0]


@pytest.mark.parametrize(
    "token",
    [
        {"accessor": "abc", "expireTime": "2027-01-15T08:00:00Z", "renewable": True, "vaultAuthRef": "team/app"},
        {"accessor": "abc", "renewable": False, "vaultAuthRef": "team/app"},
    ],
)
def test_the_token_of_a_lease_comes_through_the_incumbents_status(token: dict[str, Any]) -> None:
    client = client_of(token)

    assert token_of({"vaultClientMeta": client}) == token
    assert sorted(client) == ["cacheKey", "id"]


@pytest.mark.parametrize("key", ["", "kubernetes-30fef98ec0048af054c525", "keywave", "keywave a b"])
def test_what_another_client_wrote_is_no_token_of_ours(key: str) -> None:
    assert token_of({"vaultClientMeta": {"cacheKey": key, "id": "x"}}) == {}


def test_on_our_definitions_what_the_incumbent_made_is_ready_at_once_and_its_lease_still_its_own() -> None:
    made = Model()
    made.login()
    made.put("VaultDynamicSecret", "app", LEASED)
    made.objects[Key("VaultDynamicSecret", TEAM, "app")]["status"] = {**THEIRS, "lastRenewalTime": int(made.now)}
    made.objects[Key("Secret", TEAM, "creds")] = _written_by_them(made, "VaultDynamicSecret")

    made.run(dynamic.reconcile, "VaultDynamicSecret", "app", times=3)

    assert (conditions(made, "VaultDynamicSecret"), made.asked) == ({"Ready": "True", "SecretSynced": "True"}, [])
    made.now += 20
    made.run(dynamic.reconcile, "VaultDynamicSecret", "app")
    assert made.asked == ["db/creds/app"]


def test_on_our_definitions_a_certificate_of_the_incumbent_is_ready_at_once_and_not_issued_anew() -> None:
    made = Model()
    made.login()
    made.put("VaultPKISecret", "app", CERTIFICATE)
    now = int(made.now)
    theirs = {"serialNumber": "a", "expiration": now + 900, "lastRotation": now, "valid": True, "error": ""}
    theirs |= {"lastGeneration": 1, "secretMAC": made.world().secrets.mac({})}
    made.objects[Key("VaultPKISecret", TEAM, "app")]["status"] = theirs
    made.objects[Key("Secret", TEAM, "creds")] = _written_by_them(made, "VaultPKISecret")

    made.run(pki.reconcile, "VaultPKISecret", "app", times=3)

    assert (conditions(made, "VaultPKISecret"), made.asked) == ({"Ready": "True", "SecretSynced": "True"}, [])


def conditions(made: Model, kind: str) -> dict[str, str]:
    found = made.objects[Key(kind, TEAM, "app")]["status"]["conditions"]
    return {condition["type"]: condition["status"] for condition in found}


@pytest.mark.parametrize("kind", KINDS)
def test_what_could_be_neither_written_nor_revoked_is_all_remembered(kind: str) -> None:
    made = Theirs(kind, destination={"name": "creds"})
    made.put("Secret", "creds", {})
    made.faults |= dict.fromkeys(("sys/leases/revoke", "pki/revoke"), VaultFault("unreachable", "no"))
    make = made.world

    def world() -> World:
        found = make()

        def refused(*anything: Any, **named: Any) -> Any:
            raise KubeError("forbidden", "no")

        found.kube.replace = refused  # type: ignore[method-assign]
        return found

    made.world = world  # type: ignore[method-assign]
    for _ in range(4):
        made.work()
        made.now += 400  # beyond the time for which nothing is tried again
    found = made.world().lookup.find(Key(kind, TEAM, "app"))
    assert found is not None
    assert len(made.alive) == 4
    assert made.alive.keys() == {entry["id"] for entry in found.status["pendingRevocations"]}
