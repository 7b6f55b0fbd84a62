"""Which status each set of definitions can hold, asked of real API servers; and objects outlive a change of the set, there and back."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crds.crd_specs import DEFAULTED, KINDS_OF_BOTH, NEWER
from crds.full_values import full

from keywave.crds.definitions import definitions
from keywave.crds.incumbent_status import INCUMBENT_STATUS, fitted, status_of
from keywave.crds.kinds import KINDS
from keywave.crds.status import STATUS
from keywave.objects.ids import VSO_GROUP
from keywave.objects.structural import check
from rig import crds as rig_crds
from rig import etcd, http, kubernetes
from rig.cluster import Cluster
from rig.waiting import wait_for

pytestmark = pytest.mark.integration
SPECS: dict[str, Any] = {kind: spec for kind, spec, _ in reversed(DEFAULTED.values())} | {
    "VaultCompositeSecret": {
        "sources": [{"name": "a", "kv": {"mount": "kv", "type": "kv-v2", "path": "a"}}],
        "destination": {"name": "a"},
    }
}


@pytest.fixture(scope="module")
def ours(rig_folder: Path) -> Iterator[Cluster]:
    """An API server of this module with our definitions."""
    folder = rig_folder / "crd-status"
    with etcd.etcd(folder / "etcd") as store, kubernetes.kube_apiserver(folder / "kube-apiserver", store) as started:
        rig_crds.install(started, definitions())
        yield started


def their_status(kind: str) -> Any:
    """The status' schema in the incumbent's definition, as it stands there."""
    (found,) = [crd for crd in rig_crds.vso_crds() if crd["spec"]["names"]["kind"] == kind]
    return found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]


def kept_status(cluster: Cluster, kind: str, status: Any, namespace: str) -> tuple[int, Any]:
    """What is there after a strict write of the status of a new object: (HTTP status, status), or the message of a refusal."""
    known = next(entry for entry in KINDS if entry.kind == kind)
    api_version = f"{known.group}/{known.version}"
    metadata = {"name": "a", "namespace": namespace}
    cluster.apply({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": SPECS[kind]})
    answer = cluster.request(
        "PATCH",
        cluster.path(api_version, kind, "a", namespace) + "/status",
        {"status": status},
        params={"fieldValidation": "Strict"},
        content_type="application/merge-patch+json",
    )
    return (answer.status, answer.body["status"]) if answer.ok else (answer.status, answer.message)


@pytest.mark.parametrize("kind", KINDS_OF_BOTH)
def test_the_table_of_the_incumbents_status_is_that_of_its_definitions(kind: str) -> None:
    (found,) = [crd for crd in rig_crds.vso_crds() if crd["spec"]["names"]["kind"] == kind]

    assert status_of(found, "v1beta1") == INCUMBENT_STATUS[kind]


@pytest.mark.parametrize("kind", KINDS_OF_BOTH)
def test_what_is_fitted_of_our_whole_status_is_kept_by_the_incumbents_definitions(
    kind: str, vso_cluster: Cluster, namespace: str
) -> None:
    status = fitted(full(STATUS[kind]), INCUMBENT_STATUS[kind])

    assert check(status, INCUMBENT_STATUS[kind]) == []
    assert kept_status(vso_cluster, kind, status, namespace) == (200, status)


@pytest.mark.parametrize("kind", KINDS_OF_BOTH)
def test_what_is_fitted_of_no_status_is_kept_by_the_incumbents_definitions(
    kind: str, vso_cluster: Cluster, namespace: str
) -> None:
    status = fitted({}, INCUMBENT_STATUS[kind])

    assert kept_status(vso_cluster, kind, status, namespace) == (200, status)


def test_our_status_unfitted_is_refused_by_the_incumbents_definitions(vso_cluster: Cluster, namespace: str) -> None:
    status = full(STATUS["VaultStaticSecret"])
    answer = kept_status(vso_cluster, "VaultStaticSecret", status, namespace)

    assert (answer[0], 'unknown field "status.conditions"' in answer[1]) == (422, True)


@pytest.mark.parametrize("kind", list(STATUS))
def test_our_whole_status_is_kept_by_our_definitions(kind: str, ours: Cluster) -> None:
    status = full(STATUS[kind])

    assert kept_status(ours, kind, status, f"whole-{kind.lower()}") == (200, status)


@pytest.mark.parametrize("kind", KINDS_OF_BOTH)
def test_the_incumbents_whole_status_is_kept_by_our_definitions(kind: str, ours: Cluster) -> None:
    status = full(their_status(kind))

    assert kept_status(ours, kind, status, f"theirs-{kind.lower()}") == (200, status)


def test_the_table_of_kubectl_shows_secret_state_and_reason(ours: Cluster) -> None:
    namespace = "table"
    ready = {"type": "Ready", "status": "False", "reason": "Forbidden", "message": "no right to read kv/data/a"}
    synced = {"type": "SecretSynced", "status": "True", "reason": "Synced", "message": ""}
    conditions = [{**entry, "lastTransitionTime": "2026-01-31T00:00:00Z"} for entry in (ready, synced)]
    kept_status(ours, "VaultStaticSecret", {"conditions": conditions}, namespace)

    path = ours.path(f"{VSO_GROUP}/v1beta1", "VaultStaticSecret", "a", namespace)
    accept = {"Authorization": f"Bearer {ours.token}", "Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    context = ssl.create_default_context(cafile=ours.ca_file)
    table = http.request("GET", ours.url + path, headers=accept, context=context).body

    columns = [(column["name"], column["priority"]) for column in table["columnDefinitions"]]
    cells = dict(zip([name for name, _ in columns], table["rows"][0]["cells"], strict=True))
    assert [name for name, priority in columns if priority == 0] == [
        "Name",
        "Secret",
        "Synced",
        "Ready",
        "Reason",
        "Age",
    ]
    assert {name: cell for name, cell in cells.items() if name != "Age"} == {
        "Name": "a",
        "Secret": "app",
        "Synced": "True",
        "Ready": "False",
        "Reason": "Forbidden",
        "Mount": "kv",
        "Path": "a",
        "Message": "no right to read kv/data/a",
    }


def test_objects_and_what_both_know_of_their_status_outlive_a_change_of_the_definitions(ours: Cluster) -> None:
    kind, namespace = "VaultDynamicSecret", "there-and-back"
    api_version = f"{VSO_GROUP}/v1beta1"
    status = full(STATUS[kind])
    kept_status(ours, kind, status, namespace)
    before: Any = ours.get(api_version, kind, "a", namespace)
    try:
        for crd in rig_crds.vso_crds():
            ours.apply(crd)
        wait_for("the incumbent's definitions", lambda: not takes_newer_fields(ours))
        under_theirs: Any = ours.get(api_version, kind, "a", namespace)
    finally:
        for crd in definitions():
            ours.apply(crd)
        wait_for("our definitions", lambda: takes_newer_fields(ours))
    after: Any = ours.get(api_version, kind, "a", namespace)

    assert (under_theirs["spec"], under_theirs["status"]) == (
        before["spec"],
        fitted(status, INCUMBENT_STATUS[kind]),
    )
    # Nobody wrote in between: what theirs did not show was still stored.
    assert (after["spec"], after["status"]) == (before["spec"], status)


def takes_newer_fields(cluster: Cluster) -> bool:
    """Whether the definitions that are served are ours: a change takes a moment to be served."""
    return all(
        cluster.dry_run(
            {"apiVersion": f"{VSO_GROUP}/v1beta1", "kind": kind, "metadata": {"name": "newer"}, "spec": spec}
        ).ok
        for kind, _, spec in NEWER
    )
