"""Who logs in: the ServiceAccount of an intent, and the ServiceAccounts that the tree lacks.

Order: the intent's own, the one that the consumers' pods name, the profile's, and last the namespace's `default` (a warning: every pod
without a ServiceAccount could then log in the same way). The operator looks the ServiceAccount up in the secret object's namespace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from keywave.expand import metadata
from keywave.expand.made import build
from keywave.expand.tree import Tree
from keywave.findings import Finding
from keywave.intent.model import Intent
from keywave.intent.produces import secret_names
from keywave.objects.manifest import Manifest
from keywave.objects.workloads import SecretUse, service_account_of


class Login(NamedTuple):
    """`account` is "" where none could be found. `own` is True when it belongs to the application: no other one logs in with it."""

    account: str
    own: bool
    findings: list[Finding]


def login_of(intent: Intent, tree: Tree) -> Login:
    """The ServiceAccount for the intent's login, with what is wrong about it."""
    secrets = (intent.name, *secret_names(intent))
    uses = tree.pod_uses_of(secrets, intent.namespace) or tree.pull_uses_of(secrets, intent.namespace)
    named = sorted({account for use in uses if (account := _account_of(use)) != "default"})
    if intent.service_account:
        # An account that no pod has may serve other applications too.
        own = named == [intent.service_account] and _is_ours(intent.service_account, intent, tree)
        return Login(intent.service_account, own, _warn_default(intent, intent.service_account))
    if len(named) > 1:
        return Login("", False, [_several(intent, named, uses)])
    if named:
        return Login(named[0], _is_ours(named[0], intent, tree), [])
    if intent.profile.auth.service_account:
        account = intent.profile.auth.service_account
        return Login(account, False, _warn_default(intent, account))
    if uses:
        return Login("default", False, _warn_default(intent, "default"))
    # Consumers that the intent names, and that do not use it now, could not be wired: that has been told.
    return Login("", False, [] if intent.consumers else [_none(intent)])


def _is_ours(account: str, intent: Intent, tree: Tree) -> bool:
    """Whether this application brings the account: one that others keep may be the login of a second application beside it."""
    held = tree.find("", "ServiceAccount", account, intent.namespace) is not None
    return held or intent.profile.create_service_accounts


def _several(intent: Intent, named: list[str], uses: list[SecretUse]) -> Finding:
    who = sorted({f"{use.workload.kind} {use.workload.name} runs as {_account_of(use)}" for use in uses})
    return intent.manifest.finding(
        "KW3003",
        f"the workloads that use {intent.name} run as different ServiceAccounts, so it is not clear who logs in: "
        + "; ".join(who),
        "spec",
        hint=f"say spec.serviceAccount: {named[0]}, or make one intent for each workload",
    )


def _account_of(use: SecretUse) -> str:
    """The account that the pods run as; a ServiceAccount that pulls images with the Secret is the account itself."""
    return use.workload.name if use.workload.kind == "ServiceAccount" else service_account_of(use.workload)


def _none(intent: Intent) -> Finding:
    return intent.manifest.finding(
        "KW3002",
        f"no workload in the tree uses the Secret {intent.name}, and neither the intent nor its profile says who logs in",
        "spec",
        hint="say spec.serviceAccount in the intent, or auth.serviceAccount in the profile, or let a workload refer to the Secret",
    )


def _warn_default(intent: Intent, account: str) -> list[Finding]:
    if account != "default":
        return []
    return [
        intent.manifest.warning(
            "KW3004",
            f"{intent.name} is read with the namespace's default ServiceAccount, which every pod has that names none",
            "spec",
            hint="give the workload a serviceAccountName of its own; keywave makes the ServiceAccount",
        )
    ]


def missing_accounts(intents: Sequence[Intent], accounts: Mapping[Intent, str], tree: Tree) -> list[Manifest]:
    """The ServiceAccount objects, one an account and namespace, that the tree lacks and that the profile does not leave to others.

    `accounts`: intent -> its login. `default` exists in every namespace.
    """
    wanted: dict[tuple[str, str], list[Intent]] = {}
    for intent in intents:
        account = accounts.get(intent, "")
        if account not in ("", "default") and intent.profile.create_service_accounts:
            wanted.setdefault((intent.namespace, account), []).append(intent)
    return [
        _account(account, users)
        for (namespace, account), users in wanted.items()
        if tree.find("", "ServiceAccount", account, namespace) is None
    ]


def _account(account: str, users: Sequence[Intent]) -> Manifest:
    labels, annotations = metadata.for_shared(users)
    return build(
        "v1",
        "ServiceAccount",
        account,
        namespace=users[0].namespace,
        made_by=users[0].subject,
        labels=labels,
        annotations=annotations,
    )
