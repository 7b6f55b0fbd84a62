"""The auth role of a login: found by its name, or for AppRoles by the RoleID. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keywave.references.model import Identity, Reference
from keywave.vault.inventory import Fact, Inventory, Settings, State
from keywave.verify.view import View

TYPES: Mapping[str, tuple[str, ...]] = {
    "kubernetes": ("kubernetes",),
    "jwt": ("jwt", "oidc"),
    "approle": ("approle",),
    "aws": ("aws",),
    "gcp": ("gcp",),
}
"""Method (in lower case) -> types of auth mounts that take such a login. Other methods are not judged."""


def method_of(identity: Identity) -> str:
    """`approle` for the operator's `appRole` and External Secrets' `appRole`."""
    return identity.method.lower()


def logins(references: Iterable[Reference]) -> list[tuple[Identity, list[Reference]]]:
    """Each distinct login that the tree holds, with the references that use it, in the order of the tree."""
    found: dict[tuple[str, ...], tuple[Identity, list[Reference]]] = {}
    for reference in references:
        if reference.identity.known:
            found.setdefault(reference.identity.key, (reference.identity, []))[1].append(reference)
    return list(found.values())


def by_vault(view: View) -> list[tuple[Inventory, list[Reference]]]:
    """The references to each Vault that is known, in their order."""
    found: dict[int, tuple[Inventory, list[Reference]]] = {}
    for asked in view.asked:
        found.setdefault(id(asked.inventory), (asked.inventory, []))[1].append(asked.reference)
    return list(found.values())


def role_of(identity: Identity, inventory: Inventory) -> Fact[Settings]:
    """The role's settings. ABSENT also for a RoleID that no AppRole of a wholly known mount has; UNCOVERED when it cannot be told."""
    namespace = identity.vault_namespace
    if identity.role:
        return inventory.role(namespace, identity.role_path)
    if method_of(identity) != "approle" or not identity.role_id:
        return Fact(State.UNCOVERED)
    folder = f"auth/{identity.mount}/role/"
    listed = inventory.names.get((namespace, folder))
    if listed is None or listed.value is None:
        return Fact(State.UNCOVERED)
    unknown = False
    for name in listed.value:
        role = inventory.role(namespace, folder + name).value
        if role is None or not role.get("role_id"):
            unknown = True
        elif role["role_id"] == identity.role_id:
            return Fact(State.PRESENT, role)
    return Fact(State.UNCOVERED if unknown else State.ABSENT)


def role_name(identity: Identity, inventory: Inventory) -> str:
    """The role's name; for an AppRole that is named by its RoleID only, looked up."""
    if identity.role:
        return identity.role
    folder = f"auth/{identity.mount}/role/"
    for name in inventory.listing(identity.vault_namespace, folder):
        role = inventory.role(identity.vault_namespace, folder + name).value
        if role is not None and role.get("role_id") == identity.role_id:
            return name
    return ""
