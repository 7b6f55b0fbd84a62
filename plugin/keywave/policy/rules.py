"""Grants as rules of Vault's, and their text."""

from __future__ import annotations

from collections.abc import Sequence

from keywave.policy.model import Grant, PlannedPolicy
from keywave.vault.acl.policy import Rule
from keywave.vault.acl.write import write_policy


def rules_of(grants: Sequence[Grant]) -> list[Rule]:
    """One rule a grant."""
    return [
        Rule(
            path=grant.path,
            capabilities=frozenset(grant.capabilities),
            allowed_parameters=dict(grant.allowed) or None,
        )
        for grant in grants
    ]


def policy_text(policy: PlannedPolicy) -> str:
    """The policy as HCL, without comments."""
    return write_policy(rules_of(policy.grants))


def reasons(policy: PlannedPolicy) -> list[str]:
    """The objects that need the policy, sorted."""
    return sorted({why for grant in policy.grants for why in grant.why})
