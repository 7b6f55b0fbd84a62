"""The Vault that the examples ask for, and where their locks are. Every value in it is obviously fake; a lock holds none anyway.

`make golden` fills a dev Vault with it and takes the locks by `keywave lock`; the golden tests compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from examples import Render, renders

FAKE = "obviously-fake"
DEFAULT_POLICY = "".join(
    f'path "{path}" {{\n  capabilities = ["{capability}"]\n}}\n'
    for path, capability in (
        ("auth/token/lookup-self", "read"),
        ("auth/token/renew-self", "update"),
        ("auth/token/revoke-self", "update"),
        ("sys/capabilities-self", "update"),
        ("sys/leases/renew", "update"),
    )
)
"""Instead of the hundred lines that a new Vault has there, which would stand in every lock."""
CLAIMED_ROLE_ID = "7f2c7f6e-4a0b-4c7e-9f0e-5d6c5a1c2b3d"


class Writes(Protocol):
    """A Vault as root (`rig.vault.Vault`)."""

    def write(self, path: str, body: dict[str, Any]) -> Any: ...
    def enable(self, path: str, kind: str, **options: Any) -> None: ...
    def enable_auth(self, path: str, kind: str) -> None: ...
    def policy(self, name: str, text: str) -> None: ...


def proofs() -> Iterator[Render]:
    """One render for each tree that is verified: layers of one tree are one."""
    seen = set()
    for render in renders():
        if (render.folder, render.path, render.stdin) not in seen:
            seen.add((render.folder, render.path, render.stdin))
            yield render


def arguments(render: Render) -> list[str]:
    """What `keywave verify` and `keywave lock` are told of the tree; run them in the example's folder."""
    argv = [render.path]
    for option in ("profiles", "project"):
        if value := getattr(render, option):
            argv += [f"--{option}", value]
    return argv


def lock_folder(render: Render) -> Path:
    """Beside the kustomization that it is for; for a stream, in the example's folder."""
    return render.folder / ("." if render.stdin else render.path) / "vault.lock.d"


def fill(vault: Writes, references: Any) -> None:
    """Make what the references ask for: mounts, secrets, roles, logins and the policy of each login."""
    vault.policy("default", DEFAULT_POLICY)
    rules: dict[tuple[str, str], set[str]] = {}
    for reference in references:
        who = reference.identity
        rules.setdefault((who.mount, who.role), set()).add(_MAKE[reference.kind](vault, reference))
    for who in {reference.identity.key: reference.identity for reference in references}.values():
        name = who.role or f"{who.namespace}-approle"
        rule = "\n".join(sorted(rules[who.mount, who.role]))
        vault.policy(name, rule + "\n")
        _log_in(vault, who, name)


def _kv(vault: Writes, reference: Any) -> str:
    version = reference.engine or 2
    vault.enable(reference.mount, "kv", options={"version": str(version)})
    values = dict.fromkeys(reference.keys or ("value",), FAKE)
    between, body = ("data/", {"data": values}) if version == 2 else ("", values)
    for _ in range(reference.version or 1):
        vault.write(f"{reference.mount}/{between}{reference.path}", body)
    return f'path "{reference.mount}/{between}{reference.path}" {{\n  capabilities = ["read"]\n}}'


def _dynamic(vault: Writes, reference: Any) -> str:
    vault.enable(reference.mount, "database")
    name = reference.path.rpartition("/")[2]
    statement = "CREATE ROLE \"{{name}}\" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    vault.write(
        f"{reference.mount}/roles/{name}",
        {"db_name": "app", "creation_statements": [statement], "default_ttl": "1h", "max_ttl": "24h"},
    )
    return f'path "{reference.mount}/{reference.path}" {{\n  capabilities = ["read"]\n}}'


def _pki(vault: Writes, reference: Any) -> str:
    vault.enable(reference.mount, "pki", config={"max_lease_ttl": "8760h"})
    vault.write(f"{reference.mount}/root/generate/internal", {"common_name": "example", "ttl": "8760h"})
    certificate = reference.certificate
    domains = sorted({certificate.common_name, *certificate.alt_names})
    body = {"allowed_domains": domains, "allow_bare_domains": True, "max_ttl": f"{certificate.ttl}s"}
    vault.write(f"{reference.mount}/roles/{reference.path}", body)
    return f'path "{reference.mount}/issue/{reference.path}" {{\n  capabilities = ["update"]\n}}'


_MAKE = {"kv": _kv, "dynamic": _dynamic, "pki": _pki}


def _log_in(vault: Writes, who: Any, name: str) -> None:
    kind = {"appRole": "approle"}.get(who.method, who.method)
    vault.enable_auth(who.mount, kind)
    body: dict[str, Any] = {"token_policies": [name], "token_ttl": "24h"}
    if kind == "kubernetes":
        body |= {"bound_service_account_names": [who.service_account], "audience": who.audiences[0]}
        body |= {"bound_service_account_namespaces": [who.namespace]}
    vault.write(f"auth/{who.mount}/role/{name}", body)
    if who.role_id:
        vault.write(f"auth/{who.mount}/role/{name}/role-id", {"role_id": who.role_id})


def settled(lock: str) -> str:
    """A lock without what Vault rolls dice for (accessors, ids of issuers) and without its time."""
    lock = re.sub(r'"accessor": "([a-z]+(?:_[a-z]+)*)_[0-9a-f]{8}"', r'"accessor": "\1_00000000"', lock)
    uuid = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    lock = re.sub(
        rf'"({uuid})"', lambda m: m[0] if m[1] == CLAIMED_ROLE_ID else f'"{"0" * 8}-0000-0000-0000-{"0" * 12}"', lock
    )
    return re.sub(r'"taken": "[^"]*"', '"taken": "2026-11-22T00:00:00Z"', lock)
