"""What logins take out of the cluster: a ServiceAccount's token and annotations, keys of a Secret; all of the consumer's namespace."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET, SERVICE_ACCOUNT
from keywave.objects.manifest import mapping
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

SHORTEST = 600


class OfAccount(NamedTuple):
    """A token to ask for; without audiences it is for the API server itself. `seconds` of its life, at least `SHORTEST`."""

    namespace: str
    name: str
    audiences: tuple[str, ...] = ()
    seconds: int = SHORTEST


def account_token(plan: LoginPlan, kube: Kube) -> Masked:
    """Of the plan's `serviceAccount`, for its audiences."""
    settings = dict(plan.settings)
    audiences = tuple(audience for audience in settings.get("audiences", "").split(",") if audience)
    seconds = int(settings.get("tokenExpirationSeconds") or 0)
    return token_of(kube, OfAccount(plan.consumer_namespace, settings["serviceAccount"], audiences, seconds))


def token_of(kube: Kube, asked: OfAccount) -> Masked:
    """By a TokenRequest. Raises KubeError, VaultFault(login)."""
    spec: dict[str, object] = {"expirationSeconds": max(asked.seconds, SHORTEST)}
    if asked.audiences:
        spec["audiences"] = list(asked.audiences)
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    where = f"the ServiceAccount {asked.namespace}/{asked.name}"
    try:
        answer = kube.post(SERVICE_ACCOUNT, asked.namespace, asked.name, "token", body)
    except KubeError as problem:
        if problem.reason == "absent":
            raise VaultFault("login", f"there is no {where.removeprefix('the ')} to log in as") from None
        if problem.reason == "forbidden":
            raise VaultFault("login", f"the operator may not make a token of {where} (create on its token)") from None
        raise
    token = mapping(answer.get("status")).get("token")
    if not isinstance(token, str) or not token:
        raise VaultFault("login", f"Kubernetes gave no token of {where}")
    return Masked(token)


def account_of(plan: LoginPlan, kube: Kube, name: str) -> Mapping[str, str]:
    """The annotations of a ServiceAccount. Raises KubeError, VaultFault(login)."""
    where = f"ServiceAccount {plan.consumer_namespace}/{name}"
    try:
        found = kube.get(SERVICE_ACCOUNT, plan.consumer_namespace, name)
    except KubeError as problem:
        if problem.reason == "forbidden":
            told = f"the operator may not read the {where} (get on serviceaccounts)"
            raise VaultFault("login", told) from None
        raise
    if found is None:
        raise VaultFault("login", f"there is no {where} to log in as")
    annotations = mapping(mapping(found.get("metadata")).get("annotations"))
    return {str(key): str(value) for key, value in annotations.items()}


def secret_key(plan: LoginPlan, kube: Kube, key: str) -> Masked:
    """One key of the plan's secretRef, as text without the line's end."""
    return secret_keys(plan, kube, (key,))[key]


def secret_keys(plan: LoginPlan, kube: Kube, needed: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Masked]:
    """Keys of the plan's secretRef. Raises KubeError, VaultFault(login) where one that is needed has no text."""
    name, namespace = dict(plan.settings)["secretRef"], plan.consumer_namespace
    found = kube.get(SECRET, namespace, name)
    if found is None:
        raise VaultFault("login", f"there is no Secret {namespace}/{name} with the login's {' and '.join(needed)}")
    data = mapping(found.get("data"))
    texts = {key: _text(data.get(key)) for key in (*needed, *optional)}
    absent = [key for key in needed if not texts[key]]
    if absent:
        raise VaultFault("login", f"the Secret {namespace}/{name} has no text under the key {absent[0]}")
    return {key: Masked(text) for key, text in texts.items()}


def _text(value: object) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().strip() if isinstance(value, str) else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
