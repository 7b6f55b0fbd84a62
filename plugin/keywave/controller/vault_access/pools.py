"""Connections to Vault: one pool for each ConnectionPlan, made when first needed, with the CA out of the cluster."""

from __future__ import annotations

import base64
import binascii
import ssl
import threading
from time import monotonic

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.ports import Kube
from keywave.errors import UsageError
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.manifest import mapping
from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Exchange
from keywave.vault.origin import origin_of
from keywave.vault.tls import default_context
from keywave.vault.transport import Transport
from keywave.vault.values import VaultFault, loads

LARGEST = 16 << 20
"""Bytes of an answer."""
_MOST = 256
_CA_SECONDS = 60.0


class Pool:
    """Kept connections to one Vault, with the CA that they trust."""

    def __init__(self, exchange: Exchange, transport: Transport, dialler: Dialler, ca: bytes) -> None:
        self.exchange, self.ca, self.used = exchange, ca, monotonic()
        self._transport, self._dialler = transport, dialler
        self.checked = monotonic()

    def forget_addresses(self) -> None:
        self._dialler.forget()

    def close(self) -> None:
        self._transport.close()


class Pools:
    """By plan. A CA in a Secret is looked at again once a minute, and after a failed handshake."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._pools: dict[ConnectionPlan, Pool] = {}
        self._lock = threading.Lock()

    def of(self, plan: ConnectionPlan) -> Pool:
        """Raises VaultFault(invalid) for a CA or an address that will not do."""
        pool = self._pools.get(plan)
        if pool is not None and not (plan.ca_secret and monotonic() - pool.checked > _CA_SECONDS):
            pool.used = monotonic()
            return pool
        ca = self._ca(plan)
        with self._lock:
            pool = self._pools.get(plan)
            if pool is not None and pool.ca == ca:
                pool.checked = pool.used = monotonic()
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
        if not plan.ca_secret:
            return b""
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


def _make(plan: ConnectionPlan, ca: bytes) -> Pool:
    try:
        base = origin_of(plan.address, "the address of the VaultConnection")
    except UsageError as problem:
        raise VaultFault("invalid", str(problem)) from None
    context = _context(plan, ca) if base.scheme == "https" else None
    dialler = Dialler(context, server_name=plan.server_name)
    transport = Transport(dialler, LARGEST)
    return Pool(Exchange(transport, base, loads=loads, headers=dict(plan.headers)), transport, dialler, ca)


def _context(plan: ConnectionPlan, ca: bytes) -> ssl.SSLContext:
    try:
        context = default_context(ca_file=plan.ca_path)
        if ca:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cadata=ca.decode("ascii"))
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    except (OSError, ValueError):
        named = f"the file {plan.ca_path}" if plan.ca_path else f"ca.crt of the Secret {plan.ca_secret}"
        raise VaultFault("invalid", f"{named} is not a certificate in PEM") from None
    if plan.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
