"""The client and its logins against a real Vault (and a real kube-apiserver): who logs in, as what, and what is left afterwards."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from keywave.errors import UsageError
from keywave.vault import wire
from keywave.vault.client import OutOfReach, connect
from keywave.vault.login import login_from
from keywave.vault.login.model import Login
from keywave.vault.settings import ConnectOptions, settings_from
from keywave.vault.wire import Response
from rig import fault_proxy as faults
from rig import http
from rig import vault as vault_driver
from rig.cluster import Cluster
from rig.fault_proxy import FaultProxy
from rig.tls import Authority
from rig.vault import Vault

TOKENS = 'path "sys/mounts" { capabilities = ["read"] }'


def name_of(what: str) -> str:
    return f"{what}-{secrets.token_hex(4)}"


def ask_as(vault_url: str, environ: Mapping[str, str], **options: Any) -> tuple[Login, Response]:
    """sys/mounts, asked by whoever the environment says."""
    said = ConnectOptions(**options)
    environ = {"VAULT_ADDR": vault_url, **environ}
    login = login_from(environ, said)
    with connect(settings_from(environ, said), login) as session:
        return login, session.ask(wire.mounts())


def enable_auth(vault: Vault, kind: str) -> str:
    mount = name_of(kind)
    assert vault.request("POST", f"sys/auth/{mount}", {"type": kind}).ok
    return mount


def policy(vault: Vault, text: str = TOKENS) -> str:
    name = name_of("client")
    vault.policy(name, text)
    return name


def tokens_left(vault: Vault, policy: str) -> int:
    """How many living tokens have the policy."""
    listed = (vault.request("LIST", "auth/token/accessors").body or {}).get("data", {}).get("keys", [])
    found = 0
    for accessor in listed:
        answer = vault.request("POST", "auth/token/lookup-accessor", {"accessor": accessor})
        found += answer.ok and policy in answer.body["data"]["policies"]
    return found


def approle(vault: Vault, **settings: Any) -> tuple[str, str, str, str]:
    """mount, role_id, role name, policy."""
    mount, role, name = enable_auth(vault, "approle"), name_of("role"), policy(vault)
    vault.write(f"auth/{mount}/role/{role}", {"token_policies": [name], **settings})
    return mount, str((vault.read(f"auth/{mount}/role/{role}/role-id") or {})["role_id"]), role, name


def secret_id(vault: Vault, mount: str, role: str) -> str:
    return str(vault.write(f"auth/{mount}/role/{role}/secret-id", {})["secret_id"])


def test_a_users_own_token_is_left_alone(vault: Vault) -> None:
    token = vault.token_for(policy(vault))

    _, answer = ask_as(vault.url, {"VAULT_TOKEN": token})

    assert answer.ok
    assert vault.as_token(token).request("GET", "auth/token/lookup-self").ok


def test_a_token_from_a_file_and_from_the_home_directory(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(vault.token_for(policy(vault)) + "\n")

    assert ask_as(vault.url, {}, token_file=str(tmp_path / ".vault-token"))[1].ok
    assert ask_as(vault.url, {"HOME": str(tmp_path)})[1].ok


def test_a_token_that_vault_does_not_know_is_said_at_once(vault: Vault) -> None:
    with pytest.raises(OutOfReach) as raised:
        ask_as(vault.url, {"VAULT_TOKEN": "hvs.nobody-has-this-one"})

    assert (raised.value.reason, raised.value.summary) == (
        "login",
        f"Vault at {vault.url} does not know the token of VAULT_TOKEN",
    )


def test_approle_logs_in_and_leaves_no_token(vault: Vault) -> None:
    mount, role_id, role, name = approle(vault)
    environ = {"VAULT_ROLE_ID": role_id, "VAULT_SECRET_ID": secret_id(vault, mount, role), "VAULT_AUTH_PATH": mount}

    login, answer = ask_as(vault.url, environ)

    assert answer.ok
    assert login.label == f"approle login at auth/{mount}"
    assert tokens_left(vault, name) == 0


def test_approle_unwraps_a_wrapped_secret_id(vault: Vault, tmp_path: Path) -> None:
    mount, role_id, role, _ = approle(vault)
    url = f"{vault.url}/v1/auth/{mount}/role/{role}/secret-id"
    headers = {"X-Vault-Token": vault.token, "X-Vault-Wrap-TTL": "60"}
    wrapped = http.request("POST", url, b"{}", headers=headers).body["wrap_info"]["token"]
    (tmp_path / "secret-id").write_text(wrapped)
    environ = {"VAULT_ROLE_ID": role_id, "VAULT_AUTH_PATH": mount, "VAULT_SECRET_ID_FILE": str(tmp_path / "secret-id")}

    assert ask_as(vault.url, environ)[1].ok
    with pytest.raises(OutOfReach) as raised:
        ask_as(vault.url, environ)
    assert raised.value.reason == "login"
    assert wrapped not in f"{raised.value} {raised.value.hint}"
    assert raised.value.hint == "it serves once, and for a short time: make a new one"


def test_a_refused_login_names_mount_and_reason_and_no_secret(vault: Vault, canary: str) -> None:
    mount, role_id, _, _ = approle(vault)

    with pytest.raises(OutOfReach) as raised:
        ask_as(vault.url, {"VAULT_ROLE_ID": role_id, "VAULT_SECRET_ID": canary, "VAULT_AUTH_PATH": mount})

    assert raised.value.reason == "login"
    assert raised.value.summary == (
        f"Vault at {vault.url} refused the approle login at auth/{mount}: invalid role or secret ID"
    )


def test_a_token_got_by_login_that_ends_midway_is_made_anew(vault: Vault) -> None:
    mount, role_id, role, name = approle(vault, token_ttl="1s", token_max_ttl="1s")
    environ = {
        "VAULT_ADDR": vault.url,
        "VAULT_ROLE_ID": role_id,
        "VAULT_SECRET_ID": secret_id(vault, mount, role),
        "VAULT_AUTH_PATH": mount,
    }
    with connect(settings_from(environ, ConnectOptions()), login_from(environ, ConnectOptions())) as session:
        assert session.ask(wire.mounts()).ok
        time.sleep(1.5)
        assert {answer.status for answer in session.ask_all([wire.mounts()] * 20)} == {200}
        assert tokens_left(vault, name) == 1
    assert tokens_left(vault, name) == 0


def test_an_interrupt_ends_at_once_and_still_revokes(vault: Vault, fault_proxy: FaultProxy) -> None:
    mount, role_id, role, name = approle(vault)
    fault_proxy.fail(faults.silent(), "sys/mounts")
    environ = {
        "VAULT_ADDR": fault_proxy.url,
        "VAULT_ROLE_ID": role_id,
        "VAULT_SECRET_ID": secret_id(vault, mount, role),
        "VAULT_AUTH_PATH": mount,
    }
    ended = threading.Event()

    def insist() -> None:
        """As people do: Python raises it wherever the main thread is, and a finalizer that is at work there swallows it."""
        while not ended.wait(1.0):
            os.kill(os.getpid(), signal.SIGINT)

    def interrupted() -> None:
        with connect(settings_from(environ, ConnectOptions()), login_from(environ, ConnectOptions())) as session:
            threading.Thread(target=insist, daemon=True).start()
            try:
                session.ask_all([wire.mounts()] * 100)
            finally:
                ended.set()

    began = time.monotonic()
    # A shell that starts the tests in the background has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGINT, before)

    # Without the interrupt it takes ten seconds, the time limit of a request.
    assert time.monotonic() - began < 6
    assert tokens_left(vault, name) == 0


def sign(key: Path, claims: Mapping[str, object]) -> str:
    """A JWT, RS256, by openssl."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = f"{part(json.dumps({'alg': 'RS256', 'typ': 'JWT'}).encode())}.{part(json.dumps(claims).encode())}"
    args = ["openssl", "dgst", "-sha256", "-sign", str(key)]
    signature = subprocess.run(args, input=head.encode(), capture_output=True, check=True, timeout=30).stdout
    return f"{head}.{part(signature)}"


def jwt_mount(vault: Vault, tmp_path: Path) -> tuple[str, str, str]:
    """mount, policy, a token of a CI system for the role `ci`."""
    key, public = tmp_path / "key.pem", tmp_path / "public.pem"
    for args in (["genrsa", "-out", str(key), "2048"], ["rsa", "-in", str(key), "-pubout", "-out", str(public)]):
        subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=30)
    mount, name = enable_auth(vault, "jwt"), policy(vault)
    vault.write(f"auth/{mount}/config", {"jwt_validation_pubkeys": [public.read_text()]})
    vault.write(
        f"auth/{mount}/role/ci",
        {
            "role_type": "jwt",
            "bound_audiences": ["vault"],
            "user_claim": "sub",
            "bound_claims": {"project": "shop"},
            "token_policies": [name],
        },
    )
    now = int(time.time())
    return mount, name, sign(key, {"sub": "job", "aud": "vault", "project": "shop", "iat": now, "exp": now + 300})


def test_jwt_by_the_variable_of_gitlab_and_by_a_file(vault: Vault, tmp_path: Path) -> None:
    mount, name, token = jwt_mount(vault, tmp_path)
    (tmp_path / "jwt").write_text(token)
    environ = {"VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_PATH": mount}

    login, answer = ask_as(vault.url, {**environ, "VAULT_ID_TOKEN": token})

    assert answer.ok
    assert login.label == f'jwt login at auth/{mount} as role "ci"'
    assert ask_as(vault.url, environ, method="jwt", token_file=str(tmp_path / "jwt"))[1].ok
    assert tokens_left(vault, name) == 0


def test_jwt_by_github_actions(
    vault: Vault, tmp_path: Path, certificates: Authority, monkeypatch: pytest.MonkeyPatch, canary: str
) -> None:
    mount, _, token = jwt_mount(vault, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.cert))
    with faults.fault_proxy(vault.url, certificates.leaf("github").context()) as github:
        github.fail(faults.answers(200, {"value": token}), "/token")
        environ = {
            "VAULT_AUTH_ROLE": "ci",
            "VAULT_AUTH_PATH": mount,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/token?api-version=2",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": canary,
        }

        assert ask_as(vault.url, environ, audience="vault")[1].ok
        github.heal()
        github.fail(faults.server_error(403), "/token")
        with pytest.raises(OutOfReach) as raised:
            ask_as(vault.url, environ, audience="vault")

    assert (raised.value.reason, raised.value.summary) == ("login", "GitHub's token service answered 403")


def test_kubernetes_by_a_projected_token(vault: Vault, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    for name in ("verifier", "reviewer"):
        assert cluster.request("POST", account, {"metadata": {"name": name}}).ok

    def token_of(name: str, *audiences: str) -> str:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": list(audiences), "expirationSeconds": 600},
        }
        return str(cluster.request("POST", f"{account}/{name}/token", body).body["status"]["token"])

    cluster.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"reviews-{namespace}"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:auth-delegator",
            },
            "subjects": [{"kind": "ServiceAccount", "name": "reviewer", "namespace": namespace}],
        }
    )
    mount, name = enable_auth(vault, "kubernetes"), policy(vault)
    config = {
        "kubernetes_host": cluster.url,
        "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
        "token_reviewer_jwt": token_of("reviewer", "https://kubernetes.default.svc"),
        "disable_local_ca_jwt": True,
    }
    vault.write(f"auth/{mount}/config", config)
    bound = {"bound_service_account_names": "verifier", "bound_service_account_namespaces": namespace}
    vault.write(f"auth/{mount}/role/ci", {**bound, "audience": "vault", "token_policies": [name]})
    projected = tmp_path / "token"
    environ = {"VAULT_AUTH_METHOD": "kubernetes", "VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_PATH": mount}

    with pytest.raises(UsageError, match="the ServiceAccount's token cannot be read from"):
        ask_as(vault.url, environ, token_file=str(projected))
    projected.write_text(token_of("verifier", "vault"))
    login, answer = ask_as(vault.url, environ, token_file=str(projected))

    assert answer.ok
    assert login.label == f'kubernetes login at auth/{mount} as role "ci"'
    assert tokens_left(vault, name) == 0
    projected.write_text(token_of("reviewer", "vault"))
    with pytest.raises(OutOfReach) as raised:
        ask_as(vault.url, environ, token_file=str(projected))
    assert raised.value.reason == "login"


def test_a_namespace_goes_with_each_request_and_the_logins_own_with_the_login(
    vault: Vault, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    with vault_driver.vault(tmp_path / "second") as second:
        mount, role_id, role, _ = approle(second)
        fault_proxy.route("team/a", second.url)
        environ = {
            "VAULT_ADDR": fault_proxy.url,
            "VAULT_NAMESPACE": "team/a/",
            "VAULT_ROLE_ID": role_id,
            "VAULT_SECRET_ID": secret_id(second, mount, role),
            "VAULT_AUTH_PATH": mount,
        }
        with connect(settings_from(environ, ConnectOptions()), login_from(environ, ConnectOptions())) as session:
            answers = session.ask_all([wire.mounts("team/a"), wire.mounts()])

    assert [answer.status for answer in answers] == [200, 403]
    assert {asked.namespace for asked in fault_proxy.asked if asked.path.startswith("auth/")} == {"team/a"}


def test_answers_keep_the_order_of_the_requests(vault: Vault) -> None:
    for number in range(40):
        vault.put_kv(f"order/{number}", {f"key{number}": "x"})
    environ = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.token}
    said: list[tuple[int, int]] = []
    with connect(settings_from(environ, ConnectOptions()), login_from(environ, ConnectOptions())) as session:
        requests = [wire.kv_subkeys("secret", f"order/{number}") for number in range(40)]
        answers = session.ask_all(requests, lambda done, of: said.append((done, of)))

        assert [list(answer.data["subkeys"]) for answer in answers] == [[f"key{number}"] for number in range(40)]
        assert session.sent == 41
        assert said[-1] == (40, 40)
        assert session.ask_all([]) == []


def test_answers_of_400_404_and_a_path_with_odd_signs(vault: Vault) -> None:
    odd = "odd name/ü%2F?x#"
    vault.put_kv(quote(odd), {"key": "x"})
    environ = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.token}
    with connect(settings_from(environ, ConnectOptions()), login_from(environ, ConnectOptions())) as session:
        assert session.ask(wire.kv_subkeys("secret", "nowhere")) == Response(404, {"errors": []})
        assert session.ask(wire.list_roles("sys/roles/")).status in (404, 405)
        assert session.ask(wire.own_capabilities(["sys/mounts"])).data["sys/mounts"] == ["root"]
        assert session.ask(wire.health()).data["sealed"] is False
        assert session.ask(wire.kv_subkeys("secret", odd)).data["subkeys"] == {"key": None}


def test_through_a_proxy_of_plain_http(vault: Vault, fault_proxy: FaultProxy) -> None:
    environ = {"VAULT_TOKEN": vault.token, "VAULT_PROXY_ADDR": fault_proxy.url}

    assert ask_as("http://vault.invalid:8200", environ)[1].ok
    assert fault_proxy.paths() == ["auth/token/lookup-self", "sys/mounts"]


def test_through_a_tunnel_with_a_password(
    vault: Vault, certificates: Authority, fault_proxy: FaultProxy, canary: str
) -> None:
    proxy = fault_proxy.url.replace("//", f"//user:{canary}@")
    with faults.fault_proxy(vault.url, certificates.leaf("tunnelled").context()) as behind:
        environ = {"VAULT_TOKEN": vault.token, "VAULT_PROXY_ADDR": proxy, "VAULT_CACERT": str(certificates.cert)}

        assert ask_as(behind.url, environ)[1].ok
        fault_proxy.fail(faults.answers(407))
        with pytest.raises(OutOfReach) as raised:
            ask_as(behind.url, environ)

    port = fault_proxy.url.rpartition(":")[2]
    assert [asked.method for asked in fault_proxy.asked] == ["CONNECT", "CONNECT"]
    assert raised.value.summary == (
        f"Vault at {behind.url} (by the proxy 127.0.0.1:{port}): the proxy refused the connection (407)"
    )
