"""The claims of a ServiceAccount's token against `bound_claims` and `user_claim` of a JWT role. Pure.

Of a token that TokenRequest makes, the tree tells aud, sub and `kubernetes.io` (namespace, serviceaccount.name); iss, uid and times are the
cluster's, and the pod's claims are there only for a token that was asked for a pod. Other claims are never in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from keywave.references.model import Identity
from keywave.vault.inventory import Settings
from keywave.verify.globs import glob
from keywave.verify.wording import space


class _Unknown:
    """A claim that is there, or may be, with a value that the tree does not tell."""


UNKNOWN: Final = _Unknown()


def claims_of(identity: Identity) -> Mapping[str, Any]:
    """What is known of the token that a login with this ServiceAccount sends."""
    account = {"name": identity.service_account, "uid": UNKNOWN}
    # A namespace that nobody knows is no other than the one asked for.
    kubernetes = {
        "namespace": identity.namespace or UNKNOWN,
        "serviceaccount": account,
        "pod": UNKNOWN,
        "node": UNKNOWN,
        "warnafter": UNKNOWN,
    }
    return {
        "sub": f"system:serviceaccount:{identity.namespace}:{identity.service_account}"
        if identity.namespace
        else UNKNOWN,
        "aud": list(identity.audiences) or UNKNOWN,
        "kubernetes.io": kubernetes,
        **dict.fromkeys(("iss", "exp", "iat", "nbf", "jti"), UNKNOWN),
    }


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a JSON pointer when that starts with a slash; None when it is not there."""
    if not name.startswith("/"):
        return claims.get(name)
    value: Any = claims
    for step in name[1:].split("/"):
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value


def bound_claims(role: Settings) -> dict[str, tuple[str, ...]]:
    """`bound_claims` of a role: claim -> the texts of which one must match."""
    value: Any = role.get("bound_claims")
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("{") else {}
    if isinstance(value, (tuple, list)):
        split = [str(entry).partition("=") for entry in value]
        return {name: tuple(part[2] for part in split if part[0] == name) for name, _, _ in split}
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name): tuple(str(each) for each in wanted) if isinstance(wanted, (list, tuple)) else (str(wanted),)
        for name, wanted in value.items()
    }


def claim_slips(identity: Identity, role: Settings) -> Iterator[tuple[str, str, bool]]:
    """(message after the role's name, hint, is a warning) for each claim that does not match, or that cannot be known."""
    claims = claims_of(identity)
    user = str(role.get("user_claim") or "sub")
    by_pointer = role.get("user_claim_json_pointer") is True
    if (claim(claims, user) if by_pointer else claims.get(user)) is None:
        yield (
            f'takes the user\'s name from the claim "{user}" (user_claim), which the token of a ServiceAccount does not have',
            f"vault write{space(identity.vault_namespace)} {identity.role_path} role_type=jwt user_claim=sub",
            False,
        )
    globs = role.get("bound_claims_type") == "glob"
    for name, wanted in sorted(bound_claims(role).items()):
        found = claim(claims, name)
        asked = f'the claim "{name}" to be {" or ".join(wanted)} (bound_claims)'
        if found is None:
            yield f"asks for {asked}, which the token of a ServiceAccount does not have", _pointers(name), False
        elif found is UNKNOWN:
            yield f"asks for {asked}: only the cluster can tell", "`keywave verify --login` asks it", True
        elif isinstance(found, Mapping) or not _matches(wanted, found if isinstance(found, list) else [found], globs):
            shown = "an object" if isinstance(found, Mapping) else found
            yield f"asks for {asked}; this login has {shown}", _pointers(name), False


def _matches(wanted: tuple[str, ...], found: list[str], globs: bool) -> bool:
    return any(glob(each, value) if globs else each == value for each in wanted for value in found)


def _pointers(name: str) -> str:
    if name.startswith("/"):
        return ""
    return "claims of Kubernetes are reached by a pointer: /kubernetes.io/namespace, /kubernetes.io/serviceaccount/name"
