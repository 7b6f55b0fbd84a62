"""Engines that make credentials: does the role exist, and does the lease live long enough, and no longer than the token that asked for it?

Sources: Vault's lease rules (a role's TTL, else its mount's, else the system's 768h; capped by the role's and the mount's maximum; a lease
ends with the token that made it); the operator's VaultDynamicSecret (renews leases, needs allowStaticCreds for what has none); External
Secrets' generator (renews nothing, asks anew each refreshInterval).
"""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, nearest
from keywave.vault.engines import ENGINES, role_of
from keywave.vault.inventory import Inventory, Mount, Settings
from keywave.verify.asked import Asked
from keywave.verify.login_role import write_role
from keywave.verify.view import View, of_kind
from keywave.verify.wording import or_else, some, space, span

SYSTEM_TTL = 2764800
"""Seconds: Vault's default_lease_ttl and max_lease_ttl where the server's own settings say nothing (768h)."""
OTHER_FOLDER = {"roles": "static-roles", "static-roles": "roles", "role": "static-role", "static-role": "role"}


def check_engine_roles(view: View) -> Iterator[Finding]:
    """KW8201, KW8202."""
    for asked, mount in of_kind(view, "dynamic"):
        path = role_of(mount, asked.resolved.path)
        if path is None or not asked.inventory.role(asked.namespace, path).absent or unheard_of(asked, mount, path):
            continue
        folder, _, name = path.removeprefix(f"{mount.path}/").partition("/")
        other = OTHER_FOLDER.get(folder, "")
        if other and _knows(asked, f"{mount.path}/{other}/", name):
            yield _other_kind(asked, mount, folder, name)
        else:
            yield _absent(view, asked, mount, folder, name)


def unheard_of(asked: Asked, mount: Mount, path: str) -> bool:
    """A plug-in that is not in ENGINES and lists nothing where most engines have their roles: it may have them elsewhere."""
    return mount.type not in ENGINES and not asked.inventory.listing(asked.namespace, path.rpartition("/")[0] + "/")


def check_leases(view: View) -> Iterator[Finding]:
    """KW8203, KW8204, KW8205."""
    for asked, mount in of_kind(view, "dynamic"):
        path = role_of(mount, asked.resolved.path)
        role = asked.inventory.role(asked.namespace, path).value if path else None
        if path is None or role is None:
            continue
        if path.removeprefix(f"{mount.path}/").startswith("static-"):
            if asked.reference.family == "vso" and not asked.reference.allow_static_creds:
                yield _static(asked)
            continue
        lease = lease_of(mount, role, asked.resolved.path)
        if lease:
            yield from _refresh(asked, lease)
            yield from _token(asked, lease)


def lease_of(mount: Mount, role: Settings, path: str) -> int:
    """Seconds that a lease lives at first; 0 where the role does not tell (its engine has the setting elsewhere)."""
    sts = path.startswith("sts/")
    given = role.get("default_sts_ttl" if sts else "default_ttl", role.get("ttl"))
    most = role.get("max_sts_ttl" if sts else "max_ttl")
    if given is None and most is None:
        return 0
    limit = mount.max_ttl or SYSTEM_TTL
    return min(given or mount.default_ttl or SYSTEM_TTL, most or limit, limit)


def token_life(inventory: Inventory, namespace: str, mount: str, role: Settings) -> int:
    """Seconds after which a token of this login role ends whatever is renewed; 0 = never (a periodic one)."""
    explicit: int = role.get("token_explicit_max_ttl", 0)
    if role.get("token_period", 0):
        return explicit
    method = inventory.auth(namespace, mount).value
    most: int = role.get("token_max_ttl", 0) or (method.max_ttl if method else 0) or SYSTEM_TTL
    return min(most, explicit or most)


def _knows(asked: Asked, folder: str, name: str) -> bool:
    listed = name in asked.inventory.listing(asked.namespace, folder)
    return listed or asked.inventory.role(asked.namespace, folder + name).value is not None


def _other_kind(asked: Asked, mount: Mount, folder: str, name: str) -> Finding:
    head = asked.resolved.path.partition("/")[0]
    other = {"static-creds": "creds", "static-cred": "creds"}.get(head, "static-creds")
    other = "static-cred" if folder == "role" and head == "creds" else other
    is_static = other.startswith("static")
    kinds = ("static", "dynamic") if is_static else ("dynamic", "static")
    more = ", with allowStaticCreds: true" if is_static and asked.reference.family == "vso" else ""
    return asked.reference.finding(
        "KW8202",
        f'"{name}" of "{mount.path}" is a {kinds[0]} role, and {head}/{name} asks for a {kinds[1]} one',
        hint=f"write {other}/{name}{more}",
    )


def _absent(view: View, asked: Asked, mount: Mount, folder: str, name: str) -> Finding:
    names = asked.inventory.listing(asked.namespace, f"{mount.path}/{folder}/")
    near = nearest(name, names)
    there = f"; it has {some(names)}" if names else ""
    head = asked.resolved.path.partition("/")[0]
    also = "" if near else _elsewhere(view, asked, folder, name)
    return asked.reference.finding(
        "KW8201",
        f'the {mount.type} engine at "{mount.path}" has no role "{name}" in {folder}/{there}{also}',
        hint=or_else(
            near and f"{head}/{near}", f"vault write{space(asked.namespace)} {mount.path}/{folder}/{name} ..."
        ),
    )


def _elsewhere(view: View, asked: Asked, folder: str, name: str) -> str:
    """Another mount with a role of this name that the tree reads too: a lock may know of more than a live look does."""
    for other, mount in of_kind(view, "dynamic"):
        path = f"{mount.path}/{folder}/{name}"
        same = other.inventory is asked.inventory and other.namespace == asked.namespace
        if same and role_of(mount, other.resolved.path) == path and other.inventory.role(other.namespace, path).value:
            return f'; "{mount.path}" has one'
    return ""


def _static(asked: Asked) -> Finding:
    return asked.reference.finding(
        "KW8204",
        f"{asked.place} gives static credentials, which have no lease: without allowStaticCreds the operator does not read them again "
        "when Vault changes the password",
        hint="set allowStaticCreds: true (in a SecretIntent: vso: {allowStaticCreds: true})",
    )


def _refresh(asked: Asked, lease: int) -> Iterator[Finding]:
    refresh = asked.reference.refresh_after
    if refresh <= lease:
        return
    if asked.reference.family == "eso":
        yield asked.reference.finding(
            "KW8203",
            f"credentials of {asked.place} end after {span(lease)}, and are asked for anew only every {span(refresh)}: "
            "External Secrets renews no lease",
            "refresh",
            hint=f"set refreshInterval below {span(lease)}, such as {span(max(lease // 2, 1))}",
        )
    else:
        yield asked.reference.finding(
            "KW8203",
            f"refreshAfter is {span(refresh)}, and a lease of {asked.place} ends after {span(lease)}: the operator goes by the lease "
            "(renewalPercent), not by refreshAfter",
            "refresh",
            hint="leave refreshAfter out",
            warning=True,
        )


def _token(asked: Asked, lease: int) -> Iterator[Finding]:
    identity = asked.reference.identity
    if not identity.known or not identity.role_path:
        return
    role = asked.inventory.role(identity.vault_namespace, identity.role_path).value
    method = asked.inventory.auth(identity.vault_namespace, identity.mount).value
    life = token_life(asked.inventory, identity.vault_namespace, identity.mount, role) if role is not None else 0
    if life and lease > life:
        yield asked.reference.finding(
            "KW8205",
            f"a lease of {asked.place} is for {span(lease)}, but tokens of {identity.role_path} end after {span(life)}, and their leases "
            "with them",
            hint=f"{write_role(identity, method)} token_max_ttl={span(lease)}, or give the engine's role a "
            f"default_ttl below {span(life)}",
            warning=True,
        )
