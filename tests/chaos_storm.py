"""What may happen to the reconcilers and to everything around them, in an order that a seed gives."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from chaos_world import STATICS, World
from reconciler_tenant import Tenant

from keywave.controller.running.shards import COUNT, shard_of
from rig import disturb
from rig.cluster import Body
from rig.kubernetes import write_kubeconfig
from rig.operators import OPERATOR_NAMESPACE, Operator, reconciler
from rig.processes import Server
from rig.tcp_proxy import TcpProxy
from rig.vault import StoredVault
from rig.waiting import wait_for

LEASE_SECONDS = 5
"""Of a shard."""


class Upset(NamedTuple):
    """What happened, and when, in seconds since 1970."""

    what: str
    began: float
    ended: float


class Storm:
    """`to_vault`, `to_kubernetes`: the network of the reconcilers; whatever the test itself asks goes past it."""

    def __init__(
        self,
        world: World,
        vault: StoredVault,
        to_vault: TcpProxy,
        to_kubernetes: TcpProxy,
        folder: Path,
        chance: random.Random,
        ends: contextlib.ExitStack,
    ) -> None:
        self.world, self.vault, self.folder, self.random, self._ends = world, vault, folder, chance, ends
        self.to_vault, self.to_kubernetes = to_vault, to_kubernetes
        self.upsets: list[Upset] = []
        self.again: list[Server] = []
        self.all_operators: list[Operator] = []
        self._kubeconfig = folder / "kubeconfig"
        cluster = world.cluster
        write_kubeconfig(self._kubeconfig, f"https://{to_kubernetes.address}", cluster.token, Path(cluster.ca_file))
        self.operators = [self._operator(), self._operator()]

    def rage(self, seconds: float) -> None:
        """Each rare thing at least once, and on until the time is over; between them what happens every day."""
        end, began = time.monotonic() + seconds, time.monotonic()
        while True:
            deck = [*self._rare()]
            self.random.shuffle(deck)
            for what, happening in deck:
                for daily in self.random.sample((self.write, self.drift, self.delete_secret), k=2):
                    daily()
                at = time.time()
                print(f"{time.monotonic() - began:6.1f} s: {what}", flush=True)
                happening()
                self.upsets.append(Upset(what, at, time.time()))
                time.sleep(self.random.uniform(0, 0.3))
            if time.monotonic() >= end:
                return

    def end(self) -> None:
        """Of the servers that were started again: nobody else knows of them."""
        for server in self.again:
            server.stop()

    def _rare(self) -> list[tuple[str, Callable[[], None]]]:
        network = [
            (f"{name} {how}", lambda proxy=proxy, how=how: self._network(proxy, how))
            for name, proxy in (("network to Vault", self.to_vault), ("network to Kubernetes", self.to_kubernetes))
            for how in ("cut", "cut in an answer", "slow", "silent", "refused")
        ]
        return [
            ("kill a shard's holder", self.kill_holder),
            ("stop a reconciler", self.stop_operator),
            ("seal Vault", self.seal),
            ("kill Vault", self.restart_vault),
            ("stall the API server", self.stall_api_server),
            ("kill the API server", self.restart_api_server),
            ("kill etcd", self.restart_etcd),
            ("revoke tokens", self.revoke_tokens),
            ("revoke leases", self.revoke_leases),
            ("move the KV engine", lambda: self._move(self.world.first.mount)),
            ("move the database engine", lambda: self._move(f"{self.world.first.mount}-db")),
            *network,
        ]

    # Every day

    def write(self) -> None:
        for _ in range(3):
            self.world.put(self._shop(), self.random.choice(STATICS))

    def drift(self) -> None:
        shop, name = self._shop(), self.random.choice(STATICS)
        self.world.note(shop.namespace, f"{name} is changed by hand")
        with contextlib.suppress(AssertionError, OSError):  # it may not be there
            shop.cluster.patch("v1", "Secret", name, {"data": {"password": "eA=="}}, shop.namespace)

    def delete_secret(self) -> None:
        shop, name = self._shop(), self.random.choice((*STATICS, "creds", "tls", "mixed"))
        self.world.note(shop.namespace, f"{name} is deleted by hand")
        with contextlib.suppress(AssertionError, OSError):
            shop.cluster.delete("v1", "Secret", name, shop.namespace)

    def _shop(self) -> Tenant:
        return self.random.choice(self.world.shops)

    # The reconcilers

    def _operator(self) -> Operator:
        started = reconciler(
            self.folder,
            self.world.cluster,
            f"--lease-duration={LEASE_SECONDS}",
            "--log-level=debug",
            ready="/healthz",
            kubeconfig=str(self._kubeconfig),
        )
        made = self._ends.enter_context(started)
        self.all_operators.append(made)
        return made

    def kill_holder(self) -> None:
        """Of one namespace; the other one, or a new one, takes over."""
        holder = self.holders()[shard_of(self._shop().namespace)]
        index = next((n for n, operator in enumerate(self.operators) if identity(operator) == holder), 0)
        self.operators[index].end(kill=True)
        self.operators[index] = self._operator()

    def stop_operator(self) -> None:
        index = self.random.randrange(2)
        assert self.operators[index].end() == 0
        self.operators[index] = self._operator()

    def holders(self) -> dict[int, str]:
        """Of each shard, "" where nobody has it."""
        found = {body["metadata"]["name"]: body for body in self._leases()}
        names = {shard: f"keywave-reconciler-shard-{shard:02}" for shard in range(COUNT)}
        return {
            shard: (found.get(name) or {"spec": {}})["spec"].get("holderIdentity", "") for shard, name in names.items()
        }

    def _leases(self) -> list[Body]:
        return self.world.cluster.list("coordination.k8s.io/v1", "Lease", OPERATOR_NAMESPACE)

    # Vault

    def seal(self) -> None:
        self.vault.seal()
        time.sleep(self.random.uniform(0.5, 2.5))
        self.vault.unseal()

    def restart_vault(self) -> None:
        self.vault.kill()
        time.sleep(self.random.uniform(0, 1.5))
        self.vault.start()
        time.sleep(self.random.uniform(0, 1))
        self.vault.unseal()

    def revoke_tokens(self) -> None:
        for accessor in self.logins():
            self.vault.now.request("POST", "auth/token/revoke-accessor", {"accessor": accessor})

    def logins(self) -> list[str]:
        """Accessors of the tokens that were got by our logins and live."""
        vault, found = self.vault.now, []
        for accessor in vault.request("LIST", "auth/token/accessors").body["data"]["keys"]:
            known = vault.request("POST", "auth/token/lookup-accessor", {"accessor": accessor})
            if known.ok and known.body["data"].get("path", "").startswith(f"auth/{self.world.first.mount}/"):
                found.append(accessor)
        return found

    def revoke_leases(self) -> None:
        mount = self.world.first.mount
        for role in ("app", "mixed"):
            for lease in self.world.first.leases(role)[:2]:
                self.vault.now.request("PUT", "sys/leases/revoke", {"lease_id": f"{mount}-db/creds/{role}/{lease}"})

    def _move(self, mount: str) -> None:
        """Away, and back. Vault revokes the leases of what it moves."""
        self._remount(mount, f"{mount}-moved")
        time.sleep(self.random.uniform(0.5, 2.5))
        self._remount(f"{mount}-moved", mount)

    def _remount(self, source: str, target: str) -> None:
        asked = self.vault.now.request("POST", "sys/remount", {"from": source, "to": target})
        assert asked.ok, f"remount: {asked.status} {asked.message}"
        job = f"sys/remount/status/{asked.body['data']['migration_id']}"
        wait_for("the engine to be moved", lambda: self._moved(job), timeout=30, every=0.05)

    def _moved(self, job: str) -> bool:
        told = (self.vault.now.read(job) or {}).get("migration_info", {}).get("status")
        assert told != "failure", told
        return bool(told == "success")

    # Kubernetes

    def stall_api_server(self) -> None:
        disturb.stall(disturb.process_with(f"--secure-port={self._port}"), self.random.uniform(1, 3.5))

    def restart_api_server(self) -> None:
        self._back(disturb.kill_and_start(f"--secure-port={self._port}", pause=0.5))

    def restart_etcd(self) -> None:
        self._back(disturb.kill_and_start(f"--data-dir={self.folder / 'etcd' / 'data'}"))

    def _back(self, server: Server) -> None:
        self.again.append(server)
        told = lambda: "\n".join(one.tail(20) for one in {one.log: one for one in self.again}.values())  # noqa: E731
        wait_for(f"Kubernetes to answer after {server.name}", self._answers, timeout=60, last=told)

    @property
    def _port(self) -> str:
        return self.world.cluster.url.rpartition(":")[2]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.world.cluster.request("GET", "/readyz", timeout=2).ok
        return False

    # The network

    def _network(self, proxy: TcpProxy, how: str) -> None:
        if how == "cut":
            for _ in range(3):
                proxy.cut()
                time.sleep(self.random.uniform(0, 0.5))
            return
        if how == "cut in an answer":
            proxy.cut(after=self.random.randrange(1, 5000))
        elif how == "slow":
            proxy.slow(self.random.uniform(0.05, 0.5))
        elif how == "silent":
            proxy.stall()
        else:
            proxy.refuse()
        time.sleep(self.random.uniform(0.5, 2.5))
        proxy.heal()


def identity(operator: Operator) -> str:
    """By which it signs its Leases; "" before it says so."""
    for line in operator.server.output().splitlines():
        with contextlib.suppress(ValueError):
            told = json.loads(line)
            if told.get("message") == "started":
                return str(told["identity"])
    return ""
