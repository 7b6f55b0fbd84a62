"""A short token of a ServiceAccount, as the operator makes it before it logs in (TokenRequest, authentication.k8s.io/v1)."""

from __future__ import annotations

from typing import NamedTuple

from keywave.kube.api_server import ApiServer, KubeError, post
from keywave.kube.resources import SERVICE_ACCOUNT

SHORTEST = 600
"""Seconds: what Kubernetes gives at least."""


class TokenFor(NamedTuple):
    """Whose token. Without audiences it is for the API server itself, which is what Vault Secrets Operator asks for by default."""

    namespace: str
    name: str
    audiences: tuple[str, ...] = ()
    seconds: int = SHORTEST


class ServiceAccountToken:
    """A token that no text shows; `reveal` gives it to whoever sends it on."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "ServiceAccountToken(****)"


def request_token(server: ApiServer, asked: TokenFor, *, timeout: float = 10.0) -> ServiceAccountToken:
    """Ask Kubernetes for a token. `timeout` in seconds for each step on the network.

    Raises KubeError; `absent` when the ServiceAccount is not there (yet), `forbidden` with the RBAC rule that is needed as hint."""
    spec = {
        "expirationSeconds": max(asked.seconds, SHORTEST),
        **({"audiences": list(asked.audiences)} if asked.audiences else {}),
    }
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    try:
        path = SERVICE_ACCOUNT.object_path(asked.namespace, asked.name, "token")
    except ValueError:
        raise _explained(KubeError("absent", ""), asked) from None
    try:
        answer = post(server, path, body, timeout=timeout)
    except KubeError as problem:
        raise _explained(problem, asked) from None
    status = answer.get("status")
    token = status.get("token") if isinstance(status, dict) else None
    if not isinstance(token, str) or not token:
        raise KubeError("answer", f"{server.url} answers a TokenRequest without a token")
    return ServiceAccountToken(token)


def _explained(problem: KubeError, asked: TokenFor) -> KubeError:
    who = f"ServiceAccount {asked.namespace}/{asked.name}"
    if problem.reason == "absent":
        return KubeError("absent", f"there is no {who} in the cluster", hint="apply it first, or leave --login out")
    if problem.reason == "forbidden":
        rule = (
            f"kubectl create role login-as-{asked.name} --namespace {asked.namespace} --verb create "
            f"--resource serviceaccounts/token --resource-name {asked.name}, and bind it to whoever runs keywave"
        )
        return KubeError("forbidden", f"Kubernetes does not let this caller make a token of {who}", hint=rule)
    if problem.reason == "unauthorized":
        return KubeError(
            "unauthorized", "Kubernetes does not know this caller: the token of the kubeconfig has ended or is wrong"
        )
    return problem
