"""Who asks Kubernetes: read as kubectl reads it, and what would start a program is refused with what works instead."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from keywave.kube.api_server import ApiServer, KubeError
from keywave.kube.credentials import api_server


def fields(server: ApiServer) -> dict[str, Any]:
    return {name: getattr(server, name) for name in ApiServer.__slots__ if getattr(server, name)}


def kubeconfig(file: Path, user: dict[str, Any], cluster: dict[str, Any] | None = None, **more: Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://kube.example:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "ctx", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "ctx",
        **more,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document))
    return str(file)


def test_a_token_in_the_kubeconfig_is_used(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "config", {"token": "fake-token"}, {"tls-server-name": "kube"})

    assert fields(api_server(file, environment={})) == {
        "url": "https://kube.example:6443",
        "token": "fake-token",
        "server_name": "kube",
    }


def test_files_are_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "config", {"tokenFile": "token"}, {"certificate-authority": "ca.crt"})
    (tmp_path / "token").write_text("fake-token\n")
    (tmp_path / "ca.crt").write_text("fake-ca")

    assert fields(api_server(file, environment={})) == {
        "url": "https://kube.example:6443",
        "token": "fake-token",
        "ca": "fake-ca",
    }


def test_inline_data_wins_over_a_file(tmp_path: Path) -> None:
    def data(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    user = {"client-certificate-data": data("cert"), "client-certificate": "absent", "client-key-data": data("key")}
    file = kubeconfig(tmp_path / "config", user)

    assert fields(api_server(file, environment={})) == {
        "url": "https://kube.example:6443",
        "certificate": "cert",
        "key": "key",
    }


def test_of_several_files_the_first_that_names_something_wins(tmp_path: Path) -> None:
    first = kubeconfig(tmp_path / "a", {"token": "first"}, **{"current-context": ""})
    second = kubeconfig(tmp_path / "b", {"token": "second"}, {"server": "https://other.example"})
    listed = os.pathsep.join([str(tmp_path / "absent"), first, second])

    assert fields(api_server("", environment={"KUBECONFIG": listed})) == {
        "url": "https://kube.example:6443",
        "token": "first",
    }


def test_a_pod_asks_as_its_own_service_account(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("fake-ca")
    (tmp_path / "token").write_text("fake-token\n")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}

    assert fields(api_server("", environment=environment, pod=str(tmp_path))) == {
        "url": "https://[fd00::1]:6443",
        "ca": "fake-ca",
        "token": "fake-token",
        "token_file": str(tmp_path / "token"),
    }


REFUSED = {
    "exec": ({"exec": {"command": "aws"}}, 'the kubeconfig\'s user u starts a program ("exec"), and keywave does not'),
    "auth-provider": (
        {"auth-provider": {"name": "gcp"}},
        "the kubeconfig's user u starts a program's login (\"auth-provider\"), and keywave does not",
    ),
    "password": (
        {"username": "x", "password": "y"},
        'the kubeconfig\'s user u logs in with a password, which Kubernetes no longer takes ("username"), and keywave does not',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_login_that_keywave_does_not_do_is_refused_with_what_works(tmp_path: Path, name: str) -> None:
    user, message = REFUSED[name]

    with pytest.raises(KubeError) as refused:
        api_server(kubeconfig(tmp_path / "config", user), environment={})

    assert (refused.value.summary, refused.value.reason, "kubectl create token" in refused.value.hint) == (
        message,
        "config",
        True,
    )


def test_an_unknown_context_says_which_there_are(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "config", {"token": "x"})

    with pytest.raises(KubeError) as refused:
        api_server(file, context="prod", environment={})

    assert refused.value.summary == f'the kubeconfig {file} has no context "prod"; there are: ctx'


def test_no_kubeconfig_and_no_pod_says_what_works(tmp_path: Path) -> None:
    with pytest.raises(KubeError) as refused:
        api_server("", environment={"HOME": str(tmp_path)})

    assert refused.value.summary == "no kubeconfig, and not in a Pod: Kubernetes cannot be asked"


BROKEN = {
    "not YAML": "users: [ {name: canary",
    "a list": "[]",
    "not base64": "clusters: [{name: c, cluster: {certificate-authority-data: '%%%'}}]\n"
    "users: [{name: u, user: {}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x",
    "shapes of all kinds": "clusters: [1, x]\nusers: 7\ncontexts: [{name: x, context: []}]\ncurrent-context: x",
    "not UTF-8": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_kubeconfig_is_one_line_and_no_traceback(tmp_path: Path, name: str) -> None:
    text, file = BROKEN[name], tmp_path / "config"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(KubeError) as refused:
        api_server(str(file), environment={})

    assert (refused.value.reason, "canary" in refused.value.summary, "\n" in refused.value.summary) == (
        "config",
        False,
        False,
    )
