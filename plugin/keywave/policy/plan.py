"""From references to a plan: one policy a login, and the auth role that gives it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from keywave.policy.grants import grants_of, united
from keywave.policy.model import Grant, Plan, PlannedPolicy, PlannedRole, Skipped, Target
from keywave.references.model import Connection, Identity, Reference
from keywave.vault.inventory import Inventory, role_id_mark

METHODS: Mapping[str, str] = {"kubernetes": "kubernetes", "jwt": "jwt", "appRole": "approle"}
"""Methods of the operator whose roles can be written from the tree -> Vault's type of them."""
TOKENS: Mapping[str, str] = {"kubernetes": "kubernetes", "jwt": "jwt", "oidc": "jwt"}
"""Types of auth mounts that take a ServiceAccount's token -> the type of their roles."""
RESERVED = frozenset(("root", "default", "response-wrapping", "control-group"))
"""Policies of Vault's own."""
NO_INVENTORY = Inventory()


class _Login(NamedTuple):
    """One role in Vault: all identities that take it, and what they need."""

    identities: tuple[Identity, ...]
    grants: tuple[Grant, ...]

    @property
    def first(self) -> Identity:
        return self.identities[0]


def plan_policies(
    references: Sequence[Reference],
    inventory_of: Callable[[Connection], Inventory | None] = lambda _: None,
    *,
    name: str = "{role}",
) -> Plan:
    """Policies and roles for these references. `name` is the pattern of policy names ({role}, {mount}).

    `inventory_of` (live or lock) tells mounts apart where an object names only a whole path, and the name of the AppRole that has a
    RoleID; without one the objects are believed. What cannot be written is in `skipped`, never left out in silence.
    """
    skipped: list[Skipped] = []
    notes: list[str] = []
    by_login: dict[tuple[str, ...], list[tuple[Identity, Grant]]] = {}
    for reference in references:
        identity, paths = reference.identity, (reference.place[1],)
        if not identity.known:
            skipped.append(Skipped(identity.label, "the tree does not hold this login", paths))
            continue
        asked = grants_of(reference, inventory_of(reference.vault) or NO_INVENTORY)
        if asked.problem:
            skipped.append(Skipped(reference.manifest.subject, asked.problem, paths))
            continue
        notes += [asked.note] if asked.note else []
        by_login.setdefault(_role_key(identity), []).extend((identity, grant) for grant in asked.grants)
    logins = [
        _Login(_distinct(i for i, _ in pairs), united(grant for _, grant in pairs))
        for _, pairs in sorted(by_login.items())
    ]
    plan = _plan(logins, inventory_of, name)
    return plan._replace(skipped=_gathered(skipped), notes=(*sorted(set(notes)), *plan.notes))


def _role_key(identity: Identity) -> tuple[str, ...]:
    """Equal for logins that come out at the same role. Vault takes role names in any case."""
    role = identity.role.lower() or identity.role_id or identity.label
    return (identity.vault.address, identity.vault_namespace, identity.mount, role)


def _distinct(identities: Iterable[Identity]) -> tuple[Identity, ...]:
    by_key = {identity.key: identity for identity in identities}
    return tuple(by_key[key] for key in sorted(by_key))


def _plan(
    logins: Sequence[_Login],
    inventory_of: Callable[[Connection], Inventory | None],
    pattern: str,
) -> Plan:
    notes: list[str] = []
    targets = []
    for _, same in groupby(logins, key=lambda login: login.first.vault.address):
        group = list(same)
        roles = [
            _looked_up(login.first, inventory_of(login.first.vault) or NO_INVENTORY) or _made_up(login.first)
            for login in group
        ]
        names = _policy_names(group, roles, pattern)
        policies, planned = [], []
        for login, role, policy in zip(group, roles, names, strict=True):
            policies.append(PlannedPolicy(policy, login.first.vault_namespace, login.grants))
            inventory = inventory_of(login.first.vault) or NO_INVENTORY
            made, told = _role(login, role, policy, inventory)
            planned += [made] if made else []
            notes += told
        targets.append(
            Target(
                group[0].first.vault,
                tuple(sorted(policies, key=lambda p: (p.vault_namespace, p.name))),
                tuple(sorted(planned, key=lambda r: (r.vault_namespace, r.mount, r.name))),
            )
        )
    return Plan(tuple(targets), notes=tuple(notes))


def _gathered(skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
    """One entry for each label and reason."""
    paths: dict[tuple[str, str], set[str]] = {}
    for each in skipped:
        paths.setdefault((each.label, each.reason), set()).update(each.paths)
    return tuple(Skipped(label, reason, tuple(sorted(found))) for (label, reason), found in sorted(paths.items()))


def _looked_up(identity: Identity, inventory: Inventory) -> str:
    """The role's name. An AppRole is known by its RoleID only: "" where the inventory holds none that has it."""
    if identity.role:
        return identity.role
    folder = f"auth/{identity.mount}/role/"
    if identity.role_id:
        for (namespace, path), fact in sorted(inventory.roles.items()):
            held = (fact.value or {}).get("role_id") if path.startswith(folder) else None
            if namespace == identity.vault_namespace and held == role_id_mark(identity.role_id):
                return path.removeprefix(folder)
    return ""


def _made_up(identity: Identity) -> str:
    """A name for an AppRole, of the object that logs in."""
    return identity.label.rpartition(" ")[2].replace("/", "-")


def _policy_names(logins: Sequence[_Login], roles: Sequence[str], pattern: str) -> list[str]:
    """One for each login. Vault keeps names of policies in lower case; the mount goes before a name that two want, or that is Vault's."""
    first = [
        pattern.replace("{role}", role).replace("{mount}", login.first.mount).lower()
        for login, role in zip(logins, roles, strict=True)
    ]
    places = [(login.first.vault_namespace, name) for login, name in zip(logins, first, strict=True)]
    names: list[str] = []
    taken: set[tuple[str, str]] = set()
    for login, place in zip(logins, places, strict=True):
        namespace, name = place
        if places.count(place) > 1 or name in RESERVED:
            name = f"{login.first.mount}-{name}".lower()
        base, number = name, 1
        while (namespace, name) in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add((namespace, name))
        names.append(name)
    return names


def _role(login: _Login, name: str, policy: str, inventory: Inventory) -> tuple[PlannedRole | None, list[str]]:
    """The role, and what is to be said about it."""
    first = login.first
    methods = {identity.method for identity in login.identities}
    method = _type_of(first, inventory) if len(methods) == 1 else ""
    what = f"role {first.role_path or name}"
    if len(methods) > 1:
        return None, [
            f"{what}: logins of several methods ({', '.join(sorted(methods))}) name it; only a policy is written"
        ]
    accounts = {(i.namespace, i.service_account) for i in login.identities if i.service_account}
    if method in TOKENS and any(not namespace for namespace, _ in accounts):
        told = f"{what}: which namespace its ServiceAccounts are in does not stand in the tree (say --destination-namespace)"
        return None, [f"{told}; only the policy {policy!r} is written"]
    if not method or (method != "approle" and not accounts):
        told = f"{what}: whom a login by {first.method or 'an unknown method'} belongs to does not stand in the tree"
        return None, [f"{told}; only the policy {policy!r} is written"]
    notes = []
    role = PlannedRole(method, first.mount, name, first.vault_namespace, (policy,), role_id=first.role_id)
    if method == "approle":
        if first.role_id and not _looked_up(first, inventory):
            notes.append(
                f"role {role.path} is a name made up here: a role with this RoleID may be there already, and Vault refuses a second "
                "one (role_id already in use); --lock or --live finds its name"
            )
        if not first.role_id:
            notes.append(f"{what}: no RoleID stands in the tree, so Vault makes one")
        return role, notes
    audiences, about = _audiences(login, method, what)
    role = role._replace(accounts=tuple(sorted(accounts)), audiences=audiences)
    return role, [*about, *_sharing(role, what)]


def _type_of(identity: Identity, inventory: Inventory) -> str:
    """The type of the role: that of the mount where a ServiceAccount's token is sent, where it is known (a login of the CSI provider is one
    request for both), else the login's own. "" where no role can be written."""
    method = METHODS.get(identity.method, "")
    mount = inventory.auth(identity.vault_namespace, identity.mount).value
    return TOKENS.get(mount.type, method) if mount is not None and method in TOKENS else method


def _audiences(login: _Login, method: str, what: str) -> tuple[tuple[str, ...], list[str]]:
    """The audiences of the role: any of several for jwt, for kubernetes one, which all of its tokens must have."""
    asked = [set(identity.audiences) for identity in login.identities]
    if method == "jwt":
        return tuple(sorted(set().union(*asked))), []
    common = sorted(set.intersection(*asked))
    if common:
        return (common[0],), []
    if any(asked):
        return (), [
            f"{what}: its logins ask for tokens of no common audience and a role holds but one, so none is set; "
            "give them one audience"
        ]
    return (), [f"{what}: no audience is asked for, so a token made for another service would do; set audiences"]


def _sharing(role: PlannedRole, what: str) -> list[str]:
    if len(role.accounts) < 2:
        return []
    shown = ", ".join(f"{namespace}/{name}" for namespace, name in role.accounts)
    notes = [f"{what} is shared by {shown}: each may read what any of them needs; a role a ServiceAccount is narrower"]
    namespaces, names = {n for n, _ in role.accounts}, {s for _, s in role.accounts}
    if role.method == "kubernetes" and len(namespaces) * len(names) > len(role.accounts):
        notes.append(f"{what} binds every one of these names in every one of these namespaces: Vault has no pairs")
    return notes
