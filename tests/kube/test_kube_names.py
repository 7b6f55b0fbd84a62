"""What may be asked of the API server: names that objects have, and no path that a name makes into another one."""

from __future__ import annotations

from typing import Any

import pytest

from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.client import KubeClient
from keywave.kube.resources import LEASE, SECRET, SERVICE_ACCOUNT

NO_NAMES = (
    "",
    "/",
    ".",
    "..",
    "a/b",
    "a%2Fb",
    "x/token",
    "A",
    "a..b",
    "-a",
    "a-",
    " ",
    "ünï",
    "a\nb",
    "x" * 254,
    "a?b",
    "a#b",
)


@pytest.fixture
def client() -> KubeClient:
    """Of a server that is not there: a request would fail otherwise than by `absent`."""
    return KubeClient(ApiServer("http://127.0.0.1:1"))


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_no_object_has_is_not_asked_for(client: KubeClient, name: str) -> None:
    body: dict[str, Any] = {"metadata": {"name": name, "namespace": "team"}}

    assert client.get(SECRET, "team", name) is None
    assert client.patch(SECRET, "team", name, {}) is None
    assert client.delete(SECRET, "team", name) is False
    for call in (
        lambda: client.post(SERVICE_ACCOUNT, "team", name, "token", {}),
        lambda: client.apply(SECRET, body),
        lambda: client.replace(LEASE, body),
    ):
        with pytest.raises(KubeError) as raised:
            call()
        assert raised.value.reason == "absent"


@pytest.mark.parametrize("namespace", [name for name in NO_NAMES if name])
def test_neither_is_one_in_a_namespace_that_cannot_be(client: KubeClient, namespace: str) -> None:
    assert client.get(SECRET, namespace, "app") is None
    with pytest.raises(ValueError, match="no namespace"):
        SECRET.path(namespace)


def test_names_that_objects_have_are_paths_as_they_stand() -> None:
    assert SECRET.object_path("team", "a.b-c.1") == "/api/v1/namespaces/team/secrets/a.b-c.1"
    assert SERVICE_ACCOUNT.object_path("team", "app", "token") == "/api/v1/namespaces/team/serviceaccounts/app/token"
    assert LEASE.path() == "/apis/coordination.k8s.io/v1/leases"
    assert SECRET.object_path("n" * 63, "x" * 253).endswith("x" * 253)
