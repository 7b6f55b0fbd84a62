"""What did not come back from Vault, as the reconciler's VaultFault. Pure."""

from __future__ import annotations

from keywave.vault.faults import OutOfReach
from keywave.vault.values import VaultFault

_REASONS = {"rate-limited": "rate-limited", "sealed": "sealed", "standby": "sealed", "login": "login"}


def fault_of(problem: OutOfReach) -> VaultFault:
    reason = _REASONS.get(problem.reason, "unreachable")
    return VaultFault(reason, str(problem), retry_after=problem.retry_after)
