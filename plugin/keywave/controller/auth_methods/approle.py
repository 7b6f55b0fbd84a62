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
_NOT_FOR_LOGINS = ("/proc/", "/sys/", "/dev/", "/run/secrets/kubernetes.io/", "/run/secrets/eks.amazonaws.com/")
"""Where the operator's own identity lies. Whoever may write a VaultAuth and a VaultConnection could have it sent, as a SecretID, to a
server of his own."""


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
    if os.path.realpath(path).startswith(_NOT_FOR_LOGINS):
        raise VaultFault("login", f"the file {path} (secretIDPath) is the operator's own: it is no SecretID")
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
    if "\n" in text or (text.startswith("eyJ") and text.count(".") == 2):
        raise VaultFault("login", f"the file {path} (secretIDPath) holds something that is no SecretID")
    return Masked(text)
