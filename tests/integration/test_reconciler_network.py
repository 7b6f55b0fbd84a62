"""The network goes wrong, between a reconciler and Vault and between it and the API server: it says what is wrong, asks seldom, keeps the
Secrets as they are, and is right again without a hand."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig import fault_proxy as faults
from rig.cluster import Body, Cluster
from rig.fault_proxy import FaultProxy
from rig.kubernetes import write_kubeconfig
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.tcp_proxy import TcpProxy, tcp_proxy
from rig.tls import Authority
from rig.vault import Vault
from rig.waiting import wait_for

ROUNDS = itertools.count(1)
LOOK = 1.5
"""Seconds in which the requests are counted."""
MOST = 12
"""Requests in that time: two objects, a login and a connection, each after one second, then later and later."""
RECOVERY = 20.0
SECRETS = ("db", "creds")


class Line(NamedTuple):
    """`wire` to Vault, then `front`, which ends TLS (`bad`: with a certificate that has expired). `api`: to Kubernetes."""

    shop: Tenant
    operator: Operator
    wire: TcpProxy
    front: FaultProxy
    bad: FaultProxy
    api: TcpProxy

    def heal(self) -> None:
        self.front.heal()
        self.wire.upstream = self.front.url.removeprefix("https://")
        self.wire.cut()
        self.wire.heal()
        self.api.heal()

    def secrets(self) -> list[Body | None]:
        return [self.shop.cluster.get("v1", "Secret", name, self.shop.namespace) for name in SECRETS]

    def asked(self) -> tuple[float, ...]:
        """What tried to reach Vault: connections, requests that came, and those that the reconciler counted itself."""
        return self.wire.accepted, len(self.front.asked), self.operator.value("keywave_vault_requests_total")


@pytest.fixture(scope="module")
def line(
    rig_folder: Path, own_cluster: Cluster, vault: Vault, postgresql: PostgreSQL, certificates: Authority
) -> Iterator[Line]:
    shop, folder = tenant(own_cluster, vault), rig_folder / "network"
    folder.mkdir()
    good, expired = certificates.leaf("network"), certificates.leaf("network-expired", expired=True)
    shop.with_database(postgresql)
    with contextlib.ExitStack() as ends:
        front = ends.enter_context(faults.fault_proxy(vault.url, good.context()))
        bad = ends.enter_context(faults.fault_proxy(vault.url, expired.context()))
        wire, api = ends.enter_context(tcp_proxy(front.url)), ends.enter_context(tcp_proxy(own_cluster.url))
        kubeconfig = folder / "kubeconfig"
        write_kubeconfig(kubeconfig, f"https://{api.address}", own_cluster.token, Path(own_cluster.ca_file))
        only = f"--namespace={shop.namespace}"
        started = reconciler(folder, own_cluster, only, namespace=shop.namespace, kubeconfig=str(kubeconfig))
        operator = ends.enter_context(started)
        shop.put("db", password="first")
        ca = {"name": "ca", "namespace": shop.namespace}
        text = certificates.cert.read_text()
        shop.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": ca, "stringData": {"ca.crt": text}})
        shop.connect()
        connection = {"address": f"https://{wire.address}", "caCertSecretRef": "ca", "timeout": "1s"}
        shop.apply("VaultConnection", "app", connection)
        shop.static("db", refresh="1s")
        shop.leased("creds")
        shop.wait_secret("db", password="first")
        shop.wait_condition("VaultDynamicSecret", "creds", "True")
        yield Line(shop, operator, wire, front, bad, api)


def answers(fault: faults.Fault) -> Callable[[Line], None]:
    return lambda line: line.front.fail(fault)


def shows_an_expired_certificate(line: Line) -> None:
    line.wire.upstream = line.bad.url.removeprefix("https://")
    line.wire.cut()


TROUBLES: dict[str, tuple[Callable[[Line], None], str]] = {
    "nobody listens": (lambda line: line.wire.refuse(), "VaultUnreachable"),
    "no byte comes": (lambda line: line.wire.stall(), "VaultUnreachable"),
    "no answer comes": (answers(faults.silent()), "VaultUnreachable"),
    "a byte at a time": (answers(faults.slow(0.2)), "VaultUnreachable"),
    "cut in the middle of the answer": (answers(faults.cut()), "VaultUnreachable"),
    "an expired certificate": (shows_an_expired_certificate, "VaultUnreachable"),
    "500": (answers(faults.server_error(500)), "VaultUnreachable"),
    "429": (answers(faults.rate_limited("2")), "VaultRateLimited"),
    "sealed": (answers(faults.sealed()), "VaultSealed"),
}


@pytest.mark.parametrize(("begin", "reason"), TROUBLES.values(), ids=TROUBLES)
def test_vault_away_is_told_costs_little_and_leaves_the_secrets_alone(
    line: Line, begin: Callable[[Line], None], reason: str
) -> None:
    shop, number = line.shop, str(next(ROUNDS))
    before = line.secrets()
    begin(line)
    # The leased one, which has nothing to ask for now, is told to.
    asked = {"metadata": {"annotations": {"reconcile.keywave.dev/refresh": number}}}
    shop.cluster.patch(VSO, "VaultDynamicSecret", "creds", asked, shop.namespace)
    try:
        for kind, name in (("VaultStaticSecret", "db"), ("VaultDynamicSecret", "creds")):
            _wait_told(shop, kind, name, reason)
            assert shop.condition(kind, name)[0] == "True"  # Ready: an outage holds no rollout back
        count = line.asked()
        time.sleep(LOOK)
        more = [after - then for then, after in zip(count, line.asked(), strict=True)]
        assert max(more) <= MOST, f"in {LOOK:g} s: {more}"
        assert line.secrets() == before
    finally:
        line.heal()
    shop.put("db", password=f"after-{number}")
    shop.wait_secret("db", password=f"after-{number}", timeout=RECOVERY)
    answered = lambda: shop.status("VaultDynamicSecret", "creds").get("lastRefreshRequest") == number  # noqa: E731
    wait_for("new credentials", answered, timeout=RECOVERY)


def _wait_told(shop: Tenant, kind: str, name: str, reason: str) -> None:
    wait_for(
        f"{kind} to tell of {reason}",
        lambda: shop.condition(kind, name, "SecretSynced") == ("False", reason),
        timeout=12,
        last=lambda: str(shop.status(kind, name)),
    )


def test_after_all_that_no_lease_is_forgotten_and_the_last_one_lets_in(line: Line, postgresql: PostgreSQL) -> None:
    shop = line.shop
    status, data = shop.status("VaultDynamicSecret", "creds"), shop.secret("creds") or {}
    known = [status["secretLease"], *(status.get("pendingRevocations") or ())]

    assert set(shop.leases()) <= {lease["id"].rpartition("/")[2] for lease in known}
    assert postgresql.query("SELECT 1", user=data["username"], password=data["password"]) == ["1"]


API_TROUBLES: dict[str, Callable[[TcpProxy], None]] = {
    "cut": lambda api: api.cut(),
    "cut in the middle of an answer": lambda api: api.cut(after=300),
    "slow": lambda api: api.slow(0.1),
    "no byte comes": lambda api: api.stall(),
    "nobody listens": lambda api: api.refuse(),
}


@pytest.mark.parametrize("begin", API_TROUBLES.values(), ids=API_TROUBLES)
def test_the_api_server_away_changes_nothing_and_is_caught_up_with(
    line: Line, begin: Callable[[TcpProxy], None]
) -> None:
    shop, number = line.shop, str(next(ROUNDS))
    before = shop.secret("creds")
    begin(line.api)
    # What the watches must tell of later: another object, a Secret that somebody changed, another value in Vault.
    shop.static(f"late-{number}", "db", refresh="1h")
    shop.cluster.patch("v1", "Secret", "db", {"data": {"password": "eA=="}}, shop.namespace)
    shop.put("db", password=f"api-{number}")
    time.sleep(LOOK)
    line.heal()

    shop.wait_secret("db", password=f"api-{number}", timeout=RECOVERY)
    wait_for("the other one", lambda: shop.secret(f"late-{number}"), timeout=RECOVERY)
    assert shop.secret("creds") == before


def test_it_goes_with_all_its_leases_and_it_was_no_bug(line: Line) -> None:
    shop = line.shop
    shop.cluster.delete(VSO, "VaultDynamicSecret", "creds", shop.namespace)
    wait_for("no lease to be left", lambda: not shop.leases(), timeout=20, last=lambda: str(shop.leases()))

    assert line.operator.value("keywave_bugs_total") == 0
    assert "Traceback" not in line.operator.server.output()
    assert line.operator.end() == 0
