"""The right that a reference needs: an API path, a capability, and the parameters that are sent along.

Rules, asked of a real Vault (tests/integration/test_vault_request_paths.py): issuing by POST or PUT needs `update` and never `create` (no
engine that issues has an existence check there); a lease by GET needs `read`; so does a KV secret of either version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from keywave.references.model import Certificate, Reference
from keywave.references.resolve import Resolved

Capability = Literal["read", "update", "list", "delete"]
NO_PARAMETERS: Mapping[str, tuple[str, ...]] = {}
_BY_METHOD: Mapping[str, Capability] = {
    "GET": "read",
    "HEAD": "read",
    "LIST": "list",
    "DELETE": "delete",
    "POST": "update",
    "PUT": "update",
    "PATCH": "update",
}


class Need(NamedTuple):
    """A request that the workload's login must be allowed. `parameters`: name -> the values that are sent (one, or () where the value
    is not known)."""

    vault_namespace: str
    api_path: str
    capability: Capability
    parameters: Mapping[str, tuple[str, ...]] = NO_PARAMETERS


def need_of(reference: Reference, resolved: Resolved) -> Need:
    """What the login needs for this reference."""
    parameters = {name: (value,) for name, value in sorted(reference.params.items())}
    if reference.kind == "pki":
        asked = parameters or _asked(reference.certificate or Certificate())
        return Need(reference.vault_namespace, resolved.api_path, "update", asked)
    if reference.method == "LIST":
        # Vault puts a slash behind what is listed before it looks for a rule.
        return Need(reference.vault_namespace, resolved.api_path.rstrip("/") + "/", "list")
    if resolved.kind == "kv":
        return Need(reference.vault_namespace, resolved.api_path, "read")
    # The operator sends params with PUT, whatever the method says.
    method = "PUT" if parameters and reference.kind == "dynamic" else (reference.method or "GET").upper()
    return Need(reference.vault_namespace, resolved.api_path, _BY_METHOD.get(method, "update"), parameters)


def beneath(login: str, secret: str) -> str | None:
    """What stands before a path in a policy of the login's Vault namespace: `""`, `team-a/`; None where the secret is not below it."""
    above, below = [s for s in login.split("/") if s], [s for s in secret.split("/") if s]
    return "".join(f"{s}/" for s in below[len(above) :]) if below[: len(above)] == above else None


def _asked(certificate: Certificate) -> Mapping[str, tuple[str, ...]]:
    """A certificate's names where the request itself is not known: lists joined by commas; only what is said."""
    asked = {
        "common_name": certificate.common_name,
        "alt_names": ",".join(certificate.alt_names),
        "ip_sans": ",".join(certificate.ip_sans),
        "uri_sans": ",".join(certificate.uri_sans),
        "other_sans": ",".join(certificate.other_sans),
        "user_ids": ",".join(certificate.user_ids),
        "ttl": f"{certificate.ttl}s" if certificate.ttl else "",
    }
    return {name: (value,) for name, value in sorted(asked.items()) if value}
