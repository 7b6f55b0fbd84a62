"""Roles of engines and auth methods, issuers, policies, identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from keywave.redact import redact
from keywave.references.model import Identity
from keywave.survey.gathering import Gathering
from keywave.vault import engines, wire
from keywave.vault.inventory import Entity, Fact, Mount, Place, State, role_id_mark
from keywave.vault.wire import Request, Response

MOST_APPROLES = 500


class RoleAsk(NamedTuple):
    """One role by its API path, below a mount that is there."""

    namespace: str
    path: str
    mount: Mount


def role_requests(gathering: Gathering, asked: Iterable[RoleAsk]) -> dict[RoleAsk, Request]:
    """Requests for roles; a name with signs that cannot be a role's is absent without one."""
    requests: dict[RoleAsk, Request] = {}
    for ask in sorted(set(asked), key=lambda a: (a.namespace, a.path)):
        if _by_listing(ask):
            continue
        try:
            if not engines.names_a_role(ask.mount, ask.path):
                raise ValueError(ask.path)
            requests[ask] = wire.role(ask.path, ask.namespace)
        except ValueError:
            gathering.tables["roles"][ask.namespace, ask.path] = Fact(State.ABSENT)
    return requests


def take_roles(gathering: Gathering, answers: Mapping[RoleAsk, Response | None]) -> None:
    for ask, answer in answers.items():
        request = wire.role(ask.path, ask.namespace)
        fact = gathering.fact(request, answer, lambda a: a.data)
        if fact.value is not None:
            fact = Fact(State.PRESENT, engines.keep(ask.path, ask.mount.type, fact.value))
        gathering.tables["roles"][ask.namespace, ask.path] = fact


def take_listed_roles(gathering: Gathering, asked: Iterable[RoleAsk]) -> None:
    """Roles of engines that nobody knows: whether they are there, by their folder's listing. What a GET answers with in such an engine
    nobody knows either: a plug-in that keeps values would answer with one."""
    mine = sorted({ask for ask in asked if _by_listing(ask)}, key=lambda a: (a.namespace, a.path))
    folders = {ask: (ask.namespace, ask.path.rpartition("/")[0] + "/") for ask in mine if wire.sendable(ask.path)}
    list_role_folders(gathering, folders.values())
    for ask in mine:
        fact: Fact[Any] = Fact(State.ABSENT)
        if ask in folders:
            listed = gathering.tables["names"][folders[ask]]
            if listed.value is None:
                fact = Fact(listed.state, note=listed.note)
            elif ask.path.rpartition("/")[2] in listed.value:
                fact = Fact(State.PRESENT, {})
        gathering.tables["roles"][ask.namespace, ask.path] = fact


def _by_listing(ask: RoleAsk) -> bool:
    return not ask.path.startswith("auth/") and ask.mount.type not in engines.ENGINES


def list_issuers(gathering: Gathering, mounts: Iterable[tuple[str, Mount]]) -> None:
    """Ids and names of all issuers, together in `pki/issuers/`."""
    names = gathering.tables["names"]
    asked = {
        (space, f"{mount.path}/issuers/"): wire.pki_issuers(mount.path, space)
        for space, mount in sorted(set(mounts))
        if mount.type == "pki" and (space, f"{mount.path}/issuers/") not in names
    }
    for place, answer in gathering.send_each(asked).items():
        fact = gathering.fact(asked[place], answer, _issuers)
        names[place] = Fact(State.PRESENT, ()) if fact.absent else fact


def _issuers(answer: Response) -> tuple[str, ...]:
    info = answer.data.get("key_info") or {}
    named = {str(each.get("issuer_name") or "") for each in info.values() if isinstance(each, Mapping)}
    return tuple(sorted({*map(str, answer.data.get("keys") or ()), *named} - {""}))


def list_role_folders(gathering: Gathering, folders: Iterable[Place]) -> None:
    gathering.listed(folders, lambda place: wire.list_roles(place[1], place[0]))


def read_approles(gathering: Gathering, mounts: Iterable[tuple[str, Mount]]) -> None:
    """All AppRoles of a mount with the marks of their RoleIDs: nothing in Vault leads from a RoleID to its role. At most 500 a mount."""
    asked: list[RoleAsk] = []
    folders = {(space, f"auth/{mount.path}/role/"): mount for space, mount in mounts}
    list_role_folders(gathering, folders)
    for (space, folder), mount in folders.items():
        names = gathering.tables["names"][space, folder].value or ()
        asked += [RoleAsk(space, folder + name, mount) for name in names[:MOST_APPROLES]]
    roles = gathering.tables["roles"]
    take_roles(
        gathering,
        gathering.send_each(role_requests(gathering, [a for a in asked if (a.namespace, a.path) not in roles])),
    )
    ids = gathering.send_each({a: wire.approle_id(a.mount.path, a.path.rpartition("/")[2], a.namespace) for a in asked})
    for ask, answer in ids.items():
        place, role = (ask.namespace, ask.path), roles[ask.namespace, ask.path]
        if answer is not None and answer.ok and role.value is not None:
            roles[place] = Fact(
                State.PRESENT, {**role.value, "role_id": role_id_mark(str(answer.data.get("role_id") or ""))}, role.note
            )


def read_policies(gathering: Gathering, wanted: Iterable[Place]) -> None:
    """Text of policies; where one is absent, the names of all. `root` has no text."""
    policies = gathering.tables["policies"]
    asked = {
        place: wire.policy(place[1], place[0])
        for place in sorted(set(wanted))
        if place not in policies and place[1] != "root" and place[1].strip("/. ") == place[1] and "/" not in place[1]
    }
    for place, answer in gathering.send_each(asked).items():
        # A token that somebody left in a comment would stand in Git.
        policies[place] = gathering.fact(asked[place], answer, lambda a: redact(str(a.data.get("policy") or "")))
    missing = {(space, "sys/policies/acl/") for (space, name) in asked if policies[space, name].absent}
    gathering.listed(missing, lambda place: wire.list_policies(place[0]))


def policies_of(gathering: Gathering) -> set[Place]:
    """Policies that the auth roles name, and `default` unless a role refuses it."""
    found: set[Place] = set()
    for (space, path), fact in gathering.tables["roles"].items():
        if path.startswith("auth/") and fact.value is not None:
            found |= {(space, str(name)) for name in fact.value.get("token_policies", ())}
            if not fact.value.get("token_no_default_policy"):
                found.add((space, "default"))
    return found


def find_entities(gathering: Gathering, identities: Iterable[Identity]) -> None:
    """Entities of logins whose alias can be known from the tree, with the policies of their groups."""
    asked: dict[Place, Request] = {}
    for identity in identities:
        mount = gathering.known_mount("auths", (identity.vault_namespace, identity.mount))
        alias = _alias(identity, gathering) if mount is not None else ""
        if mount is not None and alias and mount.accessor:
            place = (identity.vault_namespace, f"{identity.mount}/{alias}")
            asked[place] = wire.entity_by_alias(alias, mount.accessor, identity.vault_namespace)
    groups: dict[Place, tuple[str, ...]] = {}
    answers = gathering.send_each({place: asked[place] for place in sorted(asked)})
    for place, answer in answers.items():
        if answer is not None and (answer.status == 204 or (answer.ok and not answer.data)):
            gathering.tables["entities"][place] = Fact(State.ABSENT)
            continue
        gathering.tables["entities"][place] = gathering.fact(asked[place], answer, _entity)
        if answer is not None and answer.ok:
            groups[place] = _texts(answer.data.get("group_ids"))
    ids = sorted({(place[0], each) for place, many in groups.items() for each in many})
    found = gathering.send_each({(space, each): wire.group(each, space) for space, each in ids})
    for place, many in groups.items():
        entity: Entity | None = gathering.tables["entities"][place].value
        if entity is None:
            continue
        told = [found[place[0], each] for each in many]
        policies = {
            name for answer in told if answer is not None and answer.ok for name in _texts(answer.data.get("policies"))
        }
        complete = all(answer is not None and answer.ok for answer in told)
        value = entity._replace(group_policies=tuple(sorted(policies)), complete=complete)
        gathering.tables["entities"][place] = Fact(State.PRESENT, value)
    read_policies(gathering, _entity_policies(gathering))


def _entity_policies(gathering: Gathering) -> set[Place]:
    there = [(place[0], fact.value) for place, fact in gathering.tables["entities"].items() if fact.value is not None]
    return {(space, name) for space, entity in there for name in (*entity.policies, *entity.group_policies)}


def _alias(identity: Identity, gathering: Gathering) -> str:
    """The name that Vault knows a login by: a ServiceAccount's where the role says so, `sub` of its token, a RoleID; else ""."""
    role: Mapping[str, Any] = (
        gathering.tables["roles"].get((identity.vault_namespace, identity.role_path), Fact(State.UNCOVERED)).value or {}
    )
    method = identity.method.lower()
    if method == "approle":
        return identity.role_id
    if not identity.namespace or not identity.service_account:
        return ""
    if method == "kubernetes" and role.get("alias_name_source") == "serviceaccount_name":
        return f"{identity.namespace}/{identity.service_account}"
    if method == "jwt" and role.get("user_claim") == "sub":
        return f"system:serviceaccount:{identity.namespace}:{identity.service_account}"
    return ""


def _entity(answer: Response) -> Entity:
    data = answer.data
    metadata = {str(name): str(value) for name, value in (data.get("metadata") or {}).items()}
    return Entity(str(data.get("id") or ""), str(data.get("name") or ""), _texts(data.get("policies")), (), metadata)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(sorted(map(str, value))) if isinstance(value, (list, tuple)) else ()
