"""Can the workloads log in? Once for each distinct login: mount, type, role, bindings, token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from keywave.findings import Finding, did_you_mean
from keywave.references.model import Identity, Reference, finding_at
from keywave.vault.inventory import Inventory
from keywave.verify.login_bindings import Slip, approle, jwt, kubernetes
from keywave.verify.login_role import TYPES, judged_as, method_of, role_of
from keywave.verify.login_tokens import tokens
from keywave.verify.view import View, view_of
from keywave.verify.wording import space

_BINDINGS = {"kubernetes": kubernetes, "jwt": jwt, "approle": approle}


def check_logins(view: View) -> Iterator[Finding]:
    """KW8401 to KW8410: can the workloads log in?"""
    for login in view.logins:
        identity, uses, seen = login.identity, login.uses, set()
        for slip in slips_of(identity, uses, login.inventory) if identity.known else ():
            if (slip.code, slip.message) not in seen:
                seen.add((slip.code, slip.message))
                yield finding_at(
                    identity.spots,
                    uses[0].manifest,
                    slip.code,
                    slip.message,
                    slip.spot if slip.spot in identity.spots else "role",
                    hint=slip.hint,
                    warning=slip.warning,
                )


def login_findings(references: Sequence[Reference], inventory: Inventory) -> Iterator[Finding]:
    """Findings of the logins of references to one Vault. What the inventory does not tell is not judged here."""
    return check_logins(view_of(references, inventory))


def slips_of(identity: Identity, uses: Sequence[Reference], inventory: Inventory) -> Iterator[Slip]:
    """What is wrong with one login. A mount or role that is wrong hides what is below it."""
    types = TYPES.get(method_of(identity))
    if types is None or not identity.mount:
        return
    mount = inventory.auth(identity.vault_namespace, identity.mount)
    if mount.absent:
        yield _no_mount(identity, inventory, types[0])
        return
    if mount.value is not None and mount.value.type not in types:
        said = f"auth/{identity.mount} is of type {mount.value.type}; {identity.label} logs in by {identity.method}"
        right = [path for path in _mounts_of(identity, inventory) if _type(identity, inventory, path) in types]
        there = f"of type {types[0]} there is: {', '.join(sorted(right))}" if right else ""
        yield Slip(
            "KW8402",
            "mount",
            said,
            there or f"vault auth enable{space(identity.vault_namespace)} -path={types[0]} {types[0]}",
        )
        return
    role = role_of(identity, inventory)
    if role.absent:
        yield _no_role(identity, inventory)
        return
    if role.value is None:
        return
    judge = _BINDINGS.get(judged_as(identity, inventory))
    if judge is not None:
        yield from judge(identity, role.value)
    if mount.value is not None:
        yield from tokens(identity, role.value, mount.value, uses)


def _no_mount(identity: Identity, inventory: Inventory, kind: str) -> Slip:
    near = did_you_mean(identity.mount, _mounts_of(identity, inventory))
    command = f"vault auth enable{space(identity.vault_namespace)} -path={identity.mount} {kind}"
    message = f"nothing is mounted at auth/{identity.mount}{_in(identity)}, where {identity.label} logs in"
    return Slip("KW8401", "mount", message, f"{near} or mount it: {command}" if near else command)


def _no_role(identity: Identity, inventory: Inventory) -> Slip:
    names = inventory.listing(identity.vault_namespace, f"auth/{identity.mount}/role/")
    if not identity.role:
        message = f'no AppRole of auth/{identity.mount}{_in(identity)} has the RoleID "{identity.role_id}" of {identity.label}'
        there = f" (roles: {', '.join(names[:6])})" if names else ""
        return Slip(
            "KW8408",
            "roleId",
            message,
            f"vault read{space(identity.vault_namespace)} auth/{identity.mount}/role/NAME/role-id{there}",
        )
    near = did_you_mean(identity.role, names)
    command = f"vault write{space(identity.vault_namespace)} {identity.role_path} ... (`keywave policy` prints it)"
    message = f'auth/{identity.mount}{_in(identity)} has no role "{identity.role}", which {identity.label} asks for'
    return Slip("KW8403", "role", message, f"{near} or write it: {command}" if near else command)


def _in(identity: Identity) -> str:
    return f" in the Vault namespace {identity.vault_namespace}" if identity.vault_namespace else ""


def _mounts_of(identity: Identity, inventory: Inventory) -> list[str]:
    listed = inventory.listing(identity.vault_namespace, "sys/auth/")
    known = [
        path
        for (namespace, path), fact in inventory.auths.items()
        if namespace == identity.vault_namespace and fact.value
    ]
    return sorted({*(name.strip("/") for name in listed), *known})


def _type(identity: Identity, inventory: Inventory, path: str) -> str:
    mount = inventory.auth(identity.vault_namespace, path).value
    return mount.type if mount else ""
