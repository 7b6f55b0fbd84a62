"""Vault policies and roles that stand in the tree (HCL, Terraform or command text in ConfigMaps) and are far too wide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from keywave.findings import Finding
from keywave.objects.later import later
from keywave.objects.manifest import Manifest, mapping
from keywave.validate.view import View

_RULE = later(r'path\s+"([^"\n]*)"\s*\{([^{}]*)\}')
_CAPABILITIES = later(r"capabilities\s*=\s*\[([^\]]*)\]")
_COMMENT = later(r"^\s*(?:#|//).*$", re.MULTILINE)
_BOUND = later(r"bound_service_account_(names|namespaces)\"?\s*[=:]\s*(\[[^\]]*\]|[^\s\\]+)")
_ALL = frozenset(("*", "/*", "+", "+/*", "+/+/*"))
_WHOLE_MOUNT = later(r"^[A-Za-z0-9_.-]+/(?:data/)?\*$")
_NOT_KV = ("sys/", "auth/", "identity/", "cubbyhole/")
_WRITES = frozenset(("create", "update", "delete", "patch", "root"))


def check_policies(view: View) -> Iterator[Finding]:
    """Every rule `path "..." { capabilities = [...] }` in the data of a ConfigMap."""
    for manifest in view.written_of("", "ConfigMap"):
        for key, value in mapping(manifest.body.get("data")).items():
            if isinstance(value, str) and "capabilities" in value:
                yield from _policy(manifest, key, value)


def _policy(manifest: Manifest, key: str, value: str) -> Iterator[Finding]:
    for match in _RULE.finditer(_COMMENT.sub("", value)):
        path, inside = match[1], _CAPABILITIES.search(match[2])
        granted = set(re.findall(r'"([a-z]+)"', inside[1])) if inside else set()
        if not granted or granted == {"deny"}:
            continue
        if path in _ALL:
            said = f'a policy on path "{path}" gives rights on everything in Vault'
            hint = 'name each path: path "kv/data/payments/config" { capabilities = ["read"] }'
            yield manifest.finding("KW6203", said, "data", key, hint=hint)
        elif not granted.isdisjoint(("sudo", "root")):
            said = f'the policy on "{path}" grants sudo, which opens what only an administrator needs'
            yield manifest.warning("KW6204", said, "data", key, hint='an application needs capabilities = ["read"]')
        elif _WHOLE_MOUNT.match(path) and not path.startswith(_NOT_KV):
            said = f'the policy on "{path}" covers a whole mount'
            hint = 'name each path; under KV version 2 it has data/ in it: path "kv/data/payments/config"'
            yield manifest.warning("KW6205", said, "data", key, hint=hint)
        elif "/data/" in path and not granted.isdisjoint(_WRITES):
            said = f'the policy on "{path}" lets the reader of a secret change it'
            yield manifest.warning(
                "KW6205", said, "data", key, hint='capabilities = ["read"] is enough to deliver a secret'
            )


def check_vault_roles(view: View) -> Iterator[Finding]:
    """Roles of Vault's Kubernetes auth that any ServiceAccount, any namespace, or every pod without an account of its own may use."""
    for manifest in view.written_of("", "ConfigMap"):
        for key, value in mapping(manifest.body.get("data")).items():
            if isinstance(value, str) and "bound_service_account_" in value:
                yield from _role(manifest, key, _COMMENT.sub("", value))


def _role(manifest: Manifest, key: str, value: str) -> Iterator[Finding]:
    for match in _BOUND.finditer(value):
        what, names = match[1], {name.strip(" \"'[]\n") for name in match[2].split(",")}
        if "*" in names:
            said = f"a Vault role is bound to all {what} (*)"
        elif what == "names" and "default" in names:
            said = (
                'a Vault role is bound to the ServiceAccount "default", which every pod without one of its own runs as'
            )
        else:
            continue
        hint = "one role for each ServiceAccount and namespace: bound_service_account_names=payments"
        yield manifest.warning("KW6206", said, "data", key, hint=hint)
