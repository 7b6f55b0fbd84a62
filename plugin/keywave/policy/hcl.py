"""Files: `policies/<name>.hcl` for `vault policy write`, `roles/<mount>/<role>.json` for `vault write auth/<mount>/role/<role> @file`.

What belongs to a Vault namespace lies in a folder of its path.
"""

from __future__ import annotations

from keywave.policy.model import Target
from keywave.policy.paths import file_name, folder_name
from keywave.policy.rules import policy_text, reasons
from keywave.policy.texts import as_json, fill_in


def files(target: Target) -> dict[str, str]:
    """Relative path -> text."""
    found = {}
    for policy in target.policies:
        found[f"{_folder(policy.vault_namespace)}policies/{file_name(policy.name)}.hcl"] = fill_in(
            "policy.hcl.j2",
            name=policy.name,
            namespace=policy.vault_namespace,
            whys=reasons(policy),
            text=policy_text(policy),
        )
    for role in target.roles:
        path = f"{_folder(role.vault_namespace)}roles/{folder_name(role.mount)}/{file_name(role.name)}.json"
        found[path] = as_json(role.fields) + "\n"
    return found


def _folder(namespace: str) -> str:
    return f"{folder_name(namespace)}/" if namespace else ""
