"""A serial number that no CA gives comes into no status."""

from __future__ import annotations

from typing import Any

import pytest
from controller.model_world import Model

from keywave.controller.kinds import pki
from keywave.vault.values import Payload

SPEC = {
    "vaultAuthRef": "app",
    "mount": "pki",
    "role": "web",
    "commonName": "web",
    "revoke": True,
    "destination": {"name": "creds", "create": True},
}


@pytest.mark.parametrize("serial", ["", "1" * 1025, "1\n2", ["1"]], ids=["none", "too long", "two lines", "a list"])
def test_a_serial_number_that_is_none_fails_the_issue_and_is_written_nowhere(serial: Any) -> None:
    made = Model()
    made.login()
    made.put("VaultPKISecret", "app", SPEC)
    world, data = made.world, {"serial_number": serial, "expiration": str(int(made.now + 100)), "certificate": "c"}

    def odd() -> Any:
        found = world()
        found.vault.issue = lambda plan, request: Payload(data, data, at=made.now)  # type: ignore[method-assign]
        return found

    made.world = odd  # type: ignore[method-assign]
    result = made.run(pki.reconcile, "VaultPKISecret", "app", times=2)

    status = (made.body("VaultPKISecret", "app") or {})["status"]
    assert (result.failed, made.body("Secret", "creds")) == (True, None)
    assert [name for name in ("serialNumber", "pendingRevocations", "expiration") if status.get(name)] == []
    assert len(str(status)) < 2000
