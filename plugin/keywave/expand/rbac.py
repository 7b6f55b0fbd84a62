"""Least-privilege rights of the operator in one namespace, as a Role and a RoleBinding.

`create` cannot be limited by name (the API server does not know the name yet); everything else is, but for the operator's own objects.
Vault Secrets Operator's chart binds cluster-wide rights anyway; these serve a platform that takes them away. keywave's own operator needs
no more than these in the namespace; deploy/overlays/namespaced has the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keywave.expand.made import build
from keywave.expand.restarts import restart_targets
from keywave.expand.tree import Tree
from keywave.expand.vault_auth import Logins, filled
from keywave.intent.model import Intent, Profile
from keywave.intent.produces import secret_names
from keywave.objects.manifest import Manifest

RBAC = "rbac.authorization.k8s.io"
_GROUPS = {
    "Deployment": ("apps", "deployments"),
    "StatefulSet": ("apps", "statefulsets"),
    "DaemonSet": ("apps", "daemonsets"),
}
_KINDS = {
    "secrets.hashicorp.com": (
        "vaultconnections",
        "vaultauths",
        "vaultauthglobals",
        "vaultstaticsecrets",
        "vaultdynamicsecrets",
        "vaultpkisecrets",
        "secrettransformations",
    ),
    "reconcile.keywave.dev": ("vaultcompositesecrets",),
}
"""What keywave's operator watches, by group."""


def operator_roles(intents: Sequence[Intent], tree: Tree, logins: Logins) -> list[Manifest]:
    """A Role and RoleBinding `<profile>-operator` for each profile and namespace of these intents."""
    groups: dict[tuple[str, str], list[Intent]] = {}
    for intent in intents:
        groups.setdefault((intent.profile.name, intent.namespace), []).append(intent)
    made: list[Manifest] = []
    for (_, namespace), users in sorted(groups.items()):
        made.extend(_pair(users[0].profile, namespace, _rules(users, tree, logins)))
    return made


def _pair(profile: Profile, namespace: str, rules: list[dict[str, Any]]) -> list[Manifest]:
    name = f"{profile.name}-operator"
    operator = profile.operator
    made_by = profile.manifest.subject
    role = build(f"{RBAC}/v1", "Role", name, namespace=namespace, made_by=made_by, rules=rules)
    binding = build(
        f"{RBAC}/v1",
        "RoleBinding",
        name,
        namespace=namespace,
        made_by=made_by,
        roleRef={"apiGroup": RBAC, "kind": "Role", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": operator.service_account, "namespace": operator.namespace}],
    )
    return [role, binding]


def _rules(intents: Sequence[Intent], tree: Tree, logins: Logins) -> list[dict[str, Any]]:
    own = intents[0].profile.operator.kind == "keywave"
    written = sorted({name for intent in intents for name in secret_names(intent)})
    rules = _own_rules() if own else []
    rules += [
        _rule("", "secrets", ["create"]),
        _rule("", "secrets", ["get", "update", "patch", "delete"], written),
    ]
    if read := sorted({name for intent in intents for name in _credentials(intent.profile)} - set(written)):
        # keywave's operator keeps them, by a finalizer, while something is left to be revoked with them.
        rules.append(_rule("", "secrets", ["get", "patch"] if own else ["get"], read))
    if accounts := sorted({name for intent in intents for name in _accounts(intent, logins)}):
        rules.append(_rule("", "serviceaccounts", ["get"], accounts))
        rules.append(_rule("", "serviceaccounts/token", ["create"], accounts))
    return rules + _restart_rules(intents, tree)


def _own_rules() -> list[dict[str, Any]]:
    """The objects that keywave's operator works on, and the events that it tells."""
    rules = []
    for group, plurals in _KINDS.items():
        rules.append({"apiGroups": [group], "resources": [*plurals], "verbs": ["get", "list", "watch", "patch"]})
        statuses = [f"{plural}/status" for plural in plurals]
        rules.append({"apiGroups": [group], "resources": statuses, "verbs": ["patch"]})
    return [*rules, _rule("", "events", ["create", "patch"])]


def _credentials(profile: Profile) -> list[str]:
    """The Secrets that connection and login read."""
    named = (profile.ca_cert_secret, profile.client_cert_secret, profile.auth.settings.get("secretRef"))
    return [name for name in named if name]


def _accounts(intent: Intent, logins: Logins) -> set[str]:
    """ServiceAccounts whose tokens the login is made with."""
    account = logins.accounts.get(intent, "")
    settings = filled(intent, account).settings
    named = (settings.get(name) for name in ("irsaServiceAccount", "workloadIdentityServiceAccount"))
    return {str(name) for name in (account, *named) if name}


def _restart_rules(intents: Sequence[Intent], tree: Tree) -> list[dict[str, Any]]:
    by_resource: dict[tuple[str, str], set[str]] = {}
    for intent in intents:
        for target in restart_targets(intent, tree, secret_names(intent)):
            resource = _GROUPS.get(target["kind"], ("argoproj.io", "rollouts"))
            by_resource.setdefault(resource, set()).add(target["name"])
    return [
        _rule(group, resource, ["get", "patch"], sorted(names))
        for (group, resource), names in sorted(by_resource.items())
    ]


def _rule(group: str, resource: str, verbs: list[str], names: list[str] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {"apiGroups": [group], "resources": [resource]}
    if names is not None:
        rule["resourceNames"] = names
    rule["verbs"] = verbs
    return rule
