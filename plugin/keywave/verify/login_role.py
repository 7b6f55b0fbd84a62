"""The auth role of a login: found by its name, or for AppRoles by the RoleID. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.references.model import Identity
from keywave.vault.inventory import Fact, Inventory, Mount, Settings, State, role_id_mark
from keywave.verify.wording import space

TYPES: Mapping[str, tuple[str, ...]] = {
    "kubernetes": ("kubernetes", "jwt", "oidc"),
    "jwt": ("jwt", "oidc", "kubernetes"),
    "approle": ("approle",),
    "aws": ("aws",),
    "gcp": ("gcp",),
}
"""Method (in lower case) -> types of auth mounts that take such a login, the method's own first. Other methods are not judged.

Logins by kubernetes and by jwt are one request (a role and a ServiceAccount's token), so a mount of either type takes both."""
OF_TOKENS = {"kubernetes": "kubernetes", "jwt": "jwt", "oidc": "jwt"}


def method_of(identity: Identity) -> str:
    """`approle` for the operator's `appRole` and External Secrets' `appRole`."""
    return identity.method.lower()


def judged_as(identity: Identity, inventory: Inventory) -> str:
    """The method whose rules hold: that of the mount where a ServiceAccount's token is sent, else the login's own."""
    method = method_of(identity)
    mount = inventory.auth(identity.vault_namespace, identity.mount).value
    return OF_TOKENS.get(mount.type, method) if mount is not None and method in OF_TOKENS else method


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
    unknown, mark = False, role_id_mark(identity.role_id)
    for name in listed.value:
        role = inventory.role(namespace, folder + name).value
        if role is None or not role.get("role_id"):
            unknown = True
        elif role["role_id"] == mark:
            return Fact(State.PRESENT, role)
    return Fact(State.UNCOVERED if unknown else State.ABSENT)


def write_role(identity: Identity, mount: Mount | None) -> str:
    """The start of a command that changes some fields of the login's role and keeps the others. A role of a JWT mount is written with its
    type: without it Vault takes it for one of browsers, and refuses or changes it."""
    path = identity.role_path or f"auth/{identity.mount}/role/NAME"
    kind = " role_type=jwt" if mount is not None and mount.type in ("jwt", "oidc") else ""
    return f"vault write{space(identity.vault_namespace)} {path}{kind}"


def role_name(identity: Identity, inventory: Inventory) -> str:
    """The role's name; for an AppRole that is named by its RoleID only, looked up."""
    if identity.role:
        return identity.role
    folder = f"auth/{identity.mount}/role/"
    for name in inventory.listing(identity.vault_namespace, folder):
        role = inventory.role(identity.vault_namespace, folder + name).value
        if role is not None and role.get("role_id") == role_id_mark(identity.role_id):
            return name
    return ""
