"""`--login`: log in as the workload would, ask what that token may do, revoke it. Opt-in: it makes a token of a ServiceAccount.

Nothing is read with the token: it asks sys/capabilities-self (which the policy `default` allows) and is revoked when the session ends.
Neither the ServiceAccount's token nor Vault's is in any value that leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from keywave.kube.api_server import KubeError
from keywave.kube.token_request import ServiceAccountToken, TokenFor
from keywave.references.model import Identity
from keywave.vault.faults import OutOfReach
from keywave.vault.login.model import Door, Grant, Login, called
from keywave.vault.wire import Request, Response, own_capabilities

METHODS = ("kubernetes", "jwt")
"""Methods of an identity that log in with a ServiceAccount's token."""
AT_ONCE = 100
"""Paths in one request."""


class Asks(Protocol):
    def ask(self, request: Request) -> Response: ...


Open = Callable[[Login, str], AbstractContextManager[Asks]]
"""(login, Vault namespace) -> a session, which revokes its token at the end: `client.connect` with the settings of that Vault."""
TokenOf = Callable[[TokenFor], ServiceAccountToken]


class Trial(NamedTuple):
    """What came of a login. `refused`: Vault's reason, "" when it let it in. `capabilities`: path -> what the token may do there (as
    sys/capabilities-self says: {"deny"} for nothing); None when the token may not ask that. `untried`: why there was no login (the
    ServiceAccount is not in the cluster yet, which is normal before a first deploy)."""

    refused: str = ""
    capabilities: Mapping[str, frozenset[str]] | None = None
    untried: str = ""


class AccountLogin:
    """A login with a token that was just made. No text shows it."""

    __slots__ = ("_mount", "_role", "_token")
    given = False

    def __init__(self, mount: str, role: str, token: ServiceAccountToken) -> None:
        self._mount, self._role, self._token = mount, role, token

    def __repr__(self) -> str:
        return f"AccountLogin({self.label})"

    @property
    def label(self) -> str:
        return called("trial", self._mount, self._role)

    def log_in(self, door: Door) -> Grant:
        return door.log_in(self._mount, {"role": self._role, "jwt": self._token.reveal()}, self.label)


def can_try(identity: Identity) -> bool:
    """Whether this login is made with a ServiceAccount's token, and the tree holds whose."""
    return bool(
        identity.known
        and identity.method.lower() in METHODS
        and identity.mount
        and identity.role
        and identity.namespace
        and identity.service_account
    )


def try_login(identity: Identity, paths: Sequence[str], open_session: Open, token_of: TokenOf) -> Trial:
    """Log in once and ask for all paths (API paths in the login's Vault namespace).

    Raises KubeError when Kubernetes gives no token (but for a ServiceAccount that is not there), OutOfReach when Vault does not answer.
    """
    try:
        token = token_of(TokenFor(identity.namespace, identity.service_account, identity.audiences))
    except KubeError as problem:
        if problem.reason != "absent":
            raise
        return Trial(untried=problem.summary)
    try:
        with open_session(AccountLogin(identity.mount, identity.role, token), identity.vault_namespace) as session:
            return Trial(capabilities=_capabilities(session, paths, identity.vault_namespace))
    except OutOfReach as fault:
        if fault.reason != "login":
            raise
        return Trial(refused=fault.summary)


def _capabilities(session: Asks, paths: Sequence[str], namespace: str) -> Mapping[str, frozenset[str]] | None:
    found: dict[str, frozenset[str]] = {}
    wanted = sorted(set(paths))
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        answer = session.ask(own_capabilities(some, namespace))
        if not answer.ok:
            return None
        found |= {path: frozenset(map(str, answer.data.get(path) or ("deny",))) for path in some}
    return found
