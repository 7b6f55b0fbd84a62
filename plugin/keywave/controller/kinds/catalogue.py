"""The kinds and who reconciles them."""

from __future__ import annotations

from collections.abc import Mapping

from keywave.controller.kinds import auth, auth_global, composite, connection, dynamic, pki, static, transformation
from keywave.controller.ports import Reconcile

KINDS: Mapping[str, Reconcile] = {
    "VaultConnection": connection.reconcile,
    "VaultAuthGlobal": auth_global.reconcile,
    "VaultAuth": auth.reconcile,
    "SecretTransformation": transformation.reconcile,
    "VaultStaticSecret": static.reconcile,
    "VaultDynamicSecret": dynamic.reconcile,
    "VaultPKISecret": pki.reconcile,
    "VaultCompositeSecret": composite.reconcile,
}
