"""A reference beside what is known of its Vault: what its path means there, and the mount that holds it."""

from __future__ import annotations

import re
from typing import NamedTuple

from keywave.references.model import Reference
from keywave.references.resolve import Resolved, resolve
from keywave.vault.inventory import Fact, Inventory, Mount, State

_NAME = re.compile(r"\w(?:[\w.-]*\w)?", re.ASCII)
"""Names of roles as Vault's PKI engine takes them."""


class Asked(NamedTuple):
    """A reference, the inventory of its Vault, what its path means there, and the mount that holds it."""

    reference: Reference
    inventory: Inventory
    resolved: Resolved
    mount: Fact[Mount]

    @property
    def place(self) -> str:
        """`kv/dev/payments`, for people; with the Vault namespace after it where there is one."""
        mount, path = self.resolved.mount, self.resolved.path
        place = f"{mount.path}/{path}" if mount else self.reference.place[1]
        return f"{place} (namespace {self.namespace})" if self.namespace else place

    @property
    def namespace(self) -> str:
        return self.reference.vault_namespace


def ask(reference: Reference, inventory: Inventory) -> Asked:
    """What the inventory makes of a reference."""
    resolved = resolve(reference, inventory)
    namespace = reference.vault_namespace
    if resolved.mount is not None:
        fact = Fact(State.PRESENT, resolved.mount)
    elif reference.mount:
        fact = inventory.mount(namespace, reference.mount)
    else:
        fact = inventory.mount_of(namespace, reference.path)
    return Asked(reference, inventory, resolved, fact)


def right_type(asked: Asked) -> bool:
    """False where the object wants another kind of engine: KV, PKI, or (dynamic) any but KV. Paths as written fit every engine."""
    wanted, there = asked.reference.kind, asked.resolved.kind
    return wanted == "raw" or wanted == there or (wanted == "dynamic" and there != "kv")


def no_role(asked: Asked, path: str) -> bool:
    """There is no such role: Vault says so, or it could not have that name (`pki/roles/<your-role>`: Vault knows no such path then)."""
    fact = asked.inventory.role(asked.namespace, path)
    return fact.absent or (impossible(asked, path) and fact.state in (State.UNCLEAR, State.UNCOVERED))


def impossible(asked: Asked, path: str) -> bool:
    """A PKI role that cannot have this name."""
    mount = asked.resolved.mount
    return mount is not None and mount.type == "pki" and _NAME.fullmatch(path.rpartition("/")[2]) is None


def slip_of(asked: Asked) -> str:
    """`resolved.slip`, but "" for a secret that really lies below a folder `data/`."""
    resolved = asked.resolved
    if resolved.slip == "data-twice" and resolved.mount is not None:
        fact = asked.inventory.secret(asked.namespace, resolved.mount.path, resolved.path)
        return "" if fact.value is not None else resolved.slip
    return resolved.slip
