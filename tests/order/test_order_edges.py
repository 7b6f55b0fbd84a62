"""Which reference makes which edge."""

from __future__ import annotations

import pytest
from order.sets import VSO, account, auth, connection, deployment, dynamic, own, static

from keywave.intent.model import Operator
from keywave.objects.manifest import Manifest
from keywave.order.edges import Index, edges_of, nodes_of, operator_needs

RBAC = "rbac.authorization.k8s.io/v1"
OPERATOR = Operator(namespace="vso", service_account="vso-manager")


def drawn(manifests: list[Manifest]) -> list[str]:
    """`Kind name -> Kind name`, a gate as `=>`, sorted."""
    nodes = nodes_of(manifests, "app")
    names = [f"{n.kind} {n.name}" for n in nodes]
    return sorted(
        f"{names[e.before]} {'=>' if e.gate else '->'} {names[e.after]}"
        for e in edges_of(nodes, Index(nodes), OPERATOR)
    )


def secret(name: str, ns: str = "app") -> Manifest:
    return own("v1", "Secret", name, ns=ns)


def binding(kind: str, name: str, role: tuple[str, str], *subjects: tuple[str, str], ns: str = "app") -> Manifest:
    body = {
        "apiVersion": RBAC,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": ns} if ns else {})},
        "roleRef": {"kind": role[0], "name": role[1]},
        "subjects": [{"kind": "ServiceAccount", "namespace": at, "name": who} for at, who in subjects],
    }
    return Manifest(body)


def external(spec: dict[str, object], kind: str = "ExternalSecret") -> Manifest:
    return own("external-secrets.io/v1", kind, "ext", spec)


def login(**method: object) -> dict[str, object]:
    return {"kubernetes": None, **method}


CASES: dict[str, tuple[list[Manifest], list[str]]] = {
    "the chain of one application": (
        [deployment(), static(), auth(), connection(), account()],
        [
            "ServiceAccount app -> VaultAuth app",
            "VaultAuth app -> VaultStaticSecret db",
            "VaultConnection vault -> VaultAuth app",
            "VaultStaticSecret db => Deployment web",
        ],
    ),
    "references with a namespace": (
        [
            static(spec={"vaultAuthRef": "platform/app"}),
            auth(ns="platform", spec={"vaultConnectionRef": "vso/vault"}),
            connection(ns="vso"),
            account(),
            account(ns="platform"),
        ],
        [
            # The operator looks the ServiceAccount up where the secret object is; the one beside the auth is for others.
            "ServiceAccount app -> VaultAuth app",
            "ServiceAccount app -> VaultStaticSecret db",
            "VaultAuth app -> VaultStaticSecret db",
            "VaultConnection vault -> VaultAuth app",
        ],
    ),
    "empty references mean the operator's defaults": (
        [
            static(spec={"vaultAuthRef": ""}),
            auth("default", ns="vso", spec={"vaultConnectionRef": ""}),
            connection("default", ns="vso"),
        ],
        ["VaultAuth default -> VaultStaticSecret db", "VaultConnection default -> VaultAuth default"],
    ),
    "a reference to another namespace's object of the same name makes no edge": (
        [static(), auth(ns="other")],
        [],
    ),
    "a global auth": (
        [
            auth(spec={"vaultConnectionRef": None, "vaultAuthGlobalRef": {"name": "shared", "namespace": "vso"}}),
            own(VSO, "VaultAuthGlobal", "shared", {"vaultConnectionRef": "vault"}, ns="vso"),
            connection(ns="vso"),
        ],
        ["VaultAuthGlobal shared -> VaultAuth app", "VaultConnection vault -> VaultAuthGlobal shared"],
    ),
    "the default global auth is looked for here and at the operator": (
        [
            auth(spec={"vaultConnectionRef": None, "vaultAuthGlobalRef": {"allowDefault": True}}),
            own(VSO, "VaultAuthGlobal", "default", {}, ns="vso"),
        ],
        ["VaultAuthGlobal default -> VaultAuth app"],
    ),
    "the CA of a connection, even where another operator makes it": (
        [connection(spec={"caCertSecretRef": "ca"}), own("bitnami.com/v1alpha1", "SealedSecret", "ca", {})],
        ["SealedSecret ca -> VaultConnection vault"],
    ),
    "a certificate's Secret": (
        [
            connection(spec={"caCertSecretRef": "ca"}),
            own("cert-manager.io/v1", "Certificate", "c", {"secretName": "ca"}),
        ],
        ["Certificate c -> VaultConnection vault"],
    ),
    "the SecretID of an AppRole": (
        [auth(spec=login(appRole={"roleId": "x", "secretRef": "approle"})), secret("approle")],
        ["Secret approle -> VaultAuth app"],
    ),
    "the token of jwt, keys of aws, accounts of gcp": (
        [
            auth(
                spec=login(
                    jwt={"secretRef": "jwt"}, aws={"secretRef": "aws"}, gcp={"workloadIdentityServiceAccount": "g"}
                )
            ),
            secret("jwt"),
            secret("aws"),
            account("g"),
        ],
        ["Secret aws -> VaultAuth app", "Secret jwt -> VaultAuth app", "ServiceAccount g -> VaultAuth app"],
    ),
    "a login Secret that another secret object makes is worth waiting for": (
        [auth(spec=login(appRole={"secretRef": "approle"})), static("approle", spec={"vaultAuthRef": "root"})],
        ["VaultStaticSecret approle => VaultAuth app"],
    ),
    "transformations": (
        [
            own(VSO, "SecretTransformation", "tpl", {}),
            static(
                spec={
                    "destination": {
                        "name": "db",
                        "create": True,
                        "transformation": {
                            "transformationRefs": [{"name": "tpl"}, {"name": "tpl", "namespace": "other"}]
                        },
                    }
                }
            ),
        ],
        ["SecretTransformation tpl -> VaultStaticSecret db"],
    ),
    "a Secret that is only filled comes first": (
        [static(spec={"destination": {"name": "db"}}), secret("db"), deployment()],
        ["Secret db -> Deployment web", "Secret db -> VaultStaticSecret db"],
    ),
    "what is in a namespace": (
        [own("v1", "Namespace", "app", ns=""), own("v1", "ConfigMap", "c", ns=""), own("v1", "ConfigMap", "d", ns="b")],
        ["Namespace app -> ConfigMap c"],
    ),
    "a definition and its objects": (
        [
            own(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "vaultauths.secrets.hashicorp.com",
                {"group": "secrets.hashicorp.com", "names": {"kind": "VaultAuth"}},
                ns="",
            ),
            auth(),
            connection("x"),
        ],
        ["CustomResourceDefinition vaultauths.secrets.hashicorp.com -> VaultAuth app"],
    ),
    "roles, bindings and what runs as an account": (
        [
            own(RBAC, "Role", "reader"),
            own(RBAC, "ClusterRole", "wide", ns=""),
            binding("RoleBinding", "b", ("Role", "reader"), ("", "app")),
            binding("ClusterRoleBinding", "cb", ("ClusterRole", "wide"), ("app", "app"), ns=""),
            account(),
            own(
                "apps/v1", "Deployment", "web", {"template": {"spec": {"serviceAccountName": "app", "containers": []}}}
            ),
        ],
        [
            "ClusterRole wide -> ClusterRoleBinding cb",
            "Role reader -> RoleBinding b",
            "ServiceAccount app -> ClusterRoleBinding cb",
            "ServiceAccount app -> Deployment web",
            "ServiceAccount app -> RoleBinding b",
        ],
    ),
    "an optional use, an Ingress and another namespace gate nothing": (
        [
            static(),
            deployment(optional=True),
            own("networking.k8s.io/v1", "Ingress", "i", {"tls": [{"secretName": "db"}]}),
            deployment("elsewhere", ns="other"),
        ],
        ["VaultStaticSecret db -> Deployment web", "VaultStaticSecret db -> Ingress i"],
    ),
    "a pod that uses a Secret in two ways, one of them optional, needs it": (
        [
            static(),
            own(
                "v1",
                "Pod",
                "p",
                {
                    "containers": [
                        {
                            "name": "c",
                            "envFrom": [
                                {"secretRef": {"name": "db", "optional": True}},
                                {"secretRef": {"name": "db"}},
                            ],
                        }
                    ]
                },
            ),
        ],
        ["VaultStaticSecret db => Pod p"],
    ),
    "create must be true, not a text": (
        [static(spec={"destination": {"name": "db", "create": "true"}}), deployment()],
        [],
    ),
    "a ServiceAccount's pull secrets do not make a circle with its login": (
        [
            auth(),
            static(),
            Manifest(
                {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": "app", "namespace": "app"},
                    "imagePullSecrets": [{"name": "db"}],
                }
            ),
        ],
        ["ServiceAccount app -> VaultAuth app", "VaultAuth app -> VaultStaticSecret db"],
    ),
    "two objects for one Secret both come before its user": (
        [static(), dynamic("other"), static("db2", spec={"destination": {"name": "db", "create": True}}), deployment()],
        ["VaultStaticSecret db => Deployment web", "VaultStaticSecret db2 => Deployment web"],
    ),
    "a store, its account and CA, and an ExternalSecret": (
        [
            external({"secretStoreRef": {"name": "store"}, "target": {"name": "db"}}),
            own(
                "external-secrets.io/v1",
                "SecretStore",
                "store",
                {
                    "provider": {
                        "vault": {
                            "caProvider": {"type": "ConfigMap", "name": "ca"},
                            "auth": {
                                "kubernetes": {"serviceAccountRef": {"name": "app"}},
                                "appRole": {"secretRef": {"name": "id"}},
                            },
                        }
                    }
                },
            ),
            own("v1", "ConfigMap", "ca"),
            account(),
            secret("id"),
            deployment(),
        ],
        [
            "ConfigMap ca -> SecretStore store",
            "ExternalSecret ext => Deployment web",
            "Secret id -> SecretStore store",
            "SecretStore store -> ExternalSecret ext",
            "ServiceAccount app -> SecretStore store",
        ],
    ),
    "a cluster-wide store, named by one entry": (
        [
            external({"data": [{"sourceRef": {"storeRef": {"kind": "ClusterSecretStore", "name": "wide"}}}]}),
            own("external-secrets.io/v1", "ClusterSecretStore", "wide", {}, ns=""),
        ],
        ["ClusterSecretStore wide -> ExternalSecret ext"],
    ),
    "a composite secret with an auth of one source": (
        [
            own(
                "reconcile.keywave.dev/v1alpha1",
                "VaultCompositeSecret",
                "all",
                {
                    "vaultAuthRef": "app",
                    "sources": {"x": {"vaultAuthRef": "x"}},
                    "destination": {"name": "db", "create": True},
                },
            ),
            auth(),
            auth("x"),
            deployment(),
        ],
        [
            "VaultAuth app -> VaultCompositeSecret all",
            "VaultAuth x -> VaultCompositeSecret all",
            "VaultCompositeSecret all => Deployment web",
        ],
    ),
    "a class and the pods that mount it": (
        [
            own("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "vault", {"provider": "vault"}),
            own(
                "apps/v1",
                "Deployment",
                "web",
                {
                    "template": {
                        "spec": {
                            "containers": [],
                            "volumes": [
                                {"csi": {"volumeAttributes": {"secretProviderClass": "vault"}}},
                                {"emptyDir": {}},
                            ],
                        }
                    }
                },
            ),
        ],
        ["SecretProviderClass vault -> Deployment web"],
    ),
    "specs of any shape are no crash": (
        [
            own(VSO, "VaultStaticSecret", "a", ["no", "mapping"]),
            own(VSO, "VaultAuth", "b", {"kubernetes": "x", "vaultAuthGlobalRef": [1]}),
            own("external-secrets.io/v1", "SecretStore", "c", {"provider": [[{"caProvider": {"name": 3}}]]}),
            Manifest({"apiVersion": RBAC, "kind": "RoleBinding", "metadata": {"name": "d"}, "subjects": [None, "x"]}),
        ],
        [],
    ),
}


@pytest.mark.parametrize(("manifests", "expected"), CASES.values(), ids=CASES)
def test_edges(manifests: list[Manifest], expected: list[str]) -> None:
    assert drawn(manifests) == sorted(expected)


def test_what_the_operator_itself_needs() -> None:
    pod = {
        "serviceAccountName": "vso-manager",
        "containers": [{"name": "m", "envFrom": [{"configMapRef": {"name": "conf"}}]}],
    }
    manifests = [
        binding("RoleBinding", "for-operator", ("Role", "r"), ("vso", "vso-manager")),
        binding("RoleBinding", "for-app", ("Role", "r"), ("app", "app")),
        own("networking.k8s.io/v1", "NetworkPolicy", "egress", {}, ns="vso"),
        own("networking.k8s.io/v1", "NetworkPolicy", "users-own", {}),
        own("apps/v1", "Deployment", "operator", {"template": {"spec": pod}}, ns="vso"),
        own("apps/v1", "Deployment", "other", {"template": {"spec": {**pod, "serviceAccountName": "x"}}}, ns="vso"),
        own("v1", "ConfigMap", "conf", ns="vso"),
    ]
    nodes = nodes_of(manifests, "app")

    assert [nodes[p].name for p in operator_needs(nodes, Index(nodes), OPERATOR)] == [
        "for-operator",
        "egress",
        "operator",
    ]
    assert drawn(manifests) == ["ConfigMap conf -> Deployment operator"]
