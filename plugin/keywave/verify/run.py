"""Runs every check over the references."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keywave.findings import Finding
from keywave.references.model import Connection, Reference
from keywave.vault.inventory import Inventory
from keywave.verify.checks import CHECKS
from keywave.verify.view import View


def verify(references: Sequence[Reference], inventory_of: Callable[[Connection], Inventory | None]) -> list[Finding]:
    """All findings of all checks, in the order of `CHECKS` and then of the references; each is there once; [] where nothing is wrong.

    `inventory_of` gives what is known of a Vault, live or from a lock; None = nothing (KW8008). It is asked once for each connection.
    """
    view = View(references, inventory_of)
    found = (finding for check in CHECKS for finding in check(view))
    return list(dict.fromkeys(found))
