"""Connections to Vault: one pool for each ConnectionPlan, made when first needed, with the certificates out of the cluster."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from time import monotonic

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.ports import Kube
from keywave.controller.vault_access.trusted import Trusted, context_of, read_trusted
from keywave.errors import UsageError
from keywave.vault.client import SharedClient
from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Exchange
from keywave.vault.origin import Origin, origin_of
from keywave.vault.proxies import proxy_for
from keywave.vault.transport import Transport
from keywave.vault.values import VaultFault, loads

LARGEST = 2 << 20
"""Bytes of an answer: a Secret holds 1 MiB, Vault's own storage as much. Sixteen workers that take JSON apart need twenty times that."""
CONNECT = 5.0
"""Seconds for TCP and TLS: who is there answers sooner, whatever a request may take then."""
_MOST = 256
_LOOK_SECONDS = 60.0


class _Dialler(Dialler):
    def dial(self, origin: Origin, end: float) -> socket.socket:
        return super().dial(origin, min(end, monotonic() + CONNECT))


class Pool:
    """Kept connections to one Vault, with the certificates that they were made with. `once`: each request over a connection of its own."""

    def __init__(self, dialler: Dialler, base: Origin, headers: Mapping[str, str], trusted: Trusted) -> None:
        self._dialler = dialler
        self._transport, self._apart = Transport(dialler, LARGEST), Transport(dialler, LARGEST, keep=False)
        self.client = SharedClient(Exchange(self._transport, base, loads=loads, headers=headers))
        closing = {**headers, "Connection": "close"}
        self.once = SharedClient(Exchange(self._apart, base, loads=loads, headers=closing))
        self.trusted, self.used, self.checked = trusted, monotonic(), monotonic()

    def forget_addresses(self) -> None:
        self._dialler.forget()

    def close(self) -> None:
        self._transport.close()
        self._apart.close()


class Pools:
    """By plan. A certificate in a Secret or a file is looked at again once a minute, and after a failed handshake."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._pools: dict[ConnectionPlan, Pool] = {}
        self._lock = threading.Lock()

    def of(self, plan: ConnectionPlan) -> Pool:
        """Raises VaultFault(invalid) for a certificate or an address that will not do, where there is no pool yet: what was there last goes
        on."""
        pool = self._pools.get(plan)
        if pool is None:
            return self._made(plan)
        pool.used = monotonic()
        if not (plan.ca_secret or plan.ca_path or plan.client_secret) or monotonic() - pool.checked <= _LOOK_SECONDS:
            return pool
        pool.checked = monotonic()  # one thread looks
        try:
            return self._made(plan)
        except VaultFault:  # Kubernetes is away, the Secret is gone, the file half written
            return pool

    def _made(self, plan: ConnectionPlan) -> Pool:
        """The one there is, or a new one where there is none or a certificate is another."""
        trusted = read_trusted(self._kube, plan)
        with self._lock:
            pool = self._pools.get(plan)
            if pool is not None and pool.trusted == trusted:
                return pool
            made = self._pools[plan] = _make(plan, trusted)
            self._bound()
        # The old one is not closed: requests are under way on it. It ends with the last of them.
        return made

    def doubt(self, plan: ConnectionPlan) -> None:
        """A connection failed: addresses and certificates may have changed."""
        pool = self._pools.get(plan)
        if pool is not None:
            pool.forget_addresses()
            pool.checked = 0.0

    def close(self) -> None:
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _bound(self) -> None:
        while len(self._pools) > _MOST:
            oldest = min(self._pools, key=lambda plan: self._pools[plan].used)
            del self._pools[oldest]


def _make(plan: ConnectionPlan, trusted: Trusted) -> Pool:
    try:
        base = origin_of(plan.address, "the address of the VaultConnection")
        proxy = proxy_for(base, os.environ)
    except UsageError as problem:
        raise VaultFault("invalid", str(problem)) from None
    context = context_of(plan, trusted) if base.scheme == "https" else None
    return Pool(_Dialler(context, server_name=plan.server_name, proxy=proxy), base, dict(plan.headers), trusted)
