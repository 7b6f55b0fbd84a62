"""What the checks look at: each reference beside the inventory of its Vault and the mount that holds it, indexed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from keywave.references.model import Connection, Identity, Reference
from keywave.references.resolve import Resolved, resolve
from keywave.vault.inventory import Fact, Inventory, Mount, Place, State


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


class Login(NamedTuple):
    """One login and everything that is read with it from one Vault."""

    identity: Identity
    inventory: Inventory
    asked: tuple[Asked, ...]


class View:
    """`asked`: references in their order, whose Vault is known; `missing`: those for whose Vault there is no inventory.

    `logins` is `asked` by login, known and unknown ones, in the order in which they are first used.
    """

    def __init__(self, references: Sequence[Reference], inventory_of: Callable[[Connection], Inventory | None]) -> None:
        inventories: dict[Connection, Inventory | None] = {}
        asked: list[Asked] = []
        missing: list[Reference] = []
        for reference in references:
            if reference.vault not in inventories:
                inventories[reference.vault] = inventory_of(reference.vault)
            inventory = inventories[reference.vault]
            if inventory is None:
                missing.append(reference)
            else:
                asked.append(_ask(reference, inventory))
        self.asked: Final = tuple(asked)
        self.missing: Final = tuple(missing)
        self.logins: Final = tuple(_logins(asked))
        self.inventories: Final = tuple({id(one.inventory): one.inventory for one in asked}.values())
        self._leaves: dict[int, Mapping[str, Sequence[Place]]] = {}

    def kept(self, asked: Asked, name: str) -> Sequence[Place]:
        """All known KV paths (with mount) that end with this name, sorted."""
        leaves = self._leaves.get(id(asked.inventory))
        if leaves is None:
            leaves = self._leaves[id(asked.inventory)] = _leaves(asked.inventory)
        return leaves.get(name, ())


def _ask(reference: Reference, inventory: Inventory) -> Asked:
    resolved = resolve(reference, inventory)
    namespace = reference.vault_namespace
    if resolved.mount is not None:
        fact = Fact(State.PRESENT, resolved.mount)
    elif reference.mount:
        fact = inventory.mount(namespace, reference.mount)
    else:
        fact = inventory.mount_of(namespace, reference.path)
    return Asked(reference, inventory, resolved, fact)


def _logins(asked: Sequence[Asked]) -> Iterator[Login]:
    groups: dict[tuple[int, bool, str, tuple[str, ...]], list[Asked]] = {}
    for one in asked:
        identity = one.reference.identity
        label = "" if identity.known else identity.label
        groups.setdefault((id(one.inventory), identity.known, label, identity.key), []).append(one)
    for group in groups.values():
        yield Login(group[0].reference.identity, group[0].inventory, tuple(group))


def _leaves(inventory: Inventory) -> Mapping[str, Sequence[Place]]:
    places = {place for place, fact in inventory.secrets.items() if fact.value is not None}
    for (namespace, folder), listed in inventory.names.items():
        mount = inventory.mount_of(namespace, folder)
        if mount.value is not None and mount.value.kv_version:
            places.update((namespace, folder + name) for name in listed.value or () if not name.endswith("/"))
    found: dict[str, list[Place]] = {}
    for place in sorted(places):
        found.setdefault(place[1].rpartition("/")[2], []).append(place)
    return found


def of_kind(view: View, kind: Literal["kv", "dynamic", "pki"]) -> Iterator[tuple[Asked, Mount]]:
    """References whose mount is there, of this kind, and rightly asked for: what the checks below a mount go over.

    A mount that is not there, of another type or version, or written with a slip (`data/`) is said by `verify.mounts` alone.
    """
    for asked in view.asked:
        mount = asked.resolved.mount
        if mount is not None and asked.resolved.kind == kind and right_type(asked) and not slip_of(asked):
            yield asked, mount


def right_type(asked: Asked) -> bool:
    """False where the object wants another kind of engine: KV, PKI, or (dynamic) any but KV. Paths as written fit every engine."""
    wanted, there = asked.reference.kind, asked.resolved.kind
    return wanted == "raw" or wanted == there or (wanted == "dynamic" and there != "kv")


def slip_of(asked: Asked) -> str:
    """`resolved.slip`, but "" for a secret that really lies below a folder `data/`."""
    resolved = asked.resolved
    if resolved.slip == "data-twice" and resolved.mount is not None:
        fact = asked.inventory.secret(asked.namespace, resolved.mount.path, resolved.path)
        return "" if fact.value is not None else resolved.slip
    return resolved.slip
