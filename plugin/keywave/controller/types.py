"""The kinds that are reconciled, as types of the API server."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.crds.kinds import KINDS
from keywave.kube.resources import Type

TYPES: Mapping[str, Type] = {kind.kind: Type(kind.group, kind.version, kind.plural, kind.kind) for kind in KINDS}
"""Kind -> type."""
SECRET_KINDS = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret")
"""Those that write a Secret."""
