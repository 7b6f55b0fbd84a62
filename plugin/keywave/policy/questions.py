"""What a live Vault is asked before a plan is compared with it: each planned policy and role by its name. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keywave.policy.model import Target
from keywave.vault import wire
from keywave.vault.engines import keep
from keywave.vault.inventory import Fact, Inventory, State
from keywave.vault.wire import Request, Response


def questions(target: Target) -> list[Request]:
    """Policies, then roles, in the target's order."""
    return [wire.policy(p.name, p.vault_namespace) for p in target.policies] + [
        wire.role(r.path, r.vault_namespace) for r in target.roles
    ]


def with_answers(inventory: Inventory, target: Target, answers: Sequence[Response]) -> Inventory:
    """The inventory and what `questions` found out."""
    policies: dict[tuple[str, str], Fact[str]] = dict(inventory.policies)
    roles: dict[tuple[str, str], Fact[Mapping[str, Any]]] = dict(inventory.roles)
    for policy, answer in zip(target.policies, answers, strict=False):
        text = str(answer.data.get("policy", ""))
        policies[policy.vault_namespace, policy.name] = _fact(answer, text, f"read on sys/policies/acl/{policy.name}")
    for role, answer in zip(target.roles, answers[len(target.policies) :], strict=True):
        settings = keep(role.path, role.method, answer.data)
        roles[role.vault_namespace, role.path] = _fact(answer, settings, f"read on {role.path}")
    return inventory._replace(policies=policies, roles=roles)


def _fact(answer: Response, value: Any, right: str) -> Fact[Any]:
    if answer.ok:
        return Fact(State.PRESENT, value)
    if answer.status == 404:
        return Fact(State.ABSENT)
    return Fact(State.DENIED, note=f"this login lacks {right}")
