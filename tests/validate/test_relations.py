"""What is wrong between objects: references, namespaces, Secrets with two writers, restart targets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keywave.findings import Finding

Told = Callable[..., list[str]]
Judge = Callable[..., list[Finding]]


def vso(kind: str, name: str, spec: str) -> str:
    namespace, _, short = name.rpartition("/")
    place = f"name: {short}, namespace: {namespace}" if namespace else f"name: {short}"
    return f"---\napiVersion: secrets.hashicorp.com/v1beta1\nkind: {kind}\nmetadata: {{{place}}}\nspec: {{{spec}}}\n"


def auth(name: str, more: str = "") -> str:
    login = "method: kubernetes, mount: kubernetes, kubernetes: {role: app, serviceAccount: app}"
    return vso("VaultAuth", name, f"{login}{more}")


def static(name: str, more: str = "", destination: str = "name: app, create: true") -> str:
    return vso("VaultStaticSecret", name, f"mount: kv, path: app, type: kv-v2, destination: {{{destination}}}{more}")


def deployment(name: str, pod: str = "containers: [{name: app, image: app}]") -> str:
    namespace, _, short = name.rpartition("/")
    return (
        f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {short}, namespace: {namespace}}}\n"
        f"spec: {{template: {{spec: {{{pod}}}}}}}\n"
    )


SECRET = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: app, namespace: apps}\n"
TRANSFORMED = "name: app, create: true, transformation: {transformationRefs: [{name: %s}]}"
IN_CLUSTER = "add it, or make sure that it is in the cluster already"

REFERENCES = {
    "one that is there": (static("apps/x", ", vaultAuthRef: auth") + auth("apps/auth"), []),
    "one that is there, before the target says the namespace": (static("x", ", vaultAuthRef: auth") + auth("auth"), []),
    "one that is not there": (
        static("apps/x", ", vaultAuthRef: payments"),
        [f"warning KW5203 $.spec.vaultAuthRef: there is no VaultAuth apps/payments in this tree -> {IN_CLUSTER}"],
    ),
    "one that is not there, told once": (
        static("apps/x", ", vaultAuthRef: payments")
        + static("apps/z", ", vaultAuthRef: payments", "name: b, create: true"),
        [f"warning KW5203 $.spec.vaultAuthRef: there is no VaultAuth apps/payments in this tree -> {IN_CLUSTER}"],
    ),
    "one that is nearly there": (
        static("apps/x", ", vaultAuthRef: payment") + auth("apps/payments"),
        [
            'error KW5203 $.spec.vaultAuthRef: there is no VaultAuth apps/payment in this tree -> did you mean "payments"?'
        ],
    ),
    "one that is like another is no slip of the pen": (
        static("apps/x", ", vaultAuthRef: payments-db") + auth("apps/payments"),
        [f"warning KW5203 $.spec.vaultAuthRef: there is no VaultAuth apps/payments-db in this tree -> {IN_CLUSTER}"],
    ),
    "the default": (static("apps/x", ", vaultAuthRef: default"), []),
    "none at all": (static("apps/x"), []),
    "one in the operator's namespace": (static("apps/x", ", vaultAuthRef: vault-secrets-operator-system/team"), []),
    "one in a namespace that is not in this tree": (static("apps/x", ", vaultAuthRef: vault/team"), []),
    "one that Flux fills in": (static("apps/x", ", vaultAuthRef: '${AUTH}'"), []),
    "one with two slashes": (
        static("apps/x", ", vaultAuthRef: a/b/c"),
        [
            'error KW5201 $.spec.vaultAuthRef: "a/b/c" is no reference to a VaultAuth -> write "name" or "namespace/name"'
        ],
    ),
    "one across namespaces that is not allowed": (
        static("apps/x", ", vaultAuthRef: vault/auth") + auth("vault/auth", ", allowedNamespaces: [other]"),
        [
            "error KW5202 $.spec.vaultAuthRef: VaultAuth vault/auth is not for use from namespace apps -> "
            'add "apps" to spec.allowedNamespaces of VaultAuth vault/auth'
        ],
    ),
    "one across namespaces that is allowed": (
        static("apps/x", ", vaultAuthRef: vault/auth") + auth("vault/auth", ", allowedNamespaces: [other, apps]"),
        [],
    ),
    "one across namespaces for all": (
        static("apps/x", ", vaultAuthRef: vault/auth") + auth("vault/auth", ", allowedNamespaces: ['*']"),
        [],
    ),
    "a connection may be used from anywhere": (
        auth("apps/auth", ", vaultConnectionRef: vault/main")
        + vso("VaultConnection", "vault/main", "address: 'https://v'"),
        [],
    ),
    "a connection that is not there": (
        auth("apps/auth", ", vaultConnectionRef: main"),
        [
            f"warning KW5203 $.spec.vaultConnectionRef: there is no VaultConnection apps/main in this tree -> {IN_CLUSTER}"
        ],
    ),
    "a global object that is nearly there": (
        vso("VaultAuth", "apps/auth", "vaultAuthGlobalRef: {name: globl, namespace: vault}")
        + vso("VaultAuthGlobal", "vault/global", "allowedNamespaces: [apps]"),
        [
            "error KW5203 $.spec.vaultAuthGlobalRef.name: there is no VaultAuthGlobal vault/globl in this tree -> "
            'did you mean "global"?'
        ],
    ),
    "a transformation across namespaces needs no leave": (
        static("apps/x", destination=TRANSFORMED % "shared, namespace: vault")
        + vso("SecretTransformation", "vault/shared", ""),
        [],
    ),
    "a transformation that is not there": (
        static("apps/x", destination=TRANSFORMED % "shared"),
        [
            "warning KW5203 $.spec.destination.transformation.transformationRefs[0].name: "
            f"there is no SecretTransformation apps/shared in this tree -> {IN_CLUSTER}"
        ],
    ),
}

ENV_FROM = deployment("apps/web", "containers: [{name: a, image: a, envFrom: [{secretRef: {name: app}}]}]")
ENV_KEY = deployment(
    "apps/web",
    "containers: [{name: a, image: a, env: [{name: A, valueFrom: {secretKeyRef: {name: app, key: a}}}]}]",
)

DESTINATIONS = {
    "one Secret each": (static("apps/a") + static("apps/b", destination="name: b, create: true"), []),
    "one Secret in two namespaces": (static("apps/a") + static("other/a"), []),
    "two objects, one Secret": (
        static("apps/a") + static("apps/b"),
        [
            'error KW5204 $.spec.destination.name: VaultStaticSecret apps/a writes the Secret "app" too -> '
            "give each object a Secret of its own; one Secret has one writer"
        ],
    ),
    "two kinds, one Secret": (
        static("apps/a")
        + vso("VaultDynamicSecret", "apps/b", "mount: database, path: creds/a, destination: {name: app, create: true}"),
        [
            'error KW5204 $.spec.destination.name: VaultStaticSecret apps/a writes the Secret "app" too -> '
            "give each object a Secret of its own; one Secret has one writer"
        ],
    ),
    "names that Flux fills in are no clash": (
        static("apps/a", destination="name: '${X}', create: true")
        + static("apps/b", destination="name: '${X}', create: true"),
        [],
    ),
    "a Secret in the tree and from the operator": (
        static("apps/a") + SECRET,
        [
            'error KW5205 $.spec.destination.name: the tree holds the Secret "app" too: '
            "the operator refuses a Secret that it did not make -> remove Secret apps/app from the tree"
        ],
    ),
    "a Secret in the tree that is overwritten": (
        static("apps/a", destination="name: app, create: true, overwrite: true") + SECRET,
        [
            'error KW5205 $.spec.destination.name: the tree holds the Secret "app" too: '
            "the GitOps engine and the operator overwrite each other -> remove Secret apps/app from the tree"
        ],
    ),
    "a Secret in the tree that the operator fills": (static("apps/a", destination="name: app") + SECRET, []),
    "a target that is there": (
        static("apps/a", ", rolloutRestartTargets: [{kind: Deployment, name: web}]") + deployment("apps/web"),
        [],
    ),
    "a target in another namespace": (
        static("apps/a", ", rolloutRestartTargets: [{kind: Deployment, name: web}]") + deployment("other/web"),
        [
            'warning KW5206 $.spec.rolloutRestartTargets[0].name: there is no Deployment "web" in this tree -> '
            "the target must be in the object's own namespace"
        ],
    ),
    "a misspelt target": (
        static("apps/a", ", rolloutRestartTargets: [{kind: Deployment, name: webap}]") + deployment("apps/webapp"),
        [
            'warning KW5206 $.spec.rolloutRestartTargets[0].name: there is no Deployment "webap" in this tree -> '
            'did you mean "webapp"?'
        ],
    ),
    "an Argo Rollout": (
        static("apps/a", ", rolloutRestartTargets: [{kind: argo.Rollout, name: web}]")
        + deployment("apps/web").replace("apps/v1", "argoproj.io/v1alpha1").replace("Deployment", "Rollout"),
        [],
    ),
    "all keys as variables, _raw among them": (
        static("apps/a") + ENV_FROM,
        [
            'warning KW5207 $.spec.destination: Deployment apps/web takes all keys of "app" as variables, and one is _raw: '
            "the whole secret as JSON -> write destination.transformation.excludeRaw: true"
        ],
    ),
    "all keys as variables without _raw": (
        static("apps/a", destination="name: app, create: true, transformation: {excludeRaw: true}") + ENV_FROM,
        [],
    ),
    "single keys as variables": (static("apps/a") + ENV_KEY, []),
}


@pytest.mark.parametrize(("documents", "expected"), REFERENCES.values(), ids=REFERENCES)
def test_references(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents, target="flux") == expected


@pytest.mark.parametrize(("documents", "expected"), DESTINATIONS.values(), ids=DESTINATIONS)
def test_destinations(documents: str, expected: list[str], told: Told) -> None:
    assert told(documents, target="flux") == expected


def test_a_clash_names_both_objects(judge: Judge) -> None:
    (found,) = judge(static("apps/a") + static("apps/b"))

    assert found.subject == "VaultStaticSecret apps/b"
    assert [str(place) for place in found.related] == ["tree.yaml  $.spec.destination.name"]
