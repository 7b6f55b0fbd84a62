"""Vault did not answer: why, in one line, and whether asking again may help. Pure.

An answer (2xx, 400, 403, 404, 405) is never a fault: what Vault says about a path is a finding's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from keywave.errors import KeywaveError
from keywave.redact import redact

Reason = Literal[
    "refused",  # nothing listens there, no way there, or the connection was cut before any answer
    "name",  # the host has no address
    "tls",  # certificate or handshake
    "timeout",
    "rate-limited",  # 429
    "server-error",  # 5xx, a body cut in the middle, or what is no HTTP
    "sealed",
    "standby",  # a redirect, or no active node
    "too-large",
    "not-json",
    "login",  # refused, or the token ended
]

HINTS: dict[str, str] = {
    "refused": "is the address right (VAULT_ADDR), and does a network policy, a firewall or a proxy let this machine through?",
    "name": "check the host in VAULT_ADDR, and whether this machine resolves it (a name of the cluster works only inside it)",
    "timeout": "ask again, or give it longer: VAULT_CLIENT_TIMEOUT",
    "rate-limited": "ask with fewer workers, or raise the quota: vault read sys/quotas/config",
    "sealed": "unseal it: vault operator unseal",
    "standby": "use the address of the active node, or of the service before all nodes",
    "not-json": "does VAULT_ADDR name Vault itself, without /ui or /v1, and not a login page before it?",
}
"""What mostly helps; a fault with a better hint brings its own."""


class OutOfReach(KeywaveError):
    """Vault gave no answer. `transient`: asking again may help. `retry_after`: seconds that Vault asks to wait, 0 = it does not say."""

    exit_code = 3

    def __init__(
        self, reason: Reason, summary: str, *, hint: str = "", transient: bool = False, retry_after: float = 0.0
    ) -> None:
        super().__init__(summary, hint=hint or HINTS.get(reason, ""))
        self.reason: Reason = reason
        self.transient = transient
        self.retry_after = retry_after


def one_line(text: str, limit: int = 200) -> str:
    """A foreign text for a message: one line, printable, tokens masked, at most `limit` characters."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: limit * 10]).split())
    shown = redact(plain)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def of_status(where: str, status: int, errors: Sequence[str], retry_after: float, location: str = "") -> OutOfReach:
    """The fault that a status is. `where` names the server for people; `errors` are Vault's own texts, () when the body is not Vault's."""
    told = one_line("; ".join(errors))
    says = f": {told}" if told else ""
    lowered = told.lower()
    if status == 429:
        summary = f"{where} limits the rate of requests (429){says}"
        return OutOfReach("rate-limited", summary, transient=True, retry_after=retry_after)
    if "vault is sealed" in lowered:
        return OutOfReach("sealed", f"{where} is sealed")
    if "not yet initialized" in lowered or "not initialized" in lowered or status == 501:
        return OutOfReach("sealed", f"{where} is not initialized", hint="initialize it: vault operator init")
    if "active cluster node not found" in lowered or "node not active" in lowered:
        return OutOfReach("standby", f"{where} has no active node ({status}){says}", transient=True)
    if 300 <= status < 400:
        to = f" to {one_line(location)}" if location else ""
        return OutOfReach("standby", f"{where} sends elsewhere ({status}){to} instead of answering")
    transient = status in (412, 500, 502, 503, 504)
    return OutOfReach("server-error", f"{where} answered {status}{says}", transient=transient, retry_after=retry_after)
