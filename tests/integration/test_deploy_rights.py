"""The rights of each overlay are enough: a process with no others does all that it is for. And so is what the platform kit renders."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from deploy_overlays import ACCOUNT, DEPLOY, Objects, as_account, built, renamed
from reconciler_tenant import VSO, Tenant, tenant

from keywave_process import keywave
from rig.cluster import Cluster
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.vault import Vault
from rig.waiting import wait_for

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
NAMED = ("namespaced", "rendered")
"""Those that name each Secret."""
WRITTEN = ["app", "drift", "typed", "creds", "tls"]


class Served(NamedTuple):
    """`as_it`: the cluster with the reconciler's own rights."""

    overlay: str
    shop: Tenant
    operator: Operator
    as_it: Cluster

    def warnings(self, name: str = "") -> list[str]:
        """What it told of as a warning, of the objects of that name; without one of all but `other`, which a test has made to be
        refused. And what it may not watch."""
        found = self.shop.cluster.list("v1", "Event", self.shop.namespace)
        named = [(event["involvedObject"]["name"], event) for event in found if event["type"] == "Warning"]
        wanted = [event for about, event in named if about == name or (not name and about != "other")]
        return [f"{event['reason']}: {event['message']}" for event in wanted] + self.unwatched()

    def unwatched(self) -> list[str]:
        """Not those that the API server puts off while it starts."""
        lines = self.operator.server.output().splitlines()
        return [line for line in lines if "a watch was cut off or refused" in line and '"forbidden"' in line]

    def bugs(self) -> float:
        return self.operator.value("keywave_bugs_total")


@pytest.fixture(scope="module", params=["cluster", "cluster-by-namespace", *NAMED])
def served(
    request: pytest.FixtureRequest,
    kustomize: Path,
    own_cluster: Cluster,
    vault: Vault,
    postgresql: PostgreSQL,
    rig_folder: Path,
) -> Iterator[Served]:
    shop, name = tenant(own_cluster, vault), str(request.param)
    shop.with_database(postgresql)
    shop.with_pki()
    namespace = f"rights-{secrets.token_hex(3)}"
    folder = rig_folder / namespace
    objects = built(kustomize, DEPLOY / "overlays" / ("namespaced" if name == "rendered" else name))
    objects = renamed(objects, namespace, shop.namespace)
    if name == "rendered":
        objects = [one for one in objects if one["metadata"].get("namespace") != shop.namespace]
        objects += rendered(shop, namespace, folder)
    if name == "namespaced":
        write_down(objects, shop.namespace, {"app": WRITTEN})
    as_it, kubeconfig = as_account(own_cluster, objects, folder)
    only = [f"--namespace={shop.namespace}"] if name in NAMED else []
    for kind in WORKLOADS:
        workload(shop, kind, "app")
    shop.connect()
    with reconciler(folder, own_cluster, *only, namespace=namespace, kubeconfig=kubeconfig) as operator:
        yield Served(name, shop, operator, as_it)


def write_down(objects: Objects, namespace: str, names: dict[str, list[str]]) -> None:
    """The destinations that the Role names, as an operator would write them into it."""
    roles = [one for one in objects if one["kind"] == "Role" and one["metadata"].get("namespace") == namespace]
    for rule in [rule for role in roles for rule in role["rules"] if "delete" in rule["verbs"]]:
        rule["resourceNames"] = [name for old in rule["resourceNames"] for name in names[old]]


def rendered(shop: Tenant, operator: str, folder: Path) -> Objects:
    """Role and RoleBinding for the objects of these tests, from `keywave render --kit platform`."""
    who = f"{{kind: keywave, namespace: {operator}, serviceAccount: {ACCOUNT}-{operator}}}"
    common = f"address: {shop.vault.url}, emit: all, operator: {who}, kv: {{mount: kv}}, dynamic: {{mount: db}}"
    profiles = {
        "main": f"{{{common}, pki: {{mount: pki}}, auth: {{role: app}}}}",
        "login": f"{{{common}, auth: {{method: appRole, roleId: x, secretRef: app-login}}}}",
    }
    intents = {
        **{name: f"{{profile: main, kv: {name}, serviceAccount: app}}" for name in ("app", "drift", "typed")},
        "tls": "{profile: main, pki: app, commonName: a.example.com, serviceAccount: app}",
        "creds": "{profile: login, dynamic: creds/app}",
    }
    pod = {"containers": [{"name": "app", "image": "app:1", "envFrom": [{"secretRef": {"name": "app"}}]}]}
    tree: Objects = [
        {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "app"}, "spec": {"template": {"spec": pod}}}
        for kind in WORKLOADS
    ]
    for kind, specs in (("VaultProfile", profiles), ("SecretIntent", intents)):
        for name, spec in specs.items():
            metadata = {"apiVersion": "keywave.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
            tree.append({**metadata, "spec": yaml.safe_load(spec)})
    for one in tree:
        if one["kind"] != "VaultProfile":
            one["metadata"]["namespace"] = shop.namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tree.yaml").write_text(yaml.safe_dump_all(tree))
    done = keywave("render", "--kit", "platform", str(folder / "tree.yaml"))
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    return [one for one in made if one["kind"] in ("Role", "RoleBinding")]


def workload(shop: Tenant, kind: str, name: str) -> None:
    labels = {"app": name, "kind": kind.lower()}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    spec: dict[str, Any] = {"selector": {"matchLabels": labels}, "template": template}
    spec |= {"serviceName": name} if kind == "StatefulSet" else {}
    metadata = {"name": name, "namespace": shop.namespace}
    shop.cluster.apply({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec})


def restarted(shop: Tenant) -> list[str]:
    """The kinds whose workload was restarted."""
    found = {kind: shop.cluster.get("apps/v1", kind, "app", shop.namespace) or {} for kind in WORKLOADS}
    told = "vso.secrets.hashicorp.com/restartedAt"
    metadata = {kind: body["spec"]["template"]["metadata"] for kind, body in found.items()}
    return [kind for kind, one in metadata.items() if told in (one.get("annotations") or {})]


def events(shop: Tenant) -> set[str]:
    found = shop.cluster.list("v1", "Event", shop.namespace)
    return {event["reason"] for event in found if event.get("reportingComponent") == "keywave-reconciler"}


def test_a_change_in_vault_is_written_restarts_each_kind_of_workload_and_is_told(served: Served) -> None:
    shop = served.shop
    shop.put("app", password="one")
    shop.static("app", rolloutRestartTargets=[{"kind": kind, "name": "app"} for kind in WORKLOADS])
    shop.wait_secret("app", password="one")

    shop.put("app", password="two")

    shop.wait_secret("app", password="two")
    wait_for("the restarts", lambda: restarted(shop) == [*WORKLOADS], last=lambda: str(restarted(shop)))
    wait_for("the events", lambda: {"SecretRotated", "RolloutRestartTriggered"} <= events(shop))
    assert (served.warnings(), served.bugs()) == ([], 0.0)


def test_what_somebody_changes_or_deletes_is_put_right_by_the_next_refresh(served: Served) -> None:
    shop = served.shop
    shop.put("drift", password="one")
    shop.static("drift")
    shop.wait_secret("drift", password="one")

    shop.cluster.patch("v1", "Secret", "drift", {"data": {"password": "eA==", "more": "eA=="}}, shop.namespace)
    shop.wait_secret("drift", password="one")
    shop.cluster.delete("v1", "Secret", "drift", shop.namespace)

    shop.wait_secret("drift", password="one")
    assert (served.warnings(), served.bugs()) == ([], 0.0)


def test_another_type_is_another_secret_of_the_same_name(served: Served) -> None:
    shop = served.shop
    shop.put("typed", password="one")
    shop.static("typed")
    shop.wait_secret("typed", password="one")

    def now() -> dict[str, Any]:
        return shop.cluster.get("v1", "Secret", "typed", shop.namespace) or {}

    before = now()["metadata"]["uid"]
    destination = {"name": "typed", "create": True, "type": "example.com/password"}
    shop.static("typed", destination={**destination, "transformation": {"excludeRaw": True}})

    wait_for("the type", lambda: now().get("type") == "example.com/password", last=lambda: str(served.warnings()))
    assert now()["metadata"]["uid"] != before
    shop.wait_secret("typed", password="one")
    assert (served.warnings(), served.bugs()) == ([], 0.0)


def test_a_login_by_app_role_is_removed_with_all_that_hangs_on_it_and_nothing_is_left_in_vault(served: Served) -> None:
    shop = served.shop
    with_login(shop)
    shop.leased("creds", vaultAuthRef="login")
    tls = {"name": "tls", "create": True, "type": "kubernetes.io/tls"}
    asked = {"vaultAuthRef": "login", "mount": f"{shop.mount}-pki", "role": "app", "commonName": "a.example.com"}
    shop.apply("VaultPKISecret", "tls", {**asked, "ttl": "30m", "revoke": True, "destination": tls})
    shop.wait_condition("VaultDynamicSecret", "creds", "True")
    shop.wait_condition("VaultPKISecret", "tls", "True")
    serial = shop.status("VaultPKISecret", "tls")["serialNumber"]
    login = shop.cluster.get("v1", "Secret", "app-login", shop.namespace) or {}
    assert login["metadata"]["finalizers"] == ["reconcile.keywave.dev/revokes-with-it"]
    assert len(shop.leases()) == 1
    everything = [
        ("v1", "Secret", "app-login"),
        (VSO, "VaultAuth", "login"),
        (VSO, "VaultConnection", "login"),
        (VSO, "VaultDynamicSecret", "creds"),
        (VSO, "VaultPKISecret", "tls"),
    ]

    for version, kind, name in everything:
        shop.cluster.delete(version, kind, name, shop.namespace)

    def left() -> list[str]:
        return [
            f"{kind} {name}"
            for version, kind, name in everything
            if shop.cluster.get(version, kind, name, shop.namespace)
        ]

    wait_for("all to go", lambda: not left(), timeout=40, last=lambda: str(left()))
    certificate = shop.vault.read(f"{shop.mount}-pki/cert/{serial}") or {}
    assert (shop.leases(), certificate["revocation_time"] > 0) == ([], True)
    assert (served.warnings(), served.bugs()) == ([], 0.0)


def with_login(shop: Tenant) -> None:
    """VaultConnection and VaultAuth `login`, by appRole, with its Secret `app-login`."""
    mount = f"{shop.mount}-approle"
    shop.vault.write(f"sys/auth/{mount}", {"type": "approle"})
    path = f"auth/{mount}/role/app"
    shop.vault.write(path, {"token_policies": shop.mount, "token_ttl": "20m"})
    role_id = (shop.vault.read(f"{path}/role-id") or {})["role_id"]
    secret_id = shop.vault.request("POST", f"{path}/secret-id", {}).body["data"]["secret_id"]
    metadata = {"name": "app-login", "namespace": shop.namespace}
    shop.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"id": secret_id}})
    shop.apply("VaultConnection", "login", {"address": shop.vault.url})
    spec = {"vaultConnectionRef": "login", "method": "appRole", "mount": mount}
    shop.apply("VaultAuth", "login", {**spec, "appRole": {"roleId": role_id, "secretRef": "app-login"}})


def test_a_secret_that_the_role_does_not_name_is_refused_and_the_object_says_so(served: Served) -> None:
    shop = served.shop
    shop.put("other", password="one")
    shop.static("other")
    if served.overlay not in NAMED:
        shop.wait_secret("other", password="one")
        return

    shop.wait_condition("VaultStaticSecret", "other", "False", "K8sClientError")
    assert shop.secret("other") is None
    path = f"/api/v1/namespaces/{shop.namespace}/secrets"
    assert {served.as_it.request("GET", each).status for each in (path, f"{path}/other")} == {403}
    wait_for("the event", lambda: [told for told in served.warnings("other") if told.startswith("K8sClientError: ")])
