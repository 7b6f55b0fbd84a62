"""Statuses that operators write, by operator version, and whether the gate opens. Argo CD's Lua and Flux's CEL both answer to it.

The object is at generation 2. Shapes: below 1.0 no conditions on the secret kinds; 1.0 SecretSynced and Healthy; 1.3 Ready as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

V0, V10, V13 = (0, 10, 0), (1, 0, 0), (1, 3, 0)
GROUPS = {"VaultCompositeSecret": "reconcile.keywave.dev/v1alpha1"}


class Case(NamedTuple):
    kind: str
    version: tuple[int, int, int]
    status: dict[str, Any] | None
    healthy: bool
    spec: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def body(self) -> dict[str, Any]:
        head = {
            "apiVersion": GROUPS.get(self.kind, "secrets.hashicorp.com/v1beta1"),
            "kind": self.kind,
            "metadata": {"name": "x", "namespace": "app", "generation": 2},
            "spec": self.spec,
        }
        return head if self.status is None else {**head, "status": self.status}


def conditions(status: str, generation: int = 2, *kinds: str, **more: Any) -> dict[str, Any]:
    """A status whose conditions all have one value."""
    entries = [
        {"type": kind, "status": status, "observedGeneration": generation, "reason": "r", "message": "m"}
        for kind in kinds
    ]
    return {"lastGeneration": generation, "conditions": entries, **more}


def secret_1_0(status: str, generation: int = 2, **more: Any) -> dict[str, Any]:
    return conditions(status, generation, "SecretSynced", "Healthy", **more)


def secret_1_3(status: str, generation: int = 2, **more: Any) -> dict[str, Any]:
    return conditions(status, generation, "SecretSynced", "Healthy", "Ready", **more)


MAC = {"secretMAC": "bWFj"}
LEASE = {
    "lastRenewalTime": 1_700_000_000,
    "secretLease": {"id": "db/creds/x/1", "duration": 60, "renewable": True, "requestID": "r"},
}
NO_LEASE = {"lastRenewalTime": 0, "secretLease": {"id": "", "duration": 0, "renewable": False, "requestID": ""}}
SERIAL = {"serialNumber": "0a:0b", "valid": True, "error": ""}
VSS, VDS, PKI, ALL = "VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "VaultCompositeSecret"

CASES: dict[str, Case] = {
    "0.10 static: no status yet": Case(VSS, V0, None, False),
    "0.10 static: first failure": Case(VSS, V0, {"lastGeneration": 2}, False),
    "0.10 static: synced": Case(VSS, V0, {"lastGeneration": 2, **MAC}, True),
    "0.10 static: the new generation is not seen yet": Case(VSS, V0, {"lastGeneration": 1, **MAC}, False),
    "0.10 static: an empty MAC is none": Case(VSS, V0, {"lastGeneration": 2, "secretMAC": ""}, False),
    "0.10 static: without HMAC there is nothing more to ask": Case(
        VSS, V0, {"lastGeneration": 2}, True, {"hmacSecretData": False}
    ),
    "0.10 dynamic: first failure": Case(VDS, V0, {"lastGeneration": 2, **NO_LEASE}, False),
    "0.10 dynamic: synced": Case(VDS, V0, {"lastGeneration": 2, **LEASE}, True),
    "0.10 dynamic: synced without a lease": Case(
        VDS, V0, {"lastGeneration": 2, **NO_LEASE, "lastRenewalTime": 1_700_000_000}, True
    ),
    "0.10 dynamic: the new generation is not seen yet": Case(VDS, V0, {"lastGeneration": 1, **LEASE}, False),
    "0.10 PKI: first failure": Case(PKI, V0, {"lastGeneration": 2, "valid": False, "error": "denied"}, False),
    "0.10 PKI: synced": Case(PKI, V0, {"lastGeneration": 2, **SERIAL}, True),
    "0.10 PKI: a later failure": Case(
        PKI, V0, {"lastGeneration": 2, **SERIAL, "valid": False, "error": "sealed"}, True
    ),
    "0.10 auth: no status yet": Case("VaultAuth", V0, None, False),
    "0.10 auth: valid": Case("VaultAuth", V0, {"valid": True, "error": ""}, True),
    "0.10 connection: not valid": Case("VaultConnection", V0, {"valid": False}, False),
    "0.10 transformation: valid": Case("SecretTransformation", V0, {"valid": True, "error": ""}, True),
    "1.0 static: no status yet": Case(VSS, V10, None, False),
    "1.0 static: first failure": Case(VSS, V10, secret_1_0("False"), False),
    "1.0 static: synced": Case(VSS, V10, secret_1_0("True", **MAC), True),
    "1.0 static: synced without HMAC": Case(VSS, V10, secret_1_0("True"), True, {"hmacSecretData": False}),
    "1.0 static: a later failure": Case(VSS, V10, secret_1_0("False", **MAC), True),
    "1.0 static: the new generation is not seen yet": Case(VSS, V10, secret_1_0("True", 1, **MAC), False),
    "1.0 dynamic: first failure": Case(VDS, V10, secret_1_0("False", **NO_LEASE), False),
    "1.0 dynamic: a later failure": Case(VDS, V10, secret_1_0("False", **LEASE), True),
    "1.0 PKI: synced": Case(PKI, V10, secret_1_0("True", **SERIAL), True),
    "1.0 auth: healthy": Case("VaultAuth", V10, conditions("True", 2, "Healthy", valid=True), True),
    "1.0 auth: the new generation is not seen yet": Case(
        "VaultAuth", V10, conditions("True", 1, "Healthy", valid=True), False
    ),
    "1.0 connection: refused": Case(
        "VaultConnection", V10, conditions("False", 2, "VaultClient", "Healthy", valid=False), False
    ),
    "1.3 static: no conditions yet": Case(VSS, V13, {}, False),
    "1.3 static: first failure": Case(VSS, V13, secret_1_3("False"), False),
    "1.3 static: synced": Case(VSS, V13, secret_1_3("True", **MAC), True),
    "1.3 static: a later failure": Case(VSS, V13, secret_1_3("False", **MAC), True),
    "1.3 static: the new generation is not seen yet": Case(VSS, V13, secret_1_3("True", 1, **MAC), False),
    "1.3 static: the new generation failed, the old Secret is there": Case(VSS, V13, secret_1_3("False", **MAC), True),
    "1.3 dynamic: synced": Case(VDS, V13, secret_1_3("True", **LEASE), True),
    "1.3 dynamic: first failure": Case(VDS, V13, secret_1_3("False", **NO_LEASE), False),
    "1.3 PKI: a later failure": Case(PKI, V13, secret_1_3("False", **{**SERIAL, "valid": False}), True),
    "1.3 composite: synced": Case(ALL, V13, conditions("True", 2, "Ready", **MAC), True),
    "1.3 composite: first failure": Case(ALL, V13, conditions("False", 2, "Ready"), False),
    "1.3 composite: a later failure": Case(ALL, V13, conditions("False", 2, "Ready", **MAC), True),
    "1.3 auth: ready": Case("VaultAuth", V13, conditions("True", 2, "Healthy", "Ready", valid=True), True),
    "1.3 connection: ready": Case(
        "VaultConnection", V13, conditions("True", 2, "VaultPing", "Healthy", "Ready", valid=True), True
    ),
    "1.3 transformation: refused": Case(
        "SecretTransformation", V13, conditions("False", 2, "Healthy", "Ready", valid=False), False
    ),
}
