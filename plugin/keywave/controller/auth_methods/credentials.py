"""What logins take out of the cluster: a ServiceAccount's token, a key of a Secret; both of the consumer's namespace."""

from __future__ import annotations

import base64
import binascii

from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET, SERVICE_ACCOUNT
from keywave.objects.manifest import mapping
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

SHORTEST = 600


def account_token(plan: LoginPlan, kube: Kube) -> Masked:
    """A token of the plan's ServiceAccount (TokenRequest), for its audiences; without any for the API server's own."""
    settings = dict(plan.settings)
    name, namespace = settings["serviceAccount"], plan.consumer_namespace
    spec: dict[str, object] = {"expirationSeconds": max(int(settings.get("tokenExpirationSeconds") or 0), SHORTEST)}
    audiences = [audience for audience in settings.get("audiences", "").split(",") if audience]
    if audiences:
        spec["audiences"] = audiences
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    try:
        answer = kube.post(SERVICE_ACCOUNT, namespace, name, "token", body)
    except KubeError as problem:
        if problem.reason == "absent":
            raise VaultFault("login", f"there is no ServiceAccount {namespace}/{name} to log in as") from None
        if problem.reason == "forbidden":
            told = f"the operator may not make a token of the ServiceAccount {namespace}/{name} (create on its token)"
            raise VaultFault("login", told) from None
        raise
    token = mapping(answer.get("status")).get("token")
    if not isinstance(token, str) or not token:
        raise VaultFault("login", f"Kubernetes gave no token of the ServiceAccount {namespace}/{name}")
    return Masked(token)


def secret_key(plan: LoginPlan, kube: Kube, key: str) -> Masked:
    """One key of the plan's secretRef, as text without the line's end."""
    name, namespace = dict(plan.settings)["secretRef"], plan.consumer_namespace
    found = kube.get(SECRET, namespace, name)
    if found is None:
        raise VaultFault("login", f"there is no Secret {namespace}/{name} with the login's {key}")
    value = mapping(found.get("data")).get(key)
    try:
        text = base64.b64decode(value, validate=True).decode().strip() if isinstance(value, str) else ""
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text:
        raise VaultFault("login", f"the Secret {namespace}/{name} has no text under the key {key}")
    return Masked(text)
