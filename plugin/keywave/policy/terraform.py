"""One `main.tf` for the Vault provider of Terraform and OpenTofu: vault_policy and a role resource for each auth method.

Roles name the policy by reference, so that Terraform makes the policy first. The namespace is relative to the provider's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.policy.model import PlannedRole, Target
from keywave.policy.paths import labels
from keywave.policy.rules import policy_text, reasons
from keywave.policy.texts import fill_in
from keywave.vault.acl.write import quoted

RESOURCES: Mapping[str, str] = {
    "kubernetes": "vault_kubernetes_auth_backend_role",
    "jwt": "vault_jwt_auth_backend_role",
    "approle": "vault_approle_auth_backend_role",
}


def files(target: Target) -> dict[str, str]:
    """Relative path -> text."""
    names = labels(policy.name for policy in target.policies)
    made = {(policy.vault_namespace, policy.name): label for policy, label in zip(target.policies, names, strict=True)}
    policies = [
        {
            "label": label,
            "namespace": policy.vault_namespace,
            "name": policy.name,
            "text": policy_text(policy),
            "why": reasons(policy),
        }
        for policy, label in zip(target.policies, names, strict=True)
    ]
    roles = [
        {
            "resource": RESOURCES[role.method],
            "label": label,
            "namespace": role.vault_namespace,
            "arguments": _arguments(role, made),
        }
        for role, label in zip(target.roles, labels(f"{r.mount}_{r.name}" for r in target.roles), strict=True)
    ]
    return {"main.tf": fill_in("main.tf.j2", policies=policies, roles=roles)}


def _arguments(role: PlannedRole, made: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Argument -> expression. The provider has the API's names, but for the role's own; claims are a map of texts, lists with commas."""
    policies = [
        f"vault_policy.{made[role.vault_namespace, name]}.name"
        if (role.vault_namespace, name) in made
        else quoted(name)
        for name in role.policies
    ]
    given = {**role.fields, "role_name": role.name, "backend": role.mount}
    given.pop("token_policies")
    shown = {name: _expression(value) for name, value in given.items()}
    shown["token_policies"] = f"[{', '.join(policies)}]"
    first = ("backend", "role_name")
    order = (*first, *(name for name in shown if name not in first))
    width = max(len(name) for name in order)
    return [(name.ljust(width), shown[name]) for name in order]


def _expression(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(quoted(each) for each in value)}]"
    if isinstance(value, Mapping):
        inner = (f"{quoted(key)} = {quoted(','.join(each))}" for key, each in value.items())
        return f"{{ {', '.join(inner)} }}"
    return quoted(value)
