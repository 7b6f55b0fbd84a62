"""Vault as the kinds see it (ports.Vault): logs in by plan, shares reads, holds back from a Vault that is down."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.auth_methods.catalogue import AUTH_METHODS
from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.ports import Counting, Kube, Token
from keywave.controller.vault_access.faults import fault_of
from keywave.controller.vault_access.gate import Gate, Ticket
from keywave.controller.vault_access.held import Held
from keywave.controller.vault_access.hiding import hidden, sent
from keywave.controller.vault_access.pools import Pools
from keywave.controller.vault_access.reads import SharedReads
from keywave.controller.vault_access.tokens import Tokens
from keywave.errors import KeywaveError
from keywave.vault.client import SharedClient
from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach, one_line
from keywave.vault.masked import Masked
from keywave.vault.values import Payload, ValueRequest, VaultFault, payload_of, renew_accessor

_TICK = 2.0
_WHOLE_SERVER = frozenset({"refused", "name", "tls", "sealed", "standby"})
"""Not a 500: that may come from one engine, and must not hold up the others."""
_LONGEST = 120.0
"""Seconds for one request, whatever a VaultConnection says: it holds a worker."""
_RENEWAL = 5.0
_RENEW_LEASE = "sys/leases/renew"
Call = Callable[[SharedClient, float], Answer]
"""Sends one request until a time (time.monotonic)."""


class VaultAccess:
    """`now` in seconds since 1970. `start` begins the one thread that renews tokens and forgets answers; `close` ends it."""

    def __init__(
        self,
        kube: Kube,
        counting: Counting,
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        most_tokens: int = 10_000,
    ) -> None:
        self._kube, self._counting, self._now = kube, counting, now
        self._pools, self._gate, self._reads = Pools(kube), Gate(time.monotonic), SharedReads(now)
        self._tokens = Tokens(self._log_in, self._renew, self._log_out, now=now, chance=chance, most=most_tokens)
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep, name="vault-tokens", daemon=True).start()

    def close(self) -> None:
        """Ends what is under way. Tokens without leases are revoked, as far as that is quick."""
        self._stopped.set()
        end = time.monotonic() + 3.0
        for plan, held in self._tokens.unleased():
            if time.monotonic() > end:
                break  # they end by their TTL
            self._log_out(plan, held)
        self._reads.clear()
        self._pools.close()

    # ports.Vault

    def read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float) -> Payload:
        return self._reads.read((plan, request), max_age, lambda: self._values(plan, request))

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        at = self._now()
        answer, held = self._answer("issue", plan, request)
        payload = payload_of(request, answer.status, answer.body, at=at, accessor=held.accessor)
        if payload.lease_id:
            renewed = request.path == _RENEW_LEASE
            self._tokens.leased(plan, held, at + payload.lease_duration, renewed=renewed)
        return payload

    def log_in(self, plan: LoginPlan) -> Token:
        return self._tokens.proved(plan).known

    def renew_token(self, plan: LoginPlan, accessor: str) -> float | None:
        held = self._tokens.renewed(accessor) if accessor else None
        if held is not None:
            return held.expires - self._now() if held.expires else float("inf")
        try:
            answer = self._answer("renew-accessor", plan, renew_accessor(accessor, plan.namespace))[0]
        except VaultFault as fault:
            if fault.reason in ("forbidden", "refused", "absent"):
                return None
            raise
        auth = answer.body.get("auth")
        seconds = auth.get("lease_duration") if isinstance(auth, Mapping) else None
        return float(seconds) if answer.ok and seconds is not None else None

    def health(self, plan: ConnectionPlan) -> None:
        answer = self._ask(plan, lambda client, end: client.health(end), operation="health")
        said = answer.body
        if said.get("initialized") is False:
            raise VaultFault("sealed", f"Vault at {plan.address} is not initialised")
        if said.get("sealed") is True:
            raise VaultFault("sealed", f"Vault at {plan.address} is sealed")

    # Asking

    def _values(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        at = self._now()
        answer, held = self._answer("read", plan, request)
        return payload_of(request, answer.status, answer.body, at=at, accessor=held.accessor, size=answer.size)

    def _answer(self, operation: str, plan: LoginPlan, request: ValueRequest) -> tuple[Answer, Held]:
        """The answer, and whose token got it. After a 403 once more with another token, where that may help: the token is dead, or the
        role has been allowed more since it was got."""
        held = self._tokens.of(plan)
        answer = self._send(operation, plan, request, held)
        if answer.status != 403:
            return answer, held
        if any("invalid token" in text or "bad token" in text for text in answer.texts("errors")):
            held = self._tokens.of(plan, dead=held)
            return self._send(operation, plan, request, held), held
        other = self._tokens.other(plan, held)
        if other is None:
            return answer, held
        again = self._send(operation, plan, request, other)
        if again.status == 403:
            self._tokens.give_back(plan, other)
            return answer, held
        self._tokens.keep(plan, other)
        return again, other

    def _send(self, operation: str, plan: LoginPlan, request: ValueRequest, held: Held) -> Answer:
        body = json.loads(request.body) if request.body else None

        def call(client: SharedClient, end: float) -> Answer:
            space = request.namespace or plan.namespace
            return client.ask(
                *(request.method, request.path, end),
                token=held.token.reveal(),
                namespace=space,
                query=request.query,
                body=body,
            )

        # Over a kept connection that ends at once a request is sent again. What makes credentials must not be.
        once = operation == "issue" and not request.path.startswith("sys/leases/")
        return self._ask(plan.connection, call, operation=operation, once=once)

    def _ask(
        self, plan: ConnectionPlan, call: Call, *, operation: str, seconds: float = 0.0, once: bool = False
    ) -> Answer:
        """One request through the gate. Raises VaultFault for all that is no answer."""
        ticket = self._gate.enter(plan)
        began = time.monotonic()
        try:
            pool = self._pools.of(plan)
            end = began + min(seconds or plan.timeout, ticket.seconds, _LONGEST)
            answer = call(pool.once if once else pool.client, end)
        except OutOfReach as problem:
            fault = fault_of(problem)
            self._judge(plan, ticket, problem, fault)
            self._told(operation, fault.reason, began)
            raise fault from None
        except BaseException:  # the CA or the address will not do
            self._gate.left(ticket)
            raise
        self._gate.passed(ticket)
        self._told(operation, "ok" if answer.ok else str(answer.status), began)
        return answer

    def _judge(self, connection: ConnectionPlan, ticket: Ticket, problem: OutOfReach, fault: VaultFault) -> None:
        if problem.reason in _WHOLE_SERVER:
            self._gate.failed(ticket, fault)
        elif problem.reason != "timeout":
            self._gate.left(ticket)
            return
        elif not self._gate.silent(ticket, fault):
            return
        self._pools.doubt(connection)

    def _told(self, operation: str, outcome: str, began: float) -> None:
        self._counting.count("keywave_vault_requests_total", operation, outcome)
        self._counting.observe("keywave_vault_request_seconds", time.monotonic() - began, operation)

    # Tokens

    def _log_in(self, plan: LoginPlan) -> Held:
        method = AUTH_METHODS[plan.method]
        body: Mapping[str, object] = {}
        label = f"the {plan.method} login at auth/{plan.mount}"
        try:
            body = method.login_body(plan, self._kube)
            space, headers = plan.namespace, plan.headers
            answer = self._ask(
                plan.connection,
                lambda client, end: client.log_in(plan.mount, body, end, namespace=space, headers=headers),
                operation="login",
            )
        except KeywaveError as problem:  # Kubernetes did not give the token
            self._counting.count("keywave_vault_logins_total", plan.method, "kubernetes")
            raise VaultFault("login", f"no credentials for {label}: {problem}") from None
        except VaultFault as fault:
            self._counting.count("keywave_vault_logins_total", plan.method, fault.reason)
            told = hidden(fault.summary, sent(body))
            raise VaultFault(fault.reason, told, status=fault.status, retry_after=fault.retry_after) from None
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, Mapping) or not auth.get("client_token"):
            self._counting.count("keywave_vault_logins_total", plan.method, "refused")
            told = one_line(hidden("; ".join(answer.texts("errors")), sent(body)), 300) or f"status {answer.status}"
            raise VaultFault("login", f"Vault refuses {label}: {told}", status=answer.status)
        self._counting.count("keywave_vault_logins_total", plan.method, "ok")
        return self._held(auth, Masked(str(auth["client_token"])), str(auth.get("accessor") or ""))

    def _renew(self, plan: LoginPlan, held: Held) -> Held:
        token, space = held.token.reveal(), plan.namespace
        answer = self._ask(
            plan.connection,
            lambda client, end: client.renew(token, end, namespace=space),
            operation="renew",
            seconds=_RENEWAL,
        )
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, Mapping):
            raise VaultFault("login", "Vault does not renew the token", status=answer.status)
        return self._held(auth, held.token, held.accessor)

    def _log_out(self, plan: LoginPlan, held: Held) -> None:
        """As far as that is quick; it ends by its TTL anyway. Batch tokens, which have no accessor, cannot be revoked."""
        if not held.accessor:
            return
        token, space = held.token.reveal(), plan.namespace
        with contextlib.suppress(VaultFault):
            self._ask(
                plan.connection,
                lambda client, end: client.revoke(token, end, namespace=space),
                operation="revoke",
                seconds=1.0,
            )

    def _held(self, auth: Mapping[str, Any], token: Masked, accessor: str) -> Held:
        seconds, now = int(auth.get("lease_duration") or 0), self._now()
        return Held(token, accessor, now, now + seconds if seconds else 0.0, auth.get("renewable") is True)

    def _keep(self) -> None:
        while not self._stopped.wait(_TICK):
            try:
                self._reads.sweep()
                self._tokens.keep_alive()
                held = self._tokens.held()
            except Exception:  # leases hang on this thread
                self._counting.count("keywave_bugs_total")
                continue
            self._counting.set("keywave_vault_tokens", len(held))
            oldest = min((one.born for one in held), default=self._now())
            self._counting.set("keywave_vault_token_age_seconds", max(self._now() - oldest, 0.0))
