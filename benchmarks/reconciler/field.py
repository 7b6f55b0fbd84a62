"""The servers that both are measured on, and what is read from them: one API server, one Vault, fresh namespaces."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rig import crds, etcd, kubernetes, vault
from rig import http as rig_http
from rig.cluster import Cluster
from rig.vault import Vault

GROUP = "/apis/secrets.hashicorp.com/v1beta1"
THREADS = 8


class Field(NamedTuple):
    cluster: Cluster
    vault: Vault
    audit: Path

    def vault_requests(self) -> int:
        """Requests that Vault has answered so far, by its audit log."""
        with self.audit.open("rb") as lines:
            return sum(b'"type":"request"' in line for line in lines)

    def api_requests(self) -> dict[str, int]:
        """Requests to resources so far by verb, Leases left out."""
        counted: dict[str, int] = {}
        for line in self.cluster.request("GET", "/metrics").text.splitlines():
            if line.startswith("apiserver_request_total{") and 'resource=""' not in line and '"leases"' not in line:
                found = re.search(r'verb="([A-Z]+)"', line)
                verb = found[1] if found else "?"
                counted[verb] = counted.get(verb, 0) + int(float(line.rsplit(" ", 1)[1]))
        return counted


@contextlib.contextmanager
def field(folder: Path, *, ours: bool, definitions: Sequence[Path]) -> Iterator[Field]:
    """Fresh servers. The definitions are those of the operator that is measured: both have the same names."""
    with (
        etcd.etcd(folder / "etcd") as store,
        kubernetes.kube_apiserver(folder / "kube-apiserver", store, lazy=False) as cluster,
        vault.vault(folder / "vault") as started,
    ):
        crds.install(cluster, crds.read_crds(list(definitions)) if ours else crds.vso_crds())
        audit = folder / "audit.log"
        options = {"type": "file", "options": {"file_path": str(audit)}}
        assert started.request("PUT", "sys/audit/file", options).ok
        yield Field(cluster, started, audit)


def send_all(url: str, headers: dict[str, str], ca: str, calls: Sequence[tuple[str, str, Any]]) -> None:
    """(method, path, body) each once, eight at a time over kept connections. Raises RuntimeError for a refusal."""
    parts = urllib.parse.urlsplit(url)
    ahead, faults = iter(calls), []
    lock = threading.Lock()

    def work() -> None:
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca)
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, context=context
            )
        else:
            line = http.client.HTTPConnection(parts.hostname or "", parts.port)
        while True:
            with lock:
                call = next(ahead, None)
            if call is None or faults:
                return
            method, path, body = call
            line.request(method, path, json.dumps(body), {"Content-Type": "application/json", **headers})
            answer = line.getresponse()
            told = answer.read()
            if answer.status >= 400:
                faults.append(f"{method} {path}: {answer.status} {told[:300]!r}")

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(faults[0])


def prepare(place: Field, space: str, count: int, paths: int) -> None:
    """A namespace with its login, and `paths` secrets in a KV mount of the same name."""
    cluster, server = place.cluster, place.vault
    cluster.ensure_namespace(space)
    server.enable(space, "kv", options={"version": "2"})
    server.write(f"sys/auth/{space}", {"type": "kubernetes"})
    trust = {
        "kubernetes_host": cluster.url,
        "kubernetes_ca_cert": Path(cluster.ca_file).read_text(),
        "token_reviewer_jwt": cluster.token,
    }
    server.write(f"auth/{space}/config", trust)
    server.policy(space, f'path "{space}/*" {{ capabilities = ["read"] }}')
    role = {
        "bound_service_account_names": "app",
        "bound_service_account_namespaces": space,
        "token_policies": space,
        "token_ttl": "1h",
    }
    server.write(f"auth/{space}/role/app", role)
    time.sleep(2)  # a fresh KV v2 mount refuses writes until it is upgraded
    data = {"data": {"username": "app", "password": "not-a-secret-of-anybody"}}
    calls = [("POST", f"/v1/{space}/data/app-{n}", data) for n in range(paths)]
    send_all(server.url, {"X-Vault-Token": server.token}, "", calls)
    account = {"name": "app", "namespace": space}
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    for kind, spec in (
        ("VaultConnection", {"address": server.url}),
        (
            "VaultAuth",
            {
                "vaultConnectionRef": "app",
                "method": "kubernetes",
                "mount": space,
                "kubernetes": {"role": "app", "serviceAccount": "app"},
            },
        ),
    ):
        body = {"apiVersion": "secrets.hashicorp.com/v1beta1", "kind": kind, "metadata": account, "spec": spec}
        cluster.apply(body)


def create(place: Field, space: str, names: Sequence[str], paths: int, refresh: str) -> None:
    """One VaultStaticSecret for each name."""
    send_all(
        place.cluster.url,
        {"Authorization": f"Bearer {place.cluster.token}"},
        place.cluster.ca_file,
        [
            ("POST", f"{GROUP}/namespaces/{space}/vaultstaticsecrets", static(space, name, number % paths, refresh))
            for number, name in enumerate(names)
        ],
    )


def newcomer(place: Field, space: str, number: int, paths: int) -> float:
    """Seconds from one more object to its Secret."""
    name = f"new-{number}"
    began = time.perf_counter()
    create(place, space, [name], paths, "30s")
    path = f"/api/v1/namespaces/{space}/secrets/{name}"
    while not place.cluster.request("GET", path).ok:
        if time.perf_counter() - began > 120:
            return float("inf")
        time.sleep(0.02)
    return time.perf_counter() - began


def static(space: str, name: str, path: int, refresh: str) -> dict[str, Any]:
    return {
        "apiVersion": "secrets.hashicorp.com/v1beta1",
        "kind": "VaultStaticSecret",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "vaultAuthRef": "app",
            "mount": space,
            "type": "kv-v2",
            "path": f"app-{path}",
            "refreshAfter": refresh,
            "destination": {"name": name, "create": True},
        },
    }


def secrets_in(place: Field, space: str) -> int:
    """How many Secrets a namespace has: one cheap question."""
    answer = place.cluster.request("GET", f"/api/v1/namespaces/{space}/secrets?limit=1")
    items = answer.body["items"]
    return len(items) + int(answer.body["metadata"].get("remainingItemCount") or 0)


def until(what: str, ask: Callable[[], bool], seconds: float) -> float:
    """Seconds until `ask` says yes. Raises TimeoutError."""
    began = time.perf_counter()
    while not ask():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(what)
        time.sleep(0.05)
    return time.perf_counter() - began


def ask_vault(place: Field, method: str, path: str, body: Any = None) -> rig_http.Answer:
    return place.vault.request(method, path, body)
