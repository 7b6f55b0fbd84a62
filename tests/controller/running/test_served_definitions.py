"""Which definitions there are: from themselves, and, where they may not be read, from what the API server tells everybody."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from keywave.controller.running.definitions import Api, MissingDefinitions, Served, served
from keywave.crds.definitions import definitions
from keywave.crds.incumbent_status import INCUMBENT_STATUS, status_of
from keywave.crds.kinds import KINDS
from keywave.kube.api_server import KubeError

Body = dict[str, Any]
ESTABLISHED = {"conditions": [{"type": "Established", "status": "True"}]}
OWN = {body["spec"]["names"]["kind"]: body for body in definitions()}


def incumbents() -> list[Body]:
    """Definitions with the status fields of Vault Secrets Operator, and no kind of ours."""
    made = []
    for kind, status in INCUMBENT_STATUS.items():
        body = OWN[kind]
        (version,) = body["spec"]["versions"]
        schema = {**version["schema"]["openAPIV3Schema"], "properties": {"status": status}}
        spec = {**body["spec"], "versions": [{**version, "schema": {"openAPIV3Schema": schema}}]}
        made.append({**body, "spec": spec, "metadata": {"name": body["metadata"]["name"]}})
    return made


class Server:
    """`bodies` are there. `may`: whether definitions may be read; `tells`: whether the API server tells of its types."""

    def __init__(self, bodies: list[Body], *, may: bool = True, tells: bool = True, established: int = 0) -> None:
        self.bodies = {body["metadata"]["name"]: body for body in bodies}
        self.may, self.tells, self.established, self.looks = may, tells, established, 0

    def get(self, type: Any, namespace: str, name: str) -> Body | None:
        if not self.may:
            raise KubeError("forbidden", "no")
        self.looks += 1
        body = self.bodies.get(name)
        return body and {**body, "status": ESTABLISHED if self.looks > self.established else {}}

    def request(self, method: str, path: str, body: Any = None) -> Body:
        if not self.tells:
            raise KubeError("forbidden", "no")
        schemas = {}
        for body in self.bodies.values():
            (version,) = body["spec"]["versions"]
            group, kind = body["spec"]["group"], body["spec"]["names"]["kind"]
            if path == f"/openapi/v3/apis/{group}/{version['name']}":
                named = [{"group": group, "kind": kind, "version": version["name"]}]
                schema = version["schema"]["openAPIV3Schema"]
                schemas[kind] = {**schema, "x-kubernetes-group-version-kind": named}
        if not schemas:
            raise KubeError("absent", "no such group")
        return {"components": {"schemas": {**schemas, "List": {"type": "object"}}}}


def look(server: Server) -> Served:
    return served(cast("Api", server), lambda seconds: None, seconds=5.0)


FOREIGN = Served(
    {body["spec"]["names"]["kind"]: status_of(body, "v1beta1") or {} for body in incumbents()},
    frozenset({"VaultCompositeSecret"}),
)


@pytest.mark.parametrize("may", [True, False], ids=["readable", "only told of"])
def test_our_own_definitions_are_known_as_ours(may: bool) -> None:
    assert look(Server(definitions(), may=may)) == Served(None)


@pytest.mark.parametrize("may", [True, False], ids=["readable", "only told of"])
def test_those_of_the_incumbent_are_known_by_their_status_and_lack_our_kind(may: bool) -> None:
    assert look(Server(incumbents(), may=may)) == FOREIGN


@pytest.mark.parametrize("may", [True, False], ids=["readable", "only told of"])
@pytest.mark.parametrize("path", [("lastChangeTime",), ("sources", "items", "token")])
def test_those_of_an_earlier_version_of_ours_are_taken_as_what_they_can_hold(may: bool, path: tuple[str, ...]) -> None:
    """Whoever upgrades the reconciler before the definitions: what the API server drops would be written again and again."""
    older = copy.deepcopy(definitions())
    for body in older:
        status = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        *outer, field = path
        for name in outer:
            status = status.get(name) or status.get("properties", {}).get(name, {})
        status.get("properties", {}).pop(field, None)

    found = look(Server(older, may=may)).fields

    assert found is not None
    assert found.keys() == OWN.keys()


@pytest.mark.parametrize("may", [True, False], ids=["readable", "only told of"])
def test_a_cluster_without_them_is_told_at_once_which_is_missing(may: bool) -> None:
    with pytest.raises(MissingDefinitions) as told:
        look(Server([], may=may))

    assert str(told.value) == f"the cluster does not serve {KINDS[0].plural}.{KINDS[0].group}"


def test_what_was_just_installed_is_waited_for() -> None:
    assert look(Server(definitions(), established=5)) == Served(None)


def test_who_may_see_nothing_does_not_begin() -> None:
    with pytest.raises(MissingDefinitions) as told:
        look(Server(definitions(), may=False, tells=False))

    assert told.value.hint == "allow get on customresourcedefinitions, or bind the ClusterRole system:discovery"
