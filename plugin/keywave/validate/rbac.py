"""Rights on Secrets in the cluster: `*` for anybody, and too much or too little for the operator."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, Severity
from keywave.objects.manifest import Body, Manifest, mapping, sequence
from keywave.validate.view import View, same_namespace, text

RBAC = "rbac.authorization.k8s.io"
NEEDED = ("get", "list", "watch", "create", "update", "patch", "delete")
"""What the operator does with Secrets: it reads back what it wrote, watches for deletion, and prunes."""

Bound = set[tuple[str, str, str]]


def check_secret_rights(view: View) -> Iterator[Finding]:
    """Roles with `*` on Secrets; for the operator also `*` on everything, and a role that lacks verbs."""
    bound = _bound_to_operator(view)
    for manifest in view.written_of(RBAC, "ClusterRole", "Role"):
        operators = _is_bound(manifest, bound)
        verbs: set[str] = set()
        for index, rule in enumerate(sequence(manifest.body.get("rules"))):
            named, everything = _covers_secrets(mapping(rule))
            granted = {verb for verb in sequence(mapping(rule).get("verbs")) if isinstance(verb, str)}
            if (named or (everything and operators)) and "*" in granted:
                yield _too_much(manifest, index, operators=operators)
            if named or everything:
                verbs |= granted
        missing = [verb for verb in NEEDED if verb not in verbs]
        if operators and verbs and "*" not in verbs and missing and not verbs.isdisjoint(("create", "update", "patch")):
            said = f"the operator may write Secrets here but not {', '.join(missing)}"
            hint = f"verbs: [{', '.join(NEEDED)}]"
            yield manifest.warning("KW6202", said, "rules", hint=hint)


def _covers_secrets(rule: Body) -> tuple[bool, bool]:
    """(Secrets by name, everything) as the rule's resources of the core group say; rules for single objects do not count."""
    groups, resources = sequence(rule.get("apiGroups")), sequence(rule.get("resources"))
    if rule.get("resourceNames") or not ("" in groups or "*" in groups):
        return False, False
    return "secrets" in resources, "*" in resources


def _too_much(manifest: Manifest, index: int, *, operators: bool) -> Finding:
    who = "the operator" if operators else "whoever is bound to it"
    return manifest.finding(
        "KW6201",
        f'{manifest.kind} "{manifest.name}" gives {who} every verb (*) on Secrets',
        "rules",
        index,
        "verbs",
        hint=f"name the verbs: [{', '.join(NEEDED)}]"
        + ("" if manifest.kind == "Role" else ", in a Role of the namespaces in question"),
        severity=Severity.ERROR if operators else Severity.WARNING,
    )


def _bound_to_operator(view: View) -> Bound:
    """(kind, namespace, name) of the roles that bindings in the tree give to the operator's ServiceAccount."""
    accounts = {(p.operator.namespace, p.operator.service_account) for p in view.profiles}
    accounts |= {(view.operator.namespace, view.operator.service_account)}
    found: Bound = set()
    for binding in view.of(RBAC, "ClusterRoleBinding", "RoleBinding"):
        for item in sequence(binding.body.get("subjects")):
            subject = mapping(item)
            if (
                subject.get("kind") == "ServiceAccount"
                and (text(subject.get("namespace")), text(subject.get("name"))) in accounts
            ):
                ref = mapping(binding.body.get("roleRef"))
                namespace = "" if ref.get("kind") == "ClusterRole" else binding.namespace
                found.add((text(ref.get("kind")), namespace, text(ref.get("name"))))
    return found


def _is_bound(manifest: Manifest, bound: Bound) -> bool:
    return any(
        kind == manifest.kind and name == manifest.name and same_namespace(namespace, manifest.namespace)
        for kind, namespace, name in bound
    )
