"""Everything goes wrong at random moments, and at the end the world is right: each Secret holds what Vault has, each lease has an owner.

`KEYWAVE_CHAOS_SEED` repeats a run, `KEYWAVE_CHAOS_SECONDS` makes it longer (`make soak`)."""

from __future__ import annotations

import contextlib
import random
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reconciler_tenant import VSO, Tenant, tenant

from rig import REPOSITORY, crds, disturb
from rig import etcd as etcd_driver
from rig import kubernetes as kubernetes_driver
from rig import vault as vault_driver
from rig.cluster import Cluster
from rig.machine import ENVIRON
from rig.operators import Operator, reconciler
from rig.postgresql import PostgreSQL
from rig.processes import Server
from rig.vault import Vault
from rig.waiting import wait_for

SECONDS = float(ENVIRON.get("KEYWAVE_CHAOS_SECONDS", "40"))
SEED = int(ENVIRON.get("KEYWAVE_CHAOS_SEED") or secrets.randbelow(10**6))
STATIC, LEASED = 30, 5


class Storm:
    """The world, and what may happen to it."""

    def __init__(self, shop: Tenant, cluster: Cluster, vault: Vault, folder: Path, ends: contextlib.ExitStack) -> None:
        self.shop, self.cluster, self.vault, self.folder, self.ends = shop, cluster, vault, folder, ends
        self.random = random.Random(SEED)
        self.values: dict[str, str] = {}
        self.again: list[Server] = []
        self.operators = [self._operator(), self._operator()]
        self.unseal_key = self._unseal_key()

    def _operator(self) -> Operator:
        started = reconciler(self.folder, self.cluster, "--lease-duration=5", ready="/healthz")
        return self.ends.enter_context(started)

    def _unseal_key(self) -> str:
        (line,) = [line for line in self.vault.server.output().splitlines() if line.startswith("Unseal Key:")]
        return line.split()[-1]

    # What happens

    def write(self) -> None:
        for _ in range(5):
            name = f"app-{self.random.randrange(STATIC)}"
            self.values[name] = f"value-{self.random.randrange(10**9)}"
            self.shop.put(name, password=self.values[name])

    def drift(self) -> None:
        name = f"app-{self.random.randrange(STATIC)}"
        with contextlib.suppress(AssertionError):  # it may not be there
            self.cluster.patch("v1", "Secret", name, {"data": {"password": "eA=="}}, self.shop.namespace)

    def delete_secret(self) -> None:
        name = self.random.choice((f"app-{self.random.randrange(STATIC)}", f"creds-{self.random.randrange(LEASED)}"))
        self.cluster.delete("v1", "Secret", name, self.shop.namespace)

    def kill_operator(self) -> None:
        index = self.random.randrange(2)
        self.operators[index].end(kill=True)
        self.operators[index] = self._operator()

    def stop_operator(self) -> None:
        index = self.random.randrange(2)
        assert self.operators[index].end() == 0
        self.operators[index] = self._operator()

    def seal(self) -> None:
        assert self.vault.request("PUT", "sys/seal").ok
        time.sleep(self.random.uniform(1, 4))
        assert self.vault.request("PUT", "sys/unseal", {"key": self.unseal_key}).ok
        wait_for("Vault to be unsealed", lambda: self.vault.request("GET", "sys/health").ok)

    def stall_api_server(self) -> None:
        disturb.stall(disturb.process_with(f"--secure-port={self._port}"), self.random.uniform(1, 6))

    def restart_api_server(self) -> None:
        self.again.append(disturb.kill_and_start(f"--secure-port={self._port}", pause=1))
        wait_for("the API server", self._answers, timeout=60)

    def restart_etcd(self) -> None:
        data = f"--data-dir={self.folder / 'etcd' / 'data'}"
        self.again.append(disturb.kill_and_start(data))
        wait_for("the API server to reach etcd", self._answers, timeout=60)

    def revoke_tokens(self) -> None:
        accessors = self.vault.request("LIST", "auth/token/accessors").body["data"]["keys"]
        for accessor in accessors:
            found = self.vault.request("POST", "auth/token/lookup-accessor", {"accessor": accessor})
            if found.ok and found.body["data"].get("path", "").startswith(f"auth/{self.shop.mount}/"):
                self.vault.request("POST", "auth/token/revoke-accessor", {"accessor": accessor})

    def revoke_leases(self) -> None:
        for lease in self.shop.leases()[:2]:
            whole = f"{self.shop.mount}-db/creds/app/{lease}"
            self.vault.request("PUT", "sys/leases/revoke", {"lease_id": whole})

    @property
    def _port(self) -> str:
        return self.cluster.url.rpartition(":")[2]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.cluster.request("GET", "/readyz", timeout=2).ok
        return False

    @property
    def happenings(self) -> tuple[Callable[[], None], ...]:
        often = (self.write, self.write, self.drift, self.delete_secret)
        rare = (self.kill_operator, self.stop_operator, self.seal, self.stall_api_server)
        return (*often, *rare, self.restart_api_server, self.restart_etcd, self.revoke_tokens, self.revoke_leases)

    def rage(self) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            happening = self.random.choice(self.happenings)
            print(f"{end - time.monotonic():5.1f} s left: {happening.__name__}", flush=True)
            happening()
            time.sleep(self.random.uniform(0, 1))


@pytest.fixture
def storm(rig_folder: Path, postgresql: PostgreSQL) -> Iterator[Storm]:
    folder = rig_folder / f"storm-{secrets.token_hex(3)}"
    with contextlib.ExitStack() as ends:
        store = ends.enter_context(etcd_driver.etcd(folder / "etcd"))
        cluster = ends.enter_context(kubernetes_driver.kube_apiserver(folder / "kube-apiserver", store))
        ends.enter_context(kubernetes_driver.kube_controller_manager(folder / "controllers", cluster))
        crds.install(cluster, crds.read_crds(sorted((REPOSITORY / "schemas" / "crds").glob("*.yaml"))))
        vault = ends.enter_context(vault_driver.vault(folder / "vault"))
        shop = tenant(cluster, vault)
        shop.with_database(postgresql, ttl="30s", max_ttl="2m")
        shop.connect()
        made = Storm(shop, cluster, vault, folder, ends)
        ends.callback(lambda: [server.stop() for server in made.again])
        yield made


@pytest.mark.timeout(SECONDS + 600)
def test_after_the_storm_each_secret_is_right_and_each_lease_has_an_owner(storm: Storm) -> None:
    print(f"KEYWAVE_CHAOS_SEED={SEED}")
    shop = storm.shop
    for number in range(STATIC):
        storm.values[f"app-{number}"] = "first"
        shop.put(f"app-{number}", password="first")
        shop.static(f"app-{number}", refresh="3s")
    for number in range(LEASED):
        destination = {"name": f"creds-{number}", "create": True, "transformation": {"excludeRaw": True}}
        spec = {"vaultAuthRef": "app", "mount": f"{shop.mount}-db", "path": "creds/app", "revoke": True}
        shop.apply("VaultDynamicSecret", f"creds-{number}", {**spec, "destination": destination})
    shop.wait_secret("app-0", password="first")

    storm.rage()

    expected = {name: {"password": value} for name, value in storm.values.items()}
    wait_for(
        "each Secret to hold what Vault has",
        lambda: {name: shop.secret(name) for name in expected} == expected,
        timeout=90,
        every=1,
        last=lambda: (
            str({n: shop.secret(n) for n in expected if shop.secret(n) != expected[n]})
            + "".join(operator.server.tail(40) for operator in storm.operators)
        ),
    )
    # A token that was revoked, or lost with a killed process, takes its leases along at its end; the credentials in use are living ones.
    wait_for("the credentials in use to be living leases", lambda: _in_use(shop) <= set(shop.leases()), timeout=90)
    for number in range(LEASED):
        shop.cluster.delete(VSO, "VaultDynamicSecret", f"creds-{number}", shop.namespace)
    wait_for("no lease to be left", lambda: not shop.leases(), timeout=150, every=1, last=lambda: str(shop.leases()))
    for operator in storm.operators:
        assert "Traceback" not in operator.server.output()
        assert operator.value("keywave_bugs_total") == 0
        operator.server.process.send_signal(signal.SIGTERM)


def _in_use(shop: Tenant) -> set[str]:
    found = [shop.status("VaultDynamicSecret", f"creds-{number}").get("secretLease") or {} for number in range(LEASED)]
    ids = {str(lease.get("id", "")).rpartition("/")[2] for lease in found}
    return ids if len(ids) == LEASED else {"not all have one"}
