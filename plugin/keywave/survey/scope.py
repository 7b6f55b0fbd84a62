"""How far a survey looks beyond the references: what a lock of a whole profile holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from keywave.intent.model import Profile
from keywave.references.model import Reference
from keywave.vault.inventory import Place


class Scope(NamedTuple):
    """`prefixes`: (namespace, "kv/dev/") KV folders whose every secret is taken, the mount alone for all; `engines`: (namespace, mount)
    whose roles (and issuers) are; `auths`: (namespace, auth mount) whose roles and their policies are. `most`: bound on names."""

    prefixes: tuple[Place, ...] = ()
    engines: tuple[Place, ...] = ()
    auths: tuple[Place, ...] = ()
    most: int = 50_000


def scope_of(profiles: Iterable[Profile], references: Sequence[Reference]) -> Scope:
    """What a lock of these profiles holds: all below their KV prefixes (as far as a prefix is the same for every application) and the
    folder of each other KV reference; all roles of their engines and auth methods, and of those that the references use. All of that in
    each Vault namespace that a profile or a reference names."""
    profiles = tuple(profiles)
    spaces = {r.vault_namespace for r in references} | {p.vault_namespace for p in profiles}
    mounts = [(p.kv_mount, f"{p.kv_mount}/{_fixed_folder(p.kv_prefix)}") for p in profiles if p.kv_mount]
    prefixes = {(space, prefix) for space in spaces for mount, prefix in mounts if _fixed(mount)}
    for reference in references:
        folder = reference.path.rpartition("/")[0]
        if reference.kind == "kv" and folder:
            space, place = reference.vault_namespace, f"{reference.mount}/{folder}/"
            if not any(space == known and place.startswith(above) for known, above in prefixes):
                prefixes.add((space, place))
    engines = {(space, mount) for space in spaces for p in profiles for mount in (p.dynamic_mount, p.pki_mount)}
    engines |= {(r.vault_namespace, r.mount) for r in references if r.kind in ("dynamic", "pki")}
    auths = {(p.vault_namespace, p.auth.mount) for p in profiles}
    auths |= {(r.identity.vault_namespace, r.identity.mount) for r in references if r.identity.known}
    return Scope(_whole(prefixes), _whole(engines), _whole(auths))


def _whole(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(sorted(p for p in places if p[1] and _fixed(p[0]) and _fixed(p[1])))


def _fixed(text: str) -> bool:
    """Without a placeholder, ours or one that Flux fills in later."""
    return "{" not in text


def _fixed_folder(prefix: str) -> str:
    """`dev/{namespace}/` -> `dev/`; `dev-` -> "" (a folder is what can be listed)."""
    head = prefix.partition("{")[0].lstrip("/")
    return head[: head.rfind("/") + 1]
