"""What a caller with almost no rights can know of a real API server: the definitions of Vault Secrets Operator, and its Lease."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from keywave.controller.running.definitions import served
from keywave.controller.running.standby import NAME, StandBy
from keywave.crds.incumbent_status import INCUMBENT_STATUS, fitted
from keywave.kube.api_server import KubeError
from keywave.kube.client import KubeClient
from keywave.kube.credentials import api_server
from keywave.kube.resources import DEFINITION, LEASE
from rig import crds
from rig import etcd as etcd_driver
from rig import kubernetes as kubernetes_driver
from rig.cluster import Cluster
from rig.waiting import wait_for

RBAC = "rbac.authorization.k8s.io"


@pytest.fixture(scope="module")
def cluster(rig_folder: Path) -> Iterator[Cluster]:
    """With the definitions of Vault Secrets Operator."""
    folder = rig_folder / "few-rights"
    with (
        etcd_driver.etcd(folder / "etcd") as etcd,
        kubernetes_driver.kube_apiserver(folder / "kube-apiserver", etcd) as started,
    ):
        crds.install(started, crds.vso_crds())
        yield started


@pytest.fixture
def caller(cluster: Cluster) -> Iterator[tuple[KubeClient, str]]:
    """A ServiceAccount without any right, and its namespace."""
    namespace = f"few-{secrets.token_hex(3)}"
    cluster.ensure_namespace(namespace)
    admin = api_server(str(cluster.kubeconfig), environment={})
    account = {"name": "few", "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    with closing(KubeClient(admin)) as client:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/few/token"
        made = client.request(
            "POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        )
    admin.token, admin.certificate, admin.key = made["status"]["token"], "", ""
    with closing(KubeClient(admin)) as client:
        yield client, namespace


def test_who_may_not_read_definitions_knows_their_status_fields_from_the_openapi_document(
    caller: tuple[KubeClient, str],
) -> None:
    client, _ = caller
    with pytest.raises(KubeError) as refused:
        client.get(DEFINITION, "", "vaultauths.secrets.hashicorp.com")
    found = served(client)

    assert (refused.value.reason, found.absent) == ("forbidden", {"VaultCompositeSecret"})
    ours = {"lastGeneration": 1, "secretMAC": "x", "lastRefreshRequest": "1", "conditions": []}
    fields = found.fields or {}
    assert {kind: schema["properties"].keys() for kind, schema in fields.items()} == {
        kind: schema["properties"].keys() for kind, schema in INCUMBENT_STATUS.items()
    }
    assert fitted(ours, fields["VaultStaticSecret"]) == {"lastGeneration": 1, "secretMAC": "x"}


def test_a_right_by_name_is_enough_to_look_for_the_lease_of_the_incumbent_everywhere(
    cluster: Cluster, caller: tuple[KubeClient, str]
) -> None:
    client, namespace = caller
    told = list[tuple[str, str]]()
    log: Any = lambda level, message, **more: told.append((level, message))  # noqa: E731
    elsewhere = f"vso-{secrets.token_hex(3)}"
    cluster.ensure_namespace(elsewhere)
    spec = {"holderIdentity": "vso-1", "leaseDurationSeconds": 600}
    cluster.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "namespace": elsewhere},
            "spec": spec,
        }
    )
    rule = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": [NAME], "verbs": ["list"]}
    name = f"look-{secrets.token_hex(3)}"
    cluster.apply({"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]})
    cluster.apply(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "few", "namespace": namespace}],
        }
    )
    wait_for("the right", lambda: _may(client))
    standby = StandBy(client, (namespace,), gone=lambda: None, log=log)
    standby.look()

    assert (standby.active(), standby.why(), told) == (False, "standing by: Vault Secrets Operator is at work", [])
    # And no other Lease can be seen with it.
    with pytest.raises(KubeError):
        client.list(LEASE)


def _may(client: KubeClient) -> bool:
    try:
        client.list(LEASE, fields=f"metadata.name={NAME}")
    except KubeError:
        return False
    return True
