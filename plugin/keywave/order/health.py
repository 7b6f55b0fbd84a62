"""When Flux may go on: CEL expressions for each kind and operator version. The Lua in integrations/argocd says the same.

The gate asks "does the Secret exist for this generation", not "is it fresh": once it was made the object stays Current while a
refresh fails, because a Vault outage must not block a rollout; and there is no `failed` expression, because the operator tries
again. A status that is not there yet is an evaluation error, which Flux takes for "wait".

Facts: before 1.0 the secret kinds have no conditions, and `lastGeneration` is raised by failures too, so it does not prove a
Secret; 1.0 brought SecretSynced and Healthy, 1.3 brought Ready. What stays in the status from the first success on is
`secretMAC` (static), `lastRenewalTime` (dynamic), `serialNumber` (PKI).
"""

from __future__ import annotations

from collections.abc import Iterable

from keywave.intent.model import Operator
from keywave.objects.ids import VSO_GROUP
from keywave.order.kinds import COMPOSITE_GROUP, ESO_GROUP

_MADE = {
    "VaultStaticSecret": "has(status.secretMAC) && status.secretMAC != ''",
    "VaultDynamicSecret": "has(status.lastRenewalTime) && status.lastRenewalTime > 0",
    "VaultPKISecret": "has(status.serialNumber) && status.serialNumber != ''",
    "VaultCompositeSecret": "has(status.secretMAC) && status.secretMAC != ''",
}
_SETUP = ("VaultConnection", "VaultAuth", "SecretTransformation")
_SEEN = "status.lastGeneration == metadata.generation"
_NO_HMAC = "(has(spec.hmacSecretData) && spec.hmacSecretData == false)"
_EXTERNAL = (
    "status.conditions.exists(c, c.type == 'Ready' && c.status == 'True') || "
    "status.syncedResourceVersion.startsWith(string(metadata.generation) + '-')"
)
_STORE = "status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')"


def current(kind: str, operator: Operator) -> str:
    """The `current` expression of a kind, or "" where Flux's own rules are right (a VaultAuthGlobal never has a status)."""
    if kind in ("ExternalSecret", "ClusterExternalSecret"):
        return _EXTERNAL if kind == "ExternalSecret" else _STORE
    if kind in ("SecretStore", "ClusterSecretStore"):
        return _STORE
    if operator.kind == "vso" and operator.version < (1, 0, 0):
        return _before_conditions(kind)
    ready = operator.kind == "keywave" or operator.version >= (1, 3, 0)
    if kind in _SETUP:
        return _condition("Ready" if ready else "Healthy", "")
    if kind in _MADE:
        return _condition("Ready" if ready else "SecretSynced", _MADE[kind])
    return ""


def _condition(name: str, made: str) -> str:
    good = f"(c.status == 'True' || ({made}))" if made else "c.status == 'True'"
    return f"status.conditions.exists(c, c.type == '{name}' && c.observedGeneration == metadata.generation && {good})"


def _before_conditions(kind: str) -> str:
    if kind in _SETUP:
        return "status.valid == true"
    if kind not in _MADE:
        return ""
    made = f"(({_MADE[kind]}) || {_NO_HMAC})" if kind == "VaultStaticSecret" else f"{_MADE[kind]}"
    return f"{_SEEN} && {made}"


_API_VERSIONS = {
    **dict.fromkeys((*_SETUP, *_MADE), f"{VSO_GROUP}/v1beta1"),
    "VaultCompositeSecret": f"{COMPOSITE_GROUP}/v1alpha1",
    **dict.fromkeys(
        ("ExternalSecret", "ClusterExternalSecret", "SecretStore", "ClusterSecretStore"), f"{ESO_GROUP}/v1"
    ),
}


def expressions(kinds: Iterable[str], operator: Operator) -> list[dict[str, str]]:
    """`healthCheckExprs` for the kinds that a layer holds, sorted by kind."""
    return [
        {"apiVersion": _API_VERSIONS[kind], "kind": kind, "current": current(kind, operator)}
        for kind in sorted(set(kinds))
        if kind in _API_VERSIONS and current(kind, operator)
    ]
