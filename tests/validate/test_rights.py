"""Rights that are too wide or too small: RBAC on Secrets, Vault policies in ConfigMaps, two engines over one namespace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Told = Callable[..., list[str]]

OPERATOR = (
    "kind: ServiceAccount, name: vault-secrets-operator-controller-manager, namespace: vault-secrets-operator-system"
)
ALL_VERBS = "get, list, watch, create, update, patch, delete"


def role(kind: str, rules: str) -> str:
    return f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: r, namespace: apps}}\nrules: [{rules}]\n"


def binding(kind: str, subject: str = OPERATOR) -> str:
    return (
        f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata: {{name: b, namespace: apps}}\n"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: r}}\nsubjects: [{{{subject}}}]\n"
    )


def rule(resources: str, verbs: str, more: str = "") -> str:
    return f"{{apiGroups: [''], resources: [{resources}], verbs: [{verbs}]{more}}}"


STAR = "gives {} every verb (*) on Secrets -> name the verbs: [" + ALL_VERBS + "]{}"
SCOPE = ", in a Role of the namespaces in question"

ROLES = {
    "a ClusterRole with * on Secrets": (
        role("ClusterRole", rule("secrets", "'*'")),
        [f'warning KW6201 $.rules[0].verbs: ClusterRole "r" {STAR.format("whoever is bound to it", SCOPE)}'],
    ),
    "a Role with * on Secrets": (
        role("Role", rule("pods", "get") + ", " + rule("secrets", "'*'")),
        [f'warning KW6201 $.rules[1].verbs: Role "r" {STAR.format("whoever is bound to it", "")}'],
    ),
    "the operator with * on Secrets": (
        role("ClusterRole", rule("secrets", "'*'")) + binding("ClusterRole"),
        [f'error KW6201 $.rules[0].verbs: ClusterRole "r" {STAR.format("the operator", SCOPE)}'],
    ),
    "the operator with * on everything": (
        role("ClusterRole", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}") + binding("ClusterRole"),
        [f'error KW6201 $.rules[0].verbs: ClusterRole "r" {STAR.format("the operator", SCOPE)}'],
    ),
    "somebody else with * on everything": (
        role("ClusterRole", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"),
        [],
    ),
    "* on one Secret": (role("Role", rule("secrets", "'*'", ", resourceNames: [a]")), []),
    "* on secrets of another group": (role("Role", "{apiGroups: [x.example], resources: [secrets], verbs: ['*']}"), []),
    "reading Secrets": (role("Role", rule("secrets", "get, list, watch")), []),
    "what the operator needs": (role("Role", rule("secrets", ALL_VERBS)) + binding("Role"), []),
    "what the operator needs, in two rules": (
        role("Role", f"{rule('secrets', 'get, list, watch')}, {rule('secrets', 'create, update, patch, delete')}")
        + binding("Role"),
        [],
    ),
    "the operator cannot read back or prune": (
        role("Role", rule("secrets", "create, update, patch")) + binding("Role"),
        [
            "warning KW6202 $.rules: the operator may write Secrets here but not get, list, watch, delete -> "
            f"verbs: [{ALL_VERBS}]"
        ],
    ),
    "a role of somebody else": (
        role("Role", rule("secrets", "create")) + binding("Role", "kind: User, name: alice"),
        [],
    ),
    "rules that are none": (role("Role", "x, {verbs: '*'}, {resources: secrets}") + binding("Role"), []),
}


@pytest.mark.parametrize(("documents", "expected"), ROLES.values(), ids=ROLES)
def test_rights_on_secrets(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents) == expected


def policy(path: str, capabilities: str) -> str:
    return f'path "{path}" {{ capabilities = [{capabilities}] }}'


def config_map(text: str) -> str:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  app.hcl: |\n{lines}"


AT = "$.data['app.hcl']"
EXACT = 'name each path: path "kv/data/payments/config" { capabilities = ["read"] }'
MOUNT = 'name each path; under KV version 2 it has data/ in it: path "kv/data/payments/config"'

POLICIES = {
    "an exact path": (policy("kv/data/app/config", '"read"'), []),
    "everything": (
        policy("*", '"read"'),
        [f'error KW6203 {AT}: a policy on path "*" gives rights on everything in Vault -> {EXACT}'],
    ),
    "everything, denied": (policy("*", '"deny"'), []),
    "everything, in a comment": ("# " + policy("*", '"read"') + "\n// " + policy("*", '"read"'), []),
    "sudo": (
        policy("sys/raw/*", '"read", "sudo"'),
        [
            f'warning KW6204 {AT}: the policy on "sys/raw/*" grants sudo, which opens what only an administrator needs -> '
            'an application needs capabilities = ["read"]'
        ],
    ),
    "a whole mount": (
        policy("secret/*", '"read"'),
        [f'warning KW6205 {AT}: the policy on "secret/*" covers a whole mount -> {MOUNT}'],
    ),
    "the data of a whole mount": (
        policy("kv/data/*", '"read"'),
        [f'warning KW6205 {AT}: the policy on "kv/data/*" covers a whole mount -> {MOUNT}'],
    ),
    "writes": (
        policy("kv/data/app/config", '"create", "read"'),
        [
            f'warning KW6205 {AT}: the policy on "kv/data/app/config" lets the reader of a secret change it -> '
            'capabilities = ["read"] is enough to deliver a secret'
        ],
    ),
    "leases": (policy("sys/leases/revoke", '"update"'), []),
    "several rules, in Terraform": (
        'resource "vault_policy" "a" {\n  policy = <<EOT\n'
        + policy("kv/data/a", '"read"')
        + "\n"
        + policy("+/*", '"read"')
        + "\nEOT\n}",
        [f'error KW6203 {AT}: a policy on path "+/*" gives rights on everything in Vault -> {EXACT}'],
    ),
    "no policy at all": ("capabilities of this app: path finding", []),
}


@pytest.mark.parametrize(("text", "expected"), POLICIES.values(), ids=POLICIES)
def test_vault_policies(text: str, expected: list[str], told: Told) -> None:
    assert told(config_map(text)) == expected


ONE_EACH = "one role for each ServiceAccount and namespace: bound_service_account_names=payments"
DEFAULT = 'a Vault role is bound to the ServiceAccount "default", which every pod without one of its own runs as'

VAULT_ROLES = {
    "one account, one namespace": ("bound_service_account_names=app bound_service_account_namespaces=apps", []),
    "all namespaces, by command": (
        'vault write auth/kubernetes/role/app bound_service_account_names=app bound_service_account_namespaces="*"',
        [f"warning KW6206 {AT}: a Vault role is bound to all namespaces (*) -> {ONE_EACH}"],
    ),
    "all accounts, in Terraform": (
        'bound_service_account_names = ["a", "*"]',
        [f"warning KW6206 {AT}: a Vault role is bound to all names (*) -> {ONE_EACH}"],
    ),
    "the default account, in JSON": (
        '{"bound_service_account_names": ["default"]}',
        [f"warning KW6206 {AT}: {DEFAULT} -> {ONE_EACH}"],
    ),
    "the default namespace": ("bound_service_account_namespaces=default", []),
}


@pytest.mark.parametrize(("text", "expected"), VAULT_ROLES.values(), ids=VAULT_ROLES)
def test_vault_roles(text: str, expected: list[str], told: Told) -> None:
    assert told(config_map(text)) == expected


def application(destination: str) -> str:
    return (
        "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: argocd}\n"
        f"spec: {{destination: {{{destination}}}}}\n"
    )


def kustomization(spec: str) -> str:
    return (
        "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: flux-system}\n"
        f"spec: {{{spec}}}\n"
    )


BOTH = [
    "warning KW6301 $.spec.targetNamespace: namespace apps is managed by Flux here and by Argo CD in Application argocd/a -> "
    "let one of the two manage a namespace"
]
HERE = "server: 'https://kubernetes.default.svc', namespace: apps"
RELEASE = (
    "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h, namespace: apps}\nspec: {}\n"
)

ENGINES = {
    "one namespace": (application(HERE) + kustomization("targetNamespace: apps"), BOTH),
    "one namespace, a Helm release": (application("name: in-cluster, namespace: apps") + RELEASE, BOTH),
    "two namespaces": (application(HERE) + kustomization("targetNamespace: other"), []),
    "no target namespace": (application(HERE) + kustomization("prune: true"), []),
    "another cluster for Argo CD": (
        application("server: 'https://prod', namespace: apps") + kustomization("targetNamespace: apps"),
        [],
    ),
    "another cluster for Flux": (
        application(HERE) + kustomization("targetNamespace: apps, kubeConfig: {secretRef: {name: prod}}"),
        [],
    ),
}


@pytest.mark.parametrize(("documents", "expected"), ENGINES.values(), ids=ENGINES)
def test_two_engines_over_one_namespace(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents) == expected
