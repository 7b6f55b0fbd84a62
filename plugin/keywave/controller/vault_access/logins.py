"""Logging in, renewing and revoking the own token: what `Tokens` asks Vault for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from keywave.controller.auth_methods.catalogue import AUTH_METHODS
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Counting, Kube
from keywave.controller.vault_access.asking import Asking
from keywave.controller.vault_access.held import Held
from keywave.controller.vault_access.hiding import hidden, sent
from keywave.errors import KeywaveError
from keywave.vault.faults import one_line
from keywave.vault.masked import Masked
from keywave.vault.values import LONGEST_ID, VaultFault, lease_seconds

_RENEWAL = 5.0
_REVOCATION = 1.0


class Logins:
    """`now` in seconds since 1970, `ticks` in seconds, never going back."""

    def __init__(
        self, asking: Asking, kube: Kube, counting: Counting, *, now: Callable[[], float], ticks: Callable[[], float]
    ) -> None:
        self._asking, self._kube, self._counting, self._now, self._ticks = asking, kube, counting, now, ticks

    def log_in(self, plan: LoginPlan) -> Held:
        """Raises VaultFault. What was sent is never in its text, and never sent twice: a SecretID may serve once."""
        method = AUTH_METHODS[plan.method]
        body: dict[str, object] = {}
        label = f"the {plan.method} login at auth/{plan.mount}"
        try:
            space, headers = plan.namespace, plan.headers
            answer = self._asking.ask(
                plan.connection,
                lambda client, end: client.log_in(plan.mount, body, end, namespace=space, headers=headers),
                operation="login",
                once=True,
                prepare=lambda: body.update(method.login_body(plan, self._kube)),
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
        token, accessor = _header(auth["client_token"]), _header(auth.get("accessor"), LONGEST_ID)
        if not token:
            raise VaultFault("login", f"what Vault gives for {label} is no token", status=answer.status)
        held = self._held(auth, Masked(token), accessor)
        self._counting.count("keywave_vault_logins_total", plan.method, "ok")
        return held

    def renew(self, plan: LoginPlan, held: Held) -> Held:
        """Raises VaultFault."""
        token, space = held.token.reveal(), plan.namespace
        answer = self._asking.ask(
            plan.connection,
            lambda client, end: client.renew(token, end, namespace=space),
            operation="renew",
            seconds=_RENEWAL,
        )
        auth = answer.body.get("auth")
        if not answer.ok or not isinstance(auth, Mapping):
            raise VaultFault("login", "Vault does not renew the token", status=answer.status)
        return self._held(auth, held.token, held.accessor)

    def log_out(self, plan: LoginPlan, held: Held) -> None:
        """As far as that is quick; it ends by its TTL anyway. Batch tokens, which have no accessor, cannot be revoked."""
        if not held.accessor:
            return
        token, space = held.token.reveal(), plan.namespace
        with contextlib.suppress(VaultFault):
            self._asking.ask(
                plan.connection,
                lambda client, end: client.revoke(token, end, namespace=space),
                operation="revoke",
                seconds=_REVOCATION,
            )

    def _held(self, auth: Mapping[str, Any], token: Masked, accessor: str) -> Held:
        seconds, born = lease_seconds(auth.get("lease_duration")), self._ticks()
        expires, ends = (born + seconds, self._now() + seconds) if seconds else (0.0, 0.0)
        named = auth.get("token_policies")
        policies = (
            frozenset(name for name in named if isinstance(name, str)) if isinstance(named, list) else frozenset()
        )
        return Held(token, accessor, born, expires, auth.get("renewable") is True, ends=ends, policies=policies)


def _header(value: object, longest: int = 8192) -> str:
    """A token or an accessor; "" for what no header can hold, and for what is longer than that."""
    if not isinstance(value, str) or len(value) > longest:
        return ""
    return value if value.isascii() and value.isprintable() and " " not in value else ""
