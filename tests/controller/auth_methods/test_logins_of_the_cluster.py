"""The kubernetes and jwt logins: a real API server makes the tokens, a real Vault judges them."""

from __future__ import annotations

import base64
import secrets
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from controller.fakes_for_vault import Counts, login

from keywave.controller.login_plan import LoginPlan
from keywave.controller.vault_access.access import VaultAccess
from keywave.kube.api_server import ApiServer
from keywave.kube.client import KubeClient
from keywave.vault.values import VaultFault, kv2
from rig import http
from rig.cluster import Cluster
from rig.vault import Vault


class Setting:
    """A namespace with the ServiceAccount app, and an auth mount of each kind, both named as the namespace."""

    def __init__(self, cluster: Cluster, vault: Vault, namespace: str) -> None:
        self.cluster, self.vault, self.name = cluster, vault, namespace
        server = ApiServer(cluster.url, ca=Path(cluster.ca_file).read_text(), token=cluster.token)
        self.kube = KubeClient(server)
        self.door = VaultAccess(self.kube, Counts(), now=time.time, chance=lambda: 0.5)
        metadata = {"name": "app", "namespace": namespace}
        cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        vault.policy(namespace, f'path "secret/data/{namespace}" {{ capabilities = ["read"] }}')
        vault.put_kv(namespace, {"password": "first"})

    def read(self, plan: LoginPlan) -> object:
        return self.door.read(plan, kv2("secret", self.name), max_age=0.0).data["password"]

    def plan(self, method: str, mount: str, **settings: str) -> LoginPlan:
        return login(self.vault.url, method, mount, {"role": "app", **settings}, consumer_namespace=self.name)


@pytest.fixture
def setting(cluster: Cluster, vault: Vault, namespace: str) -> Iterator[Setting]:
    made = Setting(cluster, vault, namespace)
    yield made
    made.door.close()
    made.kube.close()


@pytest.fixture
def keys(cluster: Cluster) -> Iterator[str]:
    """The API server's public keys at a URL that Vault may ask."""
    # In one media type only, which the cluster's own `request` does not ask for.
    headers = {"Authorization": f"Bearer {cluster.token}", "Accept": "application/jwk-set+json"}
    context = ssl.create_default_context(cafile=cluster.ca_file)
    body = http.request("GET", f"{cluster.url}/openid/v1/jwks", headers=headers, context=context).text.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_kubernetes_login(setting: Setting) -> None:
    vault, name = setting.vault, setting.name
    vault.write(f"sys/auth/{name}", {"type": "kubernetes"})
    trust = {
        "kubernetes_host": setting.cluster.url,
        "kubernetes_ca_cert": Path(setting.cluster.ca_file).read_text(),
        "token_reviewer_jwt": setting.cluster.token,
    }
    vault.write(f"auth/{name}/config", trust)
    role = {"bound_service_account_names": "app", "bound_service_account_namespaces": name, "token_policies": name}
    vault.write(f"auth/{name}/role/app", {**role, "audience": "vault"})
    plan = setting.plan("kubernetes", name, serviceAccount="app", audiences="vault,other")
    wrong = setting.plan("kubernetes", name, serviceAccount="app", audiences="other")
    absent = setting.plan("kubernetes", name, serviceAccount="absent", audiences="vault")
    told = []
    for one in (wrong, absent):
        with pytest.raises(VaultFault) as refused:
            setting.read(one)
        told.append((refused.value.reason, refused.value.status, refused.value.summary))

    assert setting.read(plan) == "first"
    assert (told[0][:2], "audience" in told[0][2]) == (("login", 403), True)
    assert told[1] == ("login", 0, f"there is no ServiceAccount {name}/absent to log in as")


def test_the_jwt_login_by_a_serviceaccount_and_by_a_secret(setting: Setting, keys: str) -> None:
    vault, name = setting.vault, setting.name
    mount = f"jwt-{secrets.token_hex(3)}"
    vault.write(f"sys/auth/{mount}", {"type": "jwt"})
    vault.write(f"auth/{mount}/config", {"jwks_url": keys, "jwt_supported_algs": ["ES256", "RS256"]})
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "token_policies": name}
    vault.write(f"auth/{mount}/role/app", {**role, "bound_subject": f"system:serviceaccount:{name}:app"})
    by_account = setting.plan("jwt", mount, serviceAccount="app", audiences="vault", tokenExpirationSeconds="700")
    path = f"/api/v1/namespaces/{name}/serviceaccounts/app/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["vault"]}}
    token = setting.cluster.request("POST", path, asked).body["status"]["token"]
    data = {"jwt": base64.b64encode(f"{token}\n".encode()).decode()}
    metadata = {"name": "login", "namespace": name}
    setting.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})

    assert [setting.read(by_account), setting.read(setting.plan("jwt", mount, secretRef="login"))] == ["first"] * 2
