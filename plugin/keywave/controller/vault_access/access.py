"""Vault as the kinds see it (ports.Vault): logs in by plan, shares reads, holds back from a Vault that is down."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.ports import Counting, Health, Kube, Token
from keywave.controller.vault_access.asking import Asking
from keywave.controller.vault_access.held import Use
from keywave.controller.vault_access.keeping import Keeper
from keywave.controller.vault_access.logins import Logins
from keywave.controller.vault_access.reads import SharedReads
from keywave.controller.vault_access.tokens import Tokens
from keywave.vault.client import SharedClient
from keywave.vault.exchange import Answer
from keywave.vault.faults import one_line
from keywave.vault.values import (
    Payload,
    ValueRequest,
    VaultFault,
    lease_seconds,
    payload_of,
    renew_accessor,
)

_TICK = 2.0
_RENEW_LEASE = "sys/leases/renew"


class VaultAccess:
    """`now` in seconds since 1970, for what is told; `ticks` in seconds, never going back, for all that is only remembered. `workers`: how
    many threads may ask at once. `start` begins the one thread that has tokens renewed and forgets answers; `close` ends it."""

    def __init__(
        self,
        kube: Kube,
        counting: Counting,
        *,
        now: Callable[[], float],
        chance: Callable[[], float],
        ticks: Callable[[], float] = time.monotonic,
        workers: int = 16,
        most_tokens: int = 10_000,
    ) -> None:
        self._counting, self._now, self._ticks = counting, now, ticks
        self._asking, self._reads = Asking(kube, counting, workers=workers), SharedReads(ticks)
        self._logins = made = Logins(self._asking, kube, counting, now=now, ticks=ticks)
        self._tokens = Tokens(made.log_in, made.renew, made.log_out, now=ticks, chance=chance, most=most_tokens)
        self._keeper = Keeper(self._tokens, now=ticks, bug=lambda: counting.count("keywave_bugs_total"))
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep, name="vault-tokens", daemon=True).start()

    def close(self) -> None:
        """Ends what is under way. Tokens without leases are revoked, as far as that is quick."""
        self._stopped.set()
        self._keeper.close()
        end = time.monotonic() + 3.0
        for plan, held in self._tokens.unleased():
            if time.monotonic() > end:
                break  # they end by their TTL
            self._logins.log_out(plan, held)
        self._reads.clear()
        self._asking.pools.close()

    # ports.Vault

    def read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float) -> Payload:
        return self._reads.read((plan, request), max_age, lambda: self._values(plan, request))

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        at, began = self._now(), self._ticks()
        with self._answered("issue", plan, request) as (answer, use):
            payload = _payload(request, answer, use, at)
            if payload.lease_id:
                renewed = request.path == _RENEW_LEASE
                self._tokens.leased(plan, use, began + payload.lease_duration, renewed=renewed)
        return payload

    def log_in(self, plan: LoginPlan) -> Token:
        return self._tokens.proved(plan).known

    def renew_token(self, plan: LoginPlan, accessor: str) -> float | None:
        held = self._tokens.renewed(accessor) if accessor else None
        if held is not None:
            return held.expires - self._ticks() if held.expires else float("inf")
        try:
            with self._answered("renew-accessor", plan, renew_accessor(accessor, plan.namespace)) as (answer, _):
                auth = answer.body.get("auth")
        except VaultFault as fault:
            if fault.reason in ("forbidden", "refused", "absent"):
                return None
            raise
        seconds = auth.get("lease_duration") if answer.ok and isinstance(auth, Mapping) else None
        return float(lease_seconds(seconds)) if seconds is not None else None

    def health(self, plan: ConnectionPlan) -> Health:
        said = self._asking.ask(plan, lambda client, end: client.health(end), operation="health").body
        if said.get("initialized") is False:
            raise VaultFault("sealed", f"Vault at {plan.address} is not initialised")
        if said.get("sealed") is True:
            raise VaultFault("sealed", f"Vault at {plan.address} is sealed")
        version = said.get("version")
        told = one_line(version, 50) if isinstance(version, str) else ""
        if said.get("standby") is not True:
            return Health(False, False, told)
        leader = self._asking.ask(
            plan, lambda client, end: client.ask("GET", "sys/leader", end, token=""), operation="health"
        )
        return Health(True, bool(leader.ok and leader.body.get("leader_address")), told)

    # Asking

    def _values(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        at = self._now()
        with self._answered("read", plan, request) as (answer, use):
            return _payload(request, answer, use, at)

    @contextmanager
    def _answered(self, operation: str, plan: LoginPlan, request: ValueRequest) -> Iterator[tuple[Answer, Use]]:
        """The answer, and whose token got it: that is not revoked before the end of the `with`. After a 403 once more with another token,
        where that may help: the token is dead, or the role has been allowed more since it was got."""
        use = self._tokens.of(plan)
        pinned = [use]
        try:
            answer = self._send(operation, plan, request, use)
            if answer.status == 403:
                dead = self._ended(plan, request, answer, use)
                other = self._tokens.of(plan, dead=use) if dead else self._tokens.other(plan, use)
                if other is not None:
                    pinned.append(other)
                    again = self._tried(operation, plan, request, other)
                    if dead or again.status != 403:
                        answer, use = again, other
            yield answer, use
        finally:
            for one in pinned:
                self._tokens.release(one)

    def _tried(self, operation: str, plan: LoginPlan, request: ValueRequest, use: Use) -> Answer:
        """What Vault answers to another token, which is kept where it is allowed what was asked for."""
        allowed = False
        try:
            answer = self._send(operation, plan, request, use)
            allowed = answer.status != 403
            return answer
        finally:
            if use.trial:
                (self._tokens.keep if allowed else self._tokens.give_back)(plan, use)

    def _ended(self, plan: LoginPlan, request: ValueRequest, answer: Answer, use: Use) -> bool:
        """Whether a 403 means that the token is dead. Vault says so of a living one, too, in a namespace to which it does not belong: it is
        looked up where it does, then."""
        if not _says_invalid(answer) or request.namespace in ("", plan.namespace.strip("/")):
            return _says_invalid(answer)
        token, space = use.held.token.reveal(), plan.namespace
        looked = self._asking.ask(
            plan.connection,
            lambda client, end: client.ask("GET", "auth/token/lookup-self", end, token=token, namespace=space),
            operation="look-up",
        )
        return looked.status == 403 and _says_invalid(looked)

    def _send(self, operation: str, plan: LoginPlan, request: ValueRequest, use: Use) -> Answer:
        body = json.loads(request.body) if request.body else None
        token = use.held.token.reveal()

        def call(client: SharedClient, end: float) -> Answer:
            space = request.namespace or plan.namespace
            return client.ask(
                *(request.method, request.path, end), token=token, namespace=space, query=request.query, body=body
            )

        # Over a kept connection that ends at once a request is sent again. What makes credentials must not be.
        once = operation == "issue" and not request.path.startswith("sys/leases/")
        return self._asking.ask(plan.connection, call, operation=operation, once=once)

    def _keep(self) -> None:
        while not self._stopped.wait(_TICK):
            try:
                self._reads.sweep()
                self._keeper.keep_alive()
                held = self._tokens.held()
            except Exception:  # leases hang on this thread
                self._counting.count("keywave_bugs_total")
                continue
            self._counting.set("keywave_vault_tokens", len(held))
            oldest = min((one.born for one in held), default=self._ticks())
            self._counting.set("keywave_vault_token_age_seconds", max(self._ticks() - oldest, 0.0))


def _payload(request: ValueRequest, answer: Answer, use: Use, at: float) -> Payload:
    held = use.held
    payload = payload_of(request, answer.status, answer.body, at=at, accessor=held.accessor, size=answer.size)
    return payload._replace(token_expires=held.ends, token_renewable=held.renewable)


def _says_invalid(answer: Answer) -> bool:
    return any("invalid token" in text or "bad token" in text for text in answer.texts("errors"))
