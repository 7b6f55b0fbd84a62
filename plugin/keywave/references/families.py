"""The families of objects that read from Vault: one module each, in one explicit dict. A contract test runs over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from keywave.references import avp, csi, eso, injector, vso
from keywave.references.model import Reference
from keywave.references.setting import Setting


class Family(Protocol):
    """What the module of a family has."""

    SUMMARY: str
    """One line: which objects, and who reads."""

    def references(self, setting: Setting) -> Iterable[Reference]:
        """One reference for each thing that an object of this family reads, in the order of the set. Values with `${` stay in:
        `find` sorts them out."""
        ...


FAMILIES: Mapping[str, Family] = {"vso": vso, "eso": eso, "csi": csi, "injector": injector, "avp": avp}
"""`Reference.family` -> its module."""
