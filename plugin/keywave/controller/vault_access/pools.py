"""Connections to Vault: one pool for each ConnectionPlan, made when first needed, with the CA out of the cluster."""

from __future__ import annotations

import base64
import binascii
import os
import socket
import ssl
import threading
from collections.abc import Mapping
from time import monotonic

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.ports import Kube
from keywave.errors import UsageError
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping
from keywave.vault.client import SharedClient
from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Exchange
from keywave.vault.origin import Origin, origin_of
from keywave.vault.proxies import proxy_for
from keywave.vault.tls import default_context
from keywave.vault.transport import Transport
from keywave.vault.values import VaultFault, loads

LARGEST = 2 << 20
"""Bytes of an answer: a Secret holds 1 MiB, Vault's own storage as much. Sixteen workers that take JSON apart need twenty times that."""
CONNECT = 5.0
"""Seconds for TCP and TLS: who is there answers sooner, whatever a request may take then."""
_MOST = 256
_CA_SECONDS = 60.0


class _Dialler(Dialler):
    def dial(self, origin: Origin, end: float) -> socket.socket:
        return super().dial(origin, min(end, monotonic() + CONNECT))


class Pool:
    """Kept connections to one Vault, with the CA that they trust. `once`: each request over a connection of its own."""

    def __init__(self, dialler: Dialler, base: Origin, headers: Mapping[str, str], ca: bytes) -> None:
        self._dialler = dialler
        self._transport, self._apart = Transport(dialler, LARGEST), Transport(dialler, LARGEST, keep=False)
        self.client = SharedClient(Exchange(self._transport, base, loads=loads, headers=headers))
        closing = {**headers, "Connection": "close"}
        self.once = SharedClient(Exchange(self._apart, base, loads=loads, headers=closing))
        self.ca, self.used, self.checked = ca, monotonic(), monotonic()

    def forget_addresses(self) -> None:
        self._dialler.forget()

    def close(self) -> None:
        self._transport.close()
        self._apart.close()


class Pools:
    """By plan. A CA in a Secret or a file is looked at again once a minute, and after a failed handshake."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._pools: dict[ConnectionPlan, Pool] = {}
        self._lock = threading.Lock()

    def of(self, plan: ConnectionPlan) -> Pool:
        """Raises VaultFault(invalid) for a CA or an address that will not do, where there is no pool yet: what was trusted last goes on."""
        pool = self._pools.get(plan)
        if pool is None:
            return self._made(plan)
        pool.used = monotonic()
        if not (plan.ca_secret or plan.ca_path) or monotonic() - pool.checked <= _CA_SECONDS:
            return pool
        pool.checked = monotonic()  # one thread looks
        try:
            return self._made(plan)
        except VaultFault:  # Kubernetes is away, the Secret is gone, the file half written
            return pool

    def _made(self, plan: ConnectionPlan) -> Pool:
        """The one there is, or a new one where there is none or the CA is another."""
        ca = self._ca(plan)
        with self._lock:
            pool = self._pools.get(plan)
            if pool is not None and pool.ca == ca:
                return pool
            made = self._pools[plan] = _make(plan, ca)
            self._bound()
        # The old one is not closed: requests are under way on it. It ends with the last of them.
        return made

    def doubt(self, plan: ConnectionPlan) -> None:
        """A connection failed: addresses and CA may have changed."""
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

    def _ca(self, plan: ConnectionPlan) -> bytes:
        """The CA of a Secret in PEM; of a file what tells one state of it from another."""
        if not plan.ca_secret:
            return _state(plan.ca_path) if plan.ca_path else b""
        where = f"the Secret {plan.namespace}/{plan.ca_secret} (caCertSecretRef)"
        try:
            found = self._kube.get(SECRET, plan.namespace, plan.ca_secret)
        except KubeError as problem:
            raise VaultFault("invalid", f"{where} cannot be read: {problem.reason}") from None
        if found is None:
            raise VaultFault("invalid", f"there is no {where.removeprefix('the ')}")
        text = mapping(found.get("data")).get("ca.crt")
        try:
            return base64.b64decode(text, validate=True) if isinstance(text, str) and text else _no_ca(where)
        except binascii.Error:
            return _no_ca(where)


def _no_ca(where: str) -> bytes:
    raise VaultFault("invalid", f"{where} has no certificate under the key ca.crt")


def _state(path: str) -> bytes:
    try:
        found = os.stat(path)
    except OSError:
        return b""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}".encode()


def _make(plan: ConnectionPlan, ca: bytes) -> Pool:
    try:
        base = origin_of(plan.address, "the address of the VaultConnection")
        proxy = proxy_for(base, os.environ)
    except UsageError as problem:
        raise VaultFault("invalid", str(problem)) from None
    context = _context(plan, ca) if base.scheme == "https" else None
    return Pool(_Dialler(context, server_name=plan.server_name, proxy=proxy), base, dict(plan.headers), ca)


def _context(plan: ConnectionPlan, ca: bytes) -> ssl.SSLContext:
    if plan.skip_verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        if not plan.ca_secret:
            return default_context(ca_file=plan.ca_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca.decode("ascii"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context
    except (OSError, ValueError):
        named = f"the file {plan.ca_path}" if plan.ca_path else f"ca.crt of the Secret {plan.ca_secret}"
        raise VaultFault("invalid", f"{named} is not a certificate in PEM") from None
