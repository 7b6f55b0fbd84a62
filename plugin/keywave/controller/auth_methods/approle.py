"""The approle auth method: a RoleID, and the SecretID from a Secret's key id or from a file in the operator's container."""

from __future__ import annotations

import os
from collections.abc import Mapping

from keywave.controller.auth_methods.credentials import secret_key
from keywave.controller.login_plan import LoginPlan
from keywave.controller.ports import Kube
from keywave.vault.masked import Masked
from keywave.vault.values import VaultFault

_LARGEST = 1 << 20


def missing(settings: Mapping[str, str]) -> list[str]:
    absent = [] if settings.get("roleId") else ["roleId"]
    ways = [name for name in ("secretRef", "secretIDPath") if settings.get(name)]
    if len(ways) != 1:
        absent.append("exactly one of secretRef and secretIDPath")
    path = settings.get("secretIDPath", "")
    if path and (not path.startswith("/") or ".." in path.split("/")):
        absent.append("secretIDPath as an absolute path without ..")
    return absent


def login_body(plan: LoginPlan, kube: Kube) -> Mapping[str, object]:
    settings = dict(plan.settings)
    path = settings.get("secretIDPath", "")
    held = _from_file(path) if path else secret_key(plan, kube, "id")
    return {"role_id": settings["roleId"], "secret_id": held.reveal()}


def _from_file(path: str) -> Masked:
    try:
        if os.path.getsize(path) > _LARGEST:
            raise VaultFault("login", f"the file {path} (secretIDPath) is larger than 1 MiB")
        with open(path, encoding="utf-8") as file:
            text = file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError):
        raise VaultFault(
            "login", f"the file {path} (secretIDPath) cannot be read in the operator's container"
        ) from None
    if not text:
        raise VaultFault("login", f"the file {path} (secretIDPath) is empty")
    return Masked(text)
