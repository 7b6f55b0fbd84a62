"""What the checks look at: each reference beside the inventory of its Vault, and each login with what it reads, indexed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

from keywave.references.model import Connection, Reference
from keywave.vault.inventory import Inventory, Mount, Place
from keywave.verify.asked import Asked, ask, right_type, slip_of
from keywave.verify.demands import Demand, Login, demand_of


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
                asked.append(ask(reference, inventory))
        self.asked: Final = tuple(asked)
        self.missing: Final = tuple(missing)
        self.logins: Final = tuple(_logins(asked))
        self.inventories: Final = tuple({id(one.inventory): one.inventory for one in asked}.values())

    @cached_property
    def demands(self) -> tuple[Demand, ...]:
        """What each login that the tree holds may do and needs, where its role is known."""
        found = (demand_of(login) for login in self.logins if login.identity.known)
        return tuple(demand for demand in found if demand is not None)

    def read_elsewhere(self, asked: Asked, name: str) -> Sequence[Place]:
        """KV paths (with mount) of the same Vault that end with this name, exist, and are read by some object of the tree, sorted.

        A lock may know more of them than a live look, and the report must be the same."""
        return self._leaves.get((id(asked.inventory), name), ())

    @cached_property
    def _leaves(self) -> Mapping[tuple[int, str], Sequence[Place]]:
        found: dict[tuple[int, str], set[Place]] = {}
        for asked, mount in of_kind(self, "kv"):
            if asked.inventory.secret(asked.namespace, mount.path, asked.resolved.path).value is not None:
                name = asked.resolved.path.rpartition("/")[2]
                place = (asked.namespace, f"{mount.path}/{asked.resolved.path}")
                found.setdefault((id(asked.inventory), name), set()).add(place)
        return {name: sorted(places) for name, places in found.items()}


def view_of(references: Sequence[Reference], inventory: Inventory) -> View:
    """A view of references to one Vault."""
    return View(references, lambda _: inventory)


def _logins(asked: Sequence[Asked]) -> Iterator[Login]:
    groups: dict[tuple[int, bool, str, tuple[str, ...]], list[Asked]] = {}
    for one in asked:
        identity = one.reference.identity
        label = "" if identity.known else identity.label
        groups.setdefault((id(one.inventory), identity.known, label, identity.key), []).append(one)
    for group in groups.values():
        yield Login(group[0].reference.identity, group[0].inventory, tuple(group))


def of_kind(view: View, kind: Literal["kv", "dynamic", "pki"]) -> Iterator[tuple[Asked, Mount]]:
    """References whose mount is there, of this kind, and rightly asked for: what the checks below a mount go over.

    A mount that is not there, of another type or version, or written with a slip (`data/`) is said by `verify.mounts` alone.
    """
    for asked in view.asked:
        mount = asked.resolved.mount
        if mount is not None and asked.resolved.kind == kind and right_type(asked) and not slip_of(asked):
            yield asked, mount
