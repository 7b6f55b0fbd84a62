"""Pattern `secret`: an operator writes a Kubernetes Secret. Kinds of `secrets.hashicorp.com/v1beta1`, and ours for fan-in.

Trade-off: the plaintext lies in etcd, and a workload that takes it by env sees a new value after a restart only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keywave.expand import metadata, raw_fields, rbac
from keywave.expand.composite import KIND as COMPOSITE
from keywave.expand.composite import composite_destination, composite_spec
from keywave.expand.destination import check_destination, destination
from keywave.expand.dynamic import KIND as DYNAMIC
from keywave.expand.dynamic import dynamic_spec
from keywave.expand.made import RECONCILE, VSO, Made, build, kept, nothing
from keywave.expand.pki import KIND as PKI
from keywave.expand.pki import check_pki, pki_spec
from keywave.expand.restarts import restart_targets
from keywave.expand.static import KIND as STATIC
from keywave.expand.static import check_without_hmac, static_spec
from keywave.expand.transformations import references
from keywave.expand.tree import Tree
from keywave.expand.vault_auth import Logins, log_in, login_namespace
from keywave.findings import Finding
from keywave.intent.model import DynamicSource, Intent, KvSource, Part, PkiSource
from keywave.intent.produces import secret_names, splits
from keywave.objects.manifest import Manifest

SUMMARY = "an operator writes a Kubernetes Secret; plaintext in etcd; env needs a restart"


def expand(intents: Sequence[Intent], tree: Tree) -> Made:
    """Logins first, then one secret object for each Secret."""
    result = nothing()
    logins = log_in(intents, tree)
    result.add(logins.made)
    for intent in intents:
        result.findings.extend(_check(intent, tree))
        result.add(_secrets(intent, tree, logins))
    result.manifests.extend(rbac.operator_roles([i for i in intents if i.profile.emit == "all"], tree, logins))
    return result


def _secrets(intent: Intent, tree: Tree, logins: Logins) -> Made:
    auth_name = logins.refs.get(intent, "")
    refs, made = references(intent, tree, auth_name)
    if intent.fan_in and not splits(intent):
        made.add(_composite(intent, tree, auth_name, refs))
        return made
    for part, name in zip(intent.parts, secret_names(intent), strict=True):
        target = destination(intent, part, name, refs)
        kind, fields = _fields(intent, part)
        spec = _frame(intent, auth_name, fields, target, restart_targets(intent, tree, [name]))
        manifest, findings = _finish(intent, kind, VSO, name, spec)
        made.manifests.append(manifest)
        made.findings.extend(findings)
    return made


def _fields(intent: Intent, part: Part) -> tuple[str, dict[str, Any]]:
    source = part.source
    if isinstance(source, KvSource):
        return STATIC, static_spec(intent, source)
    if isinstance(source, DynamicSource):
        return DYNAMIC, dynamic_spec(intent, source)
    return PKI, pki_spec(intent, source)


def _composite(intent: Intent, tree: Tree, auth_name: str, refs: list[dict[str, str]]) -> Made:
    targets = restart_targets(intent, tree, [intent.name])
    spec = _frame(intent, auth_name, composite_spec(intent), composite_destination(intent, refs), targets)
    manifest, findings = _finish(intent, COMPOSITE, RECONCILE, intent.name, spec)
    return Made([manifest], findings)


def _frame(
    intent: Intent,
    auth_name: str,
    fields: Mapping[str, Any],
    target: Mapping[str, Any],
    targets: list[dict[str, str]],
) -> dict[str, Any]:
    """What all secret kinds share, around the fields of one. The Vault namespace is said where it is not the login's."""
    elsewhere = intent.vault_namespace if intent.vault_namespace != login_namespace(intent) else ""
    first = kept({"vaultAuthRef": auth_name, "namespace": elsewhere})
    return {**first, **fields, "destination": dict(target), **kept({"rolloutRestartTargets": targets})}


def _finish(
    intent: Intent, kind: str, api_version: str, name: str, spec: dict[str, Any]
) -> tuple[Manifest, list[Finding]]:
    spec, findings = raw_fields.lay_over(intent, kind, spec)
    labels, annotations = metadata.for_secret(intent, kind)
    manifest = build(
        api_version,
        kind,
        name,
        namespace=intent.namespace,
        made_by=intent.subject,
        labels=labels,
        annotations=annotations,
        spec=spec,
    )
    return manifest, findings


def _check(intent: Intent, tree: Tree) -> list[Finding]:
    found = check_destination(intent)
    if intent.hmac_secret_data is False:
        found += check_without_hmac(intent, bool(restart_targets(intent, tree, secret_names(intent))))
    if intent.profile.client_cert_secret and intent.profile.operator.kind == "vso":
        found.append(_no_client_certificate(intent))
    if splits(intent):
        found += _check_split(intent, tree)
    for part in intent.parts:
        if isinstance(part.source, PkiSource):
            found += check_pki(intent, part.source)
    return found


def _no_client_certificate(intent: Intent) -> Finding:
    return intent.manifest.finding(
        "KW3008",
        f"the profile {intent.profile.name} wants a client certificate (tls.clientCertSecret), which Vault Secrets Operator cannot present",
        "spec",
        hint="use operator.kind: keywave or another delivery pattern, or take tls.clientCertSecret out of the profile",
    )


def _check_split(intent: Intent, tree: Tree) -> list[Finding]:
    """Fan-in without an operator that can do it: what would need all keys in one Secret is refused."""
    names = ", ".join(secret_names(intent))
    merged = "say operator: {kind: keywave} in the profile, whose operator merges them"
    found: list[Finding] = []
    if intent.templates:
        found.append(
            intent.manifest.finding(
                "KW3005",
                f"Vault Secrets Operator has no fan-in: the sources become {names}, so no template can see the keys of all",
                "spec",
                "templates",
                hint=f"take the templates out, or {merged}",
            )
        )
    for use in tree.uses_of(intent.name, intent.namespace):
        found.append(
            use.workload.finding(
                "KW2009",
                f"Vault Secrets Operator has no fan-in: there will be no Secret {intent.name}, its sources become {names}",
                *use.keys,
                hint=f"let the intent's consumers do the wiring, refer to the Secrets {names}, or {merged}",
            )
        )
    return found
