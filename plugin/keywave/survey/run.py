"""The survey: mounts first, then everything that references ask for in one round, then what only its answers tell (policies, names)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keywave.references.model import Reference
from keywave.references.resolve import resolve
from keywave.survey.gathering import Asks, Gathering, Progress
from keywave.survey.kv import KvAsk, find_secrets, list_around, list_version_1, take_secrets, walk
from keywave.survey.mounts import find_mounts
from keywave.survey.roles import (
    RoleAsk,
    find_entities,
    list_issuers,
    list_role_folders,
    policies_of,
    read_approles,
    read_policies,
    role_requests,
    take_listed_roles,
    take_roles,
)
from keywave.survey.scope import Scope
from keywave.vault import engines, wire
from keywave.vault.faults import OutOfReach
from keywave.vault.inventory import Inventory, Mount, Place
from keywave.vault.wire import Response

_NO_SCOPE = Scope()


def survey(
    session: Asks, references: Sequence[Reference], *, scope: Scope | None = None, progress: Progress | None = None
) -> Inventory:
    """What a Vault holds of what the references ask for (and, with `scope`, of all that lies below it).

    The number of requests grows with distinct paths, mounts, roles and policies, not with references. Raises OutOfReach as the session
    does, TooMuch for a scope above its bound.
    """
    wide = scope or _NO_SCOPE
    gathering = Gathering(session, progress, wide.most)
    gathering.version = _version(session.ask(wire.health()))
    identities = sorted({r.identity for r in references if r.identity.known and r.identity.mount}, key=lambda i: i.key)
    places = {r.place for r in references if r.place[1]}
    find_mounts(gathering, "mounts", {*places, *wide.prefixes, *wide.engines})
    find_mounts(gathering, "auths", {*((i.vault_namespace, i.mount) for i in identities), *wide.auths})

    secrets, roles, issuing = _asked(gathering, references)
    auth_mounts = {(i.vault_namespace, i.mount) for i in identities} | set(wide.auths)
    for identity in identities:
        mount = gathering.known_mount("auths", (identity.vault_namespace, identity.mount))
        if mount is not None and identity.role_path:
            roles.append(RoleAsk(identity.vault_namespace, identity.role_path, mount))
    if scope is not None:
        secrets += walk(gathering, wide)
        more, pki = _everything(gathering, wide)
        roles, issuing = roles + more, issuing + pki
    kv_requests, wanted_roles = find_secrets(gathering, secrets), role_requests(gathering, roles)
    answers = gathering.send([*kv_requests.values(), *wanted_roles.values()])
    take_secrets(gathering, dict(zip(kv_requests, answers[: len(kv_requests)], strict=True)))
    take_roles(gathering, dict(zip(wanted_roles, answers[len(kv_requests) :], strict=True)))
    take_listed_roles(gathering, roles)
    list_version_1(gathering, secrets)
    list_issuers(gathering, issuing)
    by_id = {(i.vault_namespace, i.mount) for i in identities if i.role_id and not i.role}
    if scope is not None:
        by_id = auth_mounts
    read_approles(gathering, _of_type(gathering, by_id, "approle"))
    read_policies(gathering, policies_of(gathering))
    find_entities(gathering, identities)
    list_around(gathering, secrets)
    list_role_folders(gathering, _role_folders_of_absent(gathering, roles))
    return gathering.inventory()


def _version(health: Response) -> str:
    """Vault's version ("" where its listener hides it). Raises OutOfReach for a server that will answer nothing, or is no Vault: whose
    404 is no proof that something is absent."""
    told = health.data
    if not isinstance(told.get("initialized"), bool):
        raise OutOfReach("not-json", f"what answers sys/health ({health.status}) is not Vault")
    if told.get("sealed") is True:
        raise OutOfReach("sealed", "Vault is sealed")
    if told.get("replication_dr_mode") == "secondary":
        raise OutOfReach(
            "standby", "this Vault is a secondary for disaster recovery: it answers nothing but its status"
        )
    return str(told.get("version") or "")


def _asked(
    gathering: Gathering, references: Sequence[Reference]
) -> tuple[list[KvAsk], list[RoleAsk], list[tuple[str, Mount]]]:
    """Distinct secrets, roles and PKI mounts of the references whose mount is there."""
    known = gathering.inventory()
    secrets: list[KvAsk] = []
    roles: list[RoleAsk] = []
    issuing: list[tuple[str, Mount]] = []
    for reference in references:
        found, space = resolve(reference, known), reference.vault_namespace
        if found.mount is None:
            continue
        if found.kind == "kv" and reference.kind in ("dynamic", "pki"):
            continue  # the wrong type of mount: nothing below it can answer
        if found.kind == "kv":
            paths = dict.fromkeys((found.path, found.meant))
            secrets += [KvAsk(space, found.mount, path, found.version) for path in paths if path]
            continue
        role = engines.role_of(found.mount, found.path)
        if role:
            roles.append(RoleAsk(space, role, found.mount))
        if found.kind == "pki":
            issuing.append((space, found.mount))
    return secrets, roles, issuing


def _everything(gathering: Gathering, scope: Scope) -> tuple[list[RoleAsk], list[tuple[str, Mount]]]:
    """All roles of the scope's engines and auth methods."""
    folders: dict[Place, Mount] = {}
    issuing: list[tuple[str, Mount]] = []
    for space, path in scope.engines:
        mount = gathering.known_mount("mounts", (space, path))
        if mount is not None:
            folders |= {(space, folder): mount for folder in engines.role_folders(mount)}
            issuing.append((space, mount))
    for space, path in scope.auths:
        mount = gathering.known_mount("auths", (space, path))
        if mount is not None:
            folders[space, f"auth/{path}/role/"] = mount
    list_role_folders(gathering, folders)
    names = gathering.tables["names"]
    single = {"rolesets": "roleset", "static-accounts": "static-account"}
    roles = []
    for (space, folder), mount in folders.items():
        head, _, last = folder.rstrip("/").rpartition("/")
        roles += [
            RoleAsk(space, f"{head}/{single.get(last, last)}/{n}", mount) for n in names[space, folder].value or ()
        ]
    return roles, issuing


def _of_type(gathering: Gathering, places: set[Place], kind: str) -> list[tuple[str, Mount]]:
    found = ((space, gathering.known_mount("auths", (space, path))) for space, path in sorted(places))
    return [(space, mount) for space, mount in found if mount is not None and mount.type == kind]


def _role_folders_of_absent(gathering: Gathering, asked: Iterable[RoleAsk]) -> set[Place]:
    """Where a role is absent, all folders of roles of its mount: a static role may have been meant."""
    folders: set[Place] = set()
    for ask in asked:
        if gathering.tables["roles"][ask.namespace, ask.path].absent and wire.sendable(ask.path):
            auth = ask.path.startswith("auth/")
            mine = (f"auth/{ask.mount.path}/role/",) if auth else engines.role_folders(ask.mount)
            folders |= {(ask.namespace, folder) for folder in mine}
    return folders
