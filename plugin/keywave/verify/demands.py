"""What a login may do, by its role's policies, and what its references need it to do: worked out once for all checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from keywave.references.model import Identity, Reference
from keywave.references.needs import NO_PARAMETERS, Need, beneath, need_of
from keywave.references.resolve import Resolved
from keywave.vault.engines import issuer_of, open_to_all, role_of
from keywave.vault.inventory import Inventory, Mount
from keywave.verify.asked import Asked, no_role, right_type, slip_of
from keywave.verify.rights import Rights, rights_of


class Login(NamedTuple):
    """One login and everything that is read with it from one Vault."""

    identity: Identity
    inventory: Inventory
    asked: tuple[Asked, ...]

    @property
    def uses(self) -> tuple[Reference, ...]:
        return tuple(asked.reference for asked in self.asked)


class Wish(NamedTuple):
    """What a login must be allowed. `path` as a policy of the login's Vault namespace writes it; `without_data` the same without the
    `data/` of KV version 2, "" elsewhere; `below` is a KV secret's path below its mount, "" for others."""

    reference: Reference
    path: str
    capability: str
    parameters: Mapping[str, tuple[str, ...]] = NO_PARAMETERS
    without_data: str = ""
    below: str = ""


def wishes(identity: Identity, asked: Sequence[Asked]) -> list[Wish]:
    """One for each path and right, where the mount is known and the path is not another finding's already: nobody needs a rule for a path
    that is wrong."""
    found: dict[tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]], Wish] = {}
    for one in asked:
        reference, resolved, mount = one.reference, one.resolved, one.resolved.mount
        before = beneath(identity.vault_namespace, reference.vault_namespace)
        if before is None or mount is None or _wrong(one, mount) or is_open(one):
            continue
        wish = _wish(reference, before, resolved, need_of(reference, resolved))
        found.setdefault((wish.path, wish.capability, tuple(sorted(wish.parameters.items()))), wish)
    return list(found.values())


def is_open(asked: Asked) -> bool:
    """Needs no rule, since Vault answers it to everybody."""
    mount = asked.resolved.mount
    return mount is not None and open_to_all(mount, asked.resolved.path)


def _wrong(asked: Asked, mount: Mount) -> bool:
    """What other checks tell: a slip in the path, a mount of another kind, a secret, role or issuer that is not there."""
    inventory, path = asked.inventory, asked.resolved.path
    if slip_of(asked) or not right_type(asked):
        return True
    if asked.resolved.kind == "kv":
        return inventory.secret(asked.namespace, mount.path, path).absent
    role, issuer = role_of(mount, path), issuer_of(mount, path)
    issuers = inventory.listing(asked.namespace, f"{mount.path}/issuers/")
    return bool(role and no_role(asked, role)) or bool(issuers and issuer not in ("", *issuers))


def _wish(reference: Reference, before: str, resolved: Resolved, need: Need) -> Wish:
    mount = resolved.mount
    two = mount is not None and mount.kv_version == 2 and resolved.kind == "kv"
    without = f"{before}{mount.path}/{resolved.path}" if two and mount is not None else ""
    version = {"version": (str(resolved.version),)} if two and resolved.version else NO_PARAMETERS
    return Wish(
        reference,
        before + need.api_path,
        need.capability,
        need.parameters or version,
        without,
        resolved.path if resolved.kind == "kv" else "",
    )


class Demand(NamedTuple):
    """A login whose role is known: what it may do, and what it must be allowed."""

    login: Login
    rights: Rights
    wishes: tuple[Wish, ...]

    @property
    def identity(self) -> Identity:
        return self.login.identity


def demand_of(login: Login) -> Demand | None:
    """None when the role is not known (`verify.logins` says why)."""
    rights = rights_of(login.identity, login.inventory)
    return None if rights is None else Demand(login, rights, tuple(wishes(login.identity, login.asked)))
