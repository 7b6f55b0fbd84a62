"""The door to Vault, and the only importer of hvac: importing it costs up to a quarter of a second, so do that where Vault is asked.

hvac's client does the talking (login, unwrapping, looking up and revoking the own token), through an adapter of ours: kept
connections shared by threads, one time limit for a whole request, a limit for a body, and no redirect but a standby's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import hvac
from hvac.adapters import Adapter

from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Answer, Exchange
from keywave.vault.faults import OutOfReach, one_line
from keywave.vault.fetching import fetch
from keywave.vault.login.model import Door, Grant, Login
from keywave.vault.masked import Masked
from keywave.vault.origin import origin_of
from keywave.vault.session import Progress, Send, Session
from keywave.vault.settings import Settings
from keywave.vault.tls import context_for
from keywave.vault.transport import Transport
from keywave.vault.wire import Request

__all__ = ["OutOfReach", "Progress", "Session", "Settings", "SharedClient", "connect"]


def connect(settings: Settings, login: Login) -> Session:
    """A session, to be used in a `with`, which logs in. Raises OutOfReach; UsageError for a CA file that cannot be read."""
    return Session(settings, login, _HvacWire(settings))


if TYPE_CHECKING:
    _Adapter = Adapter[Answer]
else:
    _Adapter = Adapter  # generic in its stubs only


class _KeepAlive(_Adapter):
    """hvac's requests over our exchange. hvac's own methods pass no time limit on: `limits.end` (time.monotonic) is set before them, by
    thread."""

    def __init__(self, base_uri: str = "", token: str | None = None, *, exchange: Exchange, **others: Any) -> None:
        # Not the parent's: it makes a session of `requests`, which nothing here uses.
        self.base_uri, self.token, self.namespace = base_uri, token, others.get("namespace")
        self._headers: tuple[tuple[str, str], ...] = others.get("headers") or ()
        self._exchange, self.limits = exchange, threading.local()

    def close(self) -> None:
        """Nothing: the transport is closed by its owner."""

    def get_login_token(self, response: Answer) -> str:
        return str(response.body["auth"]["client_token"])

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        raise_exception: bool = True,
        **kwargs: Any,
    ) -> Answer:
        """hvac's own methods come here: url is `/v1/...`. Never raises for an answer, whatever `raise_exception`."""
        path = url.removeprefix("/").removeprefix("v1/")
        return self.ask(
            method.upper(),
            path,
            self.limits.end,
            namespace=self.namespace or "",
            query=kwargs.get("params") or (),
            body=kwargs.get("json"),
        )

    def ask(
        self,
        method: str,
        path: str,
        end: float,
        *,
        namespace: str,
        query: Mapping[str, str] | tuple[tuple[str, str], ...],
        body: Mapping[str, Any] | None,
        token: str | None = None,
    ) -> Answer:
        """`token`: another one than the client's."""
        return self._exchange.ask(
            *(method, path, end),
            token=token or self.token or "",
            namespace=namespace,
            query=query,
            body=body,
            headers=self._headers,
        )


class SharedClient:
    """hvac's client for a process with many logins, which share connections: each call says whose token it is for. Raises OutOfReach for
    all that is no answer; `end` is by time.monotonic."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._adapter: Any = self._client("").adapter

    def ask(
        self,
        method: str,
        path: str,
        end: float,
        *,
        token: str,
        namespace: str = "",
        query: tuple[tuple[str, str], ...] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Any request: hvac's own methods for reading take neither a namespace nor a time limit."""
        answer: Answer = self._adapter.ask(method, path, end, token=token, namespace=namespace, query=query, body=body)
        return answer

    def log_in(
        self,
        mount: str,
        body: Mapping[str, object],
        end: float,
        *,
        namespace: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        client = self._client("", namespace, headers)
        return limited(client, end, lambda c: c.login(f"/v1/auth/{mount}/login", use_token=False, json=dict(body)))

    def renew(self, token: str, end: float, *, namespace: str = "") -> Answer:
        return limited(self._client(token, namespace), end, lambda c: c.auth.token.renew_self())

    def revoke(self, token: str, end: float, *, namespace: str = "") -> Answer:
        return limited(self._client(token, namespace), end, lambda c: c.auth.token.revoke_self())

    def health(self, end: float) -> Answer:
        """Every state is an answer of status 299, but for an active node's 200."""
        states = ("standby_code", "sealed_code", "uninit_code", "dr_secondary_code", "performance_standby_code")
        codes = dict.fromkeys(states, 299)
        return limited(self._client(""), end, lambda c: c.sys.read_health_status(method="GET", **codes))

    def _client(self, token: str, namespace: str = "", headers: tuple[tuple[str, str], ...] = ()) -> hvac.Client:
        return hvac.Client(
            self._exchange.address,
            token,
            adapter=_KeepAlive,
            namespace=namespace or None,
            exchange=self._exchange,
            headers=headers,
        )


class _HvacWire:
    """What a session sends through: hvac's client."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        base = origin_of(settings.address, "the address of Vault")
        context = context_for(settings) if base.scheme == "https" else None
        dialler = Dialler(context, server_name=settings.server_name, proxy=settings.proxy)
        self._transport = Transport(dialler, settings.limit)
        self.exchange = Exchange(self._transport, base)
        self._client = self.client("")

    def client(self, token: str) -> hvac.Client:
        """Another client over the same connections."""
        settings = self._settings
        return hvac.Client(
            settings.address, token, adapter=_KeepAlive, namespace=settings.namespace or None, exchange=self.exchange
        )

    def ask(self, request: Request, end: float) -> Answer:
        adapter: Any = self._client.adapter
        body = request.body if request.method == "POST" else None
        answer: Answer = adapter.ask(
            request.method, request.path, end, namespace=request.namespace, query=request.query, body=body
        )
        return answer

    def look_up(self, end: float) -> Answer:
        return limited(self._client, end, lambda client: client.auth.token.lookup_self())

    def revoke(self, end: float) -> None:
        limited(self._client, end, lambda client: client.auth.token.revoke_self())

    def use(self, token: str) -> None:
        self._client.token = token

    def door(self, send: Send) -> Door:
        return _HvacDoor(self, self._settings, send)

    def close(self) -> None:
        self._transport.close()


def limited(client: hvac.Client, end: float, call: Callable[[hvac.Client], Any]) -> Answer:
    """One of hvac's own methods, until `end`."""
    adapter: Any = client.adapter
    adapter.limits.end = end
    answer: Answer = call(client)
    return answer


def _unwrapped(client: hvac.Client) -> Any:
    system: Any = client.sys  # its stubs leave `unwrap` without types
    return system.unwrap()


class _HvacDoor:
    """What a login asks for."""

    def __init__(self, wire: _HvacWire, settings: Settings, send: Send) -> None:
        self._wire, self._settings, self._send = wire, settings, send

    def log_in(self, mount: str, body: Mapping[str, object], label: str) -> Grant:
        client = self._wire.client("")
        answer = self._send(
            lambda end: limited(
                client, end, lambda c: c.login(f"/v1/auth/{mount}/login", use_token=False, json=dict(body))
            )
        )
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, dict):
            raise self._refused(label, answer)
        if not auth.get("client_token"):
            raise OutOfReach("login", f"{self._wire.exchange.where} wants a second factor for the {label}")
        ttl = auth.get("lease_duration")
        return Grant(
            Masked(str(auth["client_token"])),
            ttl if isinstance(ttl, int) else 0,
            revocable=auth.get("token_type") != "batch",
        )

    def unwrap(self, token: Masked, label: str) -> Mapping[str, Any]:
        client = self._wire.client(token.reveal())

        def once(end: float) -> Answer:
            try:
                return limited(client, end, lambda c: _unwrapped(c))
            except OutOfReach as fault:
                # A wrapping token serves once: after a cut answer a second try could only say that it is gone.
                fault.transient = fault.reason == "rate-limited"
                raise

        answer = self._send(once)
        if not answer.ok:
            raise self._refused(label, answer, "it serves once, and for a short time: make a new one")
        return answer.data

    def fetch(self, url: str, bearer: Masked, called: str) -> Mapping[str, Any]:
        return fetch(url, bearer, called, self._send)

    def _refused(self, label: str, answer: Answer, hint: str = "") -> OutOfReach:
        told = one_line("; ".join(answer.texts("errors"))) or f"status {answer.status}"
        where = self._wire.exchange.where
        space = f" in namespace {self._settings.namespace}" if self._settings.namespace else ""
        return OutOfReach("login", f"{where} refused the {label}{space}: {told}", hint=hint)
