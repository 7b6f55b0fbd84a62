"""Vault as the kinds see it (ports.Vault): logs in by plan, shares reads, holds back from a Vault that is down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.auth_methods.catalogue import AUTH_METHODS
from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.ports import Counting, Kube, Token
from keywave.controller.vault_access.faults import fault_of
from keywave.controller.vault_access.gate import Gate
from keywave.controller.vault_access.pools import Pool, Pools
from keywave.controller.vault_access.reads import SharedReads
from keywave.controller.vault_access.tokens import Held, Tokens
from keywave.errors import KeywaveError
from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach
from keywave.vault.masked import Masked
from keywave.vault.values import Payload, ValueRequest, VaultFault, payload_of, renew_accessor

_TICK = 2.0
_WHOLE_SERVER = frozenset({"refused", "name", "tls", "sealed", "standby"})
"""Not a time-out or a 500: those may come from one engine, and must not hold up the others."""
_LIVELY = 60.0
"""Seconds for which a login that worked is proof that logging in works."""


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
        self._tokens = Tokens(self._log_in, self._renew, now=now, chance=chance, most=most_tokens)
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep, name="vault-tokens", daemon=True).start()

    def close(self) -> None:
        """Ends what is under way. Tokens without leases are revoked, as far as that is quick."""
        self._stopped.set()
        end = time.monotonic() + 3.0
        for plan, held in self._tokens.unleased():
            if time.monotonic() > end:
                break
            try:
                self._ask(plan, "POST", "auth/token/revoke-self", held.token, namespace=plan.namespace, seconds=1.0)
            except VaultFault:
                break  # they end by their TTL
        self._reads.clear()
        self._pools.close()

    # ports.Vault

    def read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float) -> Payload:
        return self._reads.read((plan, request), max_age, lambda: self._values("read", plan, request))

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        payload = self._values("issue", plan, request)
        if payload.lease_id:
            self._tokens.leased(plan)
        return payload

    def log_in(self, plan: LoginPlan) -> Token:
        return self._tokens.of(plan, since=self._now() - _LIVELY).known

    def renew_token(self, plan: LoginPlan, accessor: str) -> float | None:
        for held in self._tokens.held():
            if held.accessor == accessor:
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
        answer = self._ask(plan, "GET", "sys/health", Masked(""), operation="health", query=_HEALTH)
        said = answer.body
        if said.get("initialized") is False:
            raise VaultFault("sealed", f"Vault at {plan.address} is not initialised")
        if said.get("sealed") is True:
            raise VaultFault("sealed", f"Vault at {plan.address} is sealed")

    # Asking

    def _values(self, operation: str, plan: LoginPlan, request: ValueRequest) -> Payload:
        at = self._now()
        answer, accessor = self._answer(operation, plan, request)
        return payload_of(request, answer.status, answer.body, at=at, accessor=accessor)

    def _answer(self, operation: str, plan: LoginPlan, request: ValueRequest) -> tuple[Answer, str]:
        """The answer, and whose token got it. After a 403 of a token that is dead: again with a new one, once."""
        held = self._tokens.of(plan)
        answer = self._send(operation, plan, request, held)
        if answer.status == 403 and not self._alive(plan, held, answer):
            held = self._tokens.of(plan, not_this=held.accessor)
            answer = self._send(operation, plan, request, held)
        return answer, held.accessor

    def _send(self, operation: str, plan: LoginPlan, request: ValueRequest, held: Held) -> Answer:
        body = json.loads(request.body) if request.body else None
        space = request.namespace or plan.namespace
        return self._ask(
            *(plan, request.method, request.path, held.token),
            namespace=space,
            query=request.query,
            body=body,
            operation=operation,
        )

    def _alive(self, plan: LoginPlan, held: Held, answer: Answer) -> bool:
        """Whether a 403 is about rights, not about the token. Servers of today say so; old ones say "permission denied" to a dead token,
        too, so one that is not young is looked up."""
        if any("invalid token" in text or "bad token" in text for text in answer.texts("errors")):
            return False
        if self._now() - held.born < _LIVELY:
            return True
        looked = self._ask(plan, "GET", "auth/token/lookup-self", held.token, namespace=plan.namespace)
        return looked.status != 403

    def _ask(
        self,
        plan: LoginPlan | ConnectionPlan,
        method: str,
        path: str,
        token: Masked,
        *,
        namespace: str = "",
        query: tuple[tuple[str, str], ...] = (),
        body: Mapping[str, Any] | None = None,
        operation: str = "token",
        seconds: float = 0.0,
    ) -> Answer:
        """One request through the gate. Raises VaultFault for all that is no answer."""
        connection = plan.connection if isinstance(plan, LoginPlan) else plan
        self._gate.enter(connection)
        began = time.monotonic()
        try:
            pool = self._pools.of(connection)
            answer = self._exchange(pool, method, path, token, namespace, query, body, seconds or connection.timeout)
        except OutOfReach as problem:
            fault = fault_of(problem)
            if problem.reason in _WHOLE_SERVER:
                self._gate.failed(connection, fault)
                self._pools.doubt(connection)
            self._told(operation, fault.reason, began)
            raise fault from None
        self._gate.passed(connection)
        self._told(operation, "ok" if answer.ok else str(answer.status), began)
        return answer

    def _exchange(
        self,
        pool: Pool,
        method: str,
        path: str,
        token: Masked,
        namespace: str,
        query: tuple[tuple[str, str], ...],
        body: Mapping[str, Any] | None,
        seconds: float,
    ) -> Answer:
        end = time.monotonic() + seconds
        return pool.exchange.ask(method, path, end, token=token.reveal(), namespace=namespace, query=query, body=body)

    def _told(self, operation: str, outcome: str, began: float) -> None:
        self._counting.count("keywave_vault_requests_total", operation, outcome)
        self._counting.observe("keywave_vault_request_seconds", time.monotonic() - began, operation)

    # Tokens

    def _log_in(self, plan: LoginPlan) -> Held:
        method = AUTH_METHODS[plan.method]
        label = f"the {plan.method} login at auth/{plan.mount}"
        try:
            body = method.login_body(plan, self._kube)
            path = f"auth/{plan.mount}/login"
            answer = self._ask(
                *(plan, "POST", path, Masked("")), namespace=plan.namespace, body=body, operation="login"
            )
        except KeywaveError as problem:  # Kubernetes did not give the token
            self._counting.count("keywave_vault_logins_total", plan.method, "kubernetes")
            raise VaultFault("login", f"no credentials for {label}: {problem}") from None
        except VaultFault as fault:
            self._counting.count("keywave_vault_logins_total", plan.method, fault.reason)
            raise
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, Mapping) or not auth.get("client_token"):
            self._counting.count("keywave_vault_logins_total", plan.method, "refused")
            told = "; ".join(answer.texts("errors"))[:300].replace("\n", " ").strip() or f"status {answer.status}"
            raise VaultFault("login", f"Vault refuses {label}: {told}", status=answer.status)
        self._counting.count("keywave_vault_logins_total", plan.method, "ok")
        return self._held(auth, Masked(str(auth["client_token"])), str(auth.get("accessor") or ""))

    def _renew(self, plan: LoginPlan, held: Held) -> Held:
        answer = self._ask(
            *(plan, "POST", "auth/token/renew-self", held.token), namespace=plan.namespace, body={}, operation="renew"
        )
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, Mapping):
            raise VaultFault("login", "Vault does not renew the token", status=answer.status)
        return self._held(auth, held.token, held.accessor)

    def _held(self, auth: Mapping[str, Any], token: Masked, accessor: str) -> Held:
        seconds, now = int(auth.get("lease_duration") or 0), self._now()
        return Held(token, accessor, now, now + seconds if seconds else 0.0, auth.get("renewable") is True)

    def _keep(self) -> None:
        while not self._stopped.wait(_TICK):
            self._reads.sweep()
            self._tokens.keep_alive()
            held = self._tokens.held()
            self._counting.set("keywave_vault_tokens", len(held))
            oldest = min((one.born for one in held), default=self._now())
            self._counting.set("keywave_vault_token_age_seconds", max(self._now() - oldest, 0.0))


_HEALTH = tuple(
    (name, "299") for name in ("standbycode", "sealedcode", "uninitcode", "drsecondarycode", "performancestandbycode")
)
"""These states are answers, not statuses."""
