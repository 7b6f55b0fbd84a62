"""A POSIX shell script of `vault policy write` and `vault write`.

Texts and fields go in through stdin: on the command line Vault's program takes a value that begins with `@` for a file, and splits
lists at commas.
"""

from __future__ import annotations

import shlex

from keywave.policy.model import Target
from keywave.policy.rules import policy_text
from keywave.policy.texts import fill_in


def files(target: Target) -> dict[str, str]:
    """Relative path -> text."""
    policies = [
        {"arguments": _words(policy.vault_namespace, policy.name), "text": policy_text(policy)}
        for policy in target.policies
    ]
    roles = [{"arguments": _words(role.vault_namespace, role.path), "fields": role.fields} for role in target.roles]
    return {"apply.sh": fill_in("apply.sh.j2", address=target.vault.address, policies=policies, roles=roles)}


def _words(namespace: str, name: str) -> str:
    """Shell words: the Vault namespace where there is one, and the name, which may look like an option."""
    words = [*((f"-namespace={namespace}",) if namespace else ()), *(("--",) if name.startswith("-") else ()), name]
    return " ".join(shlex.quote(word) for word in words)
