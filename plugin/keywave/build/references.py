"""Name references that kustomize does not know: so that `namePrefix` and `nameSuffix` keep what points at our kinds and theirs.

Rule: data, in the form of kustomize's `configurations:`. A SecretIntent's name is the name of a Secret, so wherever kustomize knows a
reference to a Secret (api v0.21 `builtinpluginconsts/namereference.go`), a SecretIntent may be meant. The same text is shipped
as integrations/kustomize/keywave-references.yaml for those who run kustomize by themselves; a test keeps both equal.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from keywave.objects.ids import CLIENT_CERTIFICATE

VSO = "secrets.hashicorp.com"
INTENT = "keywave.dev"
VSO_SECRETS = ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret")

# kind -> (group, path of the pod spec)
_PODS: dict[str, tuple[str, str]] = {
    "Pod": ("", "spec"),
    "PodTemplate": ("", "template/spec"),
    "ReplicationController": ("", "spec/template/spec"),
    "Deployment": ("apps", "spec/template/spec"),
    "ReplicaSet": ("apps", "spec/template/spec"),
    "DaemonSet": ("apps", "spec/template/spec"),
    "StatefulSet": ("apps", "spec/template/spec"),
    "Job": ("batch", "spec/template/spec"),
    "CronJob": ("batch", "spec/jobTemplate/spec/template/spec"),
    "Rollout": ("argoproj.io", "spec/template/spec"),
}
SECRET_IN_POD = (
    "volumes/secret/secretName",
    "volumes/projected/sources/secret/name",
    "containers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
)
_SECRET_ELSEWHERE = (
    ("Ingress", "networking.k8s.io", "spec/tls/secretName"),
    ("Ingress", "networking.k8s.io", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
    ("Ingress", "networking.k8s.io", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
    ("Ingress", "networking.k8s.io", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
    ("Gateway", "gateway.networking.k8s.io", "spec/listeners/tls/certificateRefs/name"),
    ("ServiceAccount", "", "imagePullSecrets/name"),
    ("Role", "rbac.authorization.k8s.io", "rules/resourceNames"),
    ("ClusterRole", "rbac.authorization.k8s.io", "rules/resourceNames"),
)
_SECRET_IN_OURS = (
    ("VaultConnection", VSO, "spec/caCertSecretRef"),
    ("VaultConnection", VSO, "metadata/annotations/" + CLIENT_CERTIFICATE.replace("/", "\\/")),
    ("VaultAuth", VSO, "spec/appRole/secretRef"),
    ("VaultAuth", VSO, "spec/jwt/secretRef"),
    ("VaultAuth", VSO, "spec/aws/secretRef"),
    ("VaultAuthGlobal", VSO, "spec/appRole/secretRef"),
    ("VaultAuthGlobal", VSO, "spec/jwt/secretRef"),
    ("VaultAuthGlobal", VSO, "spec/aws/secretRef"),
    *((kind, VSO, "spec/destination/name") for kind in VSO_SECRETS),
    ("VaultProfile", INTENT, "spec/caCertSecret"),
    ("VaultProfile", INTENT, "spec/tls/clientCertSecret"),
    ("VaultProfile", INTENT, "spec/auth/secretRef"),
    ("SecretStore", "external-secrets.io", "spec/provider/vault/caProvider/name"),
    ("SecretStore", "external-secrets.io", "spec/provider/vault/auth/appRole/secretRef/name"),
    ("SecretStore", "external-secrets.io", "spec/provider/vault/auth/tokenSecretRef/name"),
)
_ACCOUNTS = (
    ("SecretIntent", INTENT, "spec/serviceAccount"),
    ("VaultProfile", INTENT, "spec/auth/serviceAccount"),
    ("VaultProfile", INTENT, "spec/auth/irsaServiceAccount"),
    ("VaultProfile", INTENT, "spec/auth/workloadIdentityServiceAccount"),
    *(
        (kind, VSO, f"spec/{path}")
        for kind in ("VaultAuth", "VaultAuthGlobal")
        for path in (
            "kubernetes/serviceAccount",
            "jwt/serviceAccount",
            "aws/irsaServiceAccount",
            "gcp/workloadIdentityServiceAccount",
        )
    ),
    ("SecretStore", "external-secrets.io", "spec/provider/vault/auth/kubernetes/serviceAccountRef/name"),
    (
        "SecretStore",
        "external-secrets.io",
        "spec/provider/vault/auth/jwt/kubernetesServiceAccountToken/serviceAccountRef/name",
    ),
    ("Rollout", "argoproj.io", "spec/template/spec/serviceAccountName"),
    ("ReplicaSet", "apps", "spec/template/spec/serviceAccountName"),
    ("PodTemplate", "", "template/spec/serviceAccountName"),
)
_RESTARTED = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")

Field = tuple[str, str, str]


def configuration(kinds: Collection[str] | None = None) -> dict[str, Any]:
    """As kustomize's `configurations:` wants it: for these kinds only (None = the whole of it).

    kustomize tries every reference on every object, so what cannot occur in a tree is worth leaving out.
    """
    if kinds is None:
        return {"nameReference": _all()}
    chosen = []
    for referent in _all():
        fields = [field for field in referent["fieldSpecs"] if field["kind"] in kinds]
        if fields and referent["kind"] in kinds:
            chosen.append({**referent, "fieldSpecs": fields})
    return {"nameReference": chosen}


def _all() -> list[dict[str, Any]]:
    in_pods = [(kind, group, f"{spec}/{path}") for kind, (group, spec) in _PODS.items() for path in SECRET_IN_POD]
    knows_pods = [field for field in in_pods if field[0] in ("Rollout", "ReplicationController")]
    class_volumes = [
        (kind, group, f"{spec}/volumes/csi/volumeAttributes/secretProviderClass")
        for kind, (group, spec) in _PODS.items()
    ]
    restarts = [(kind, VSO, "spec/rolloutRestartTargets/name") for kind in VSO_SECRETS]
    return [
        _referent("SecretIntent", INTENT, [*in_pods, *_SECRET_ELSEWHERE, *_SECRET_IN_OURS]),
        _referent("Secret", "", [*knows_pods, _SECRET_ELSEWHERE[4], *_SECRET_IN_OURS]),
        _referent("VaultProfile", INTENT, [("SecretIntent", INTENT, "spec/profile")]),
        _referent("ServiceAccount", "", list(_ACCOUNTS)),
        _referent("Service", "", [("SecretIntent", INTENT, "spec/services")]),
        *(
            _referent(
                kind,
                _PODS[kind][0],
                [
                    ("SecretIntent", INTENT, "spec/consumers/workload"),
                    *([("SecretIntent", INTENT, "spec/restartTargets/name"), *restarts] if kind in _RESTARTED else []),
                ],
            )
            for kind in _PODS
        ),
        _referent(
            "VaultConnection",
            VSO,
            [
                ("VaultAuth", VSO, "spec/vaultConnectionRef"),
                ("VaultAuthGlobal", VSO, "spec/vaultConnectionRef"),
                ("VaultProfile", INTENT, "spec/refs/connection"),
            ],
        ),
        _referent(
            "VaultAuth",
            VSO,
            [*((kind, VSO, "spec/vaultAuthRef") for kind in VSO_SECRETS), ("VaultProfile", INTENT, "spec/refs/auth")],
        ),
        _referent(
            "VaultAuthGlobal",
            VSO,
            [("VaultAuth", VSO, "spec/vaultAuthGlobalRef/name"), ("VaultProfile", INTENT, "spec/refs/authGlobal")],
        ),
        _referent(
            "SecretTransformation",
            VSO,
            [
                *((kind, VSO, "spec/destination/transformation/transformationRefs/name") for kind in VSO_SECRETS),
                ("SecretIntent", INTENT, "spec/transformations"),
            ],
        ),
        _referent("SecretProviderClass", "secrets-store.csi.x-k8s.io", class_volumes),
        _referent(
            "SecretStore",
            "external-secrets.io",
            [("ExternalSecret", "external-secrets.io", "spec/secretStoreRef/name")],
        ),
    ]


def _referent(kind: str, group: str, fields: list[Field]) -> dict[str, Any]:
    specs = [{"path": path, "kind": owner, **({"group": of} if of else {})} for owner, of, path in fields]
    return {"kind": kind, **({"group": group} if group else {}), "fieldSpecs": specs}


def text() -> str:
    """The shipped file: the same data as YAML, with a heading that says what to do with it."""
    from keywave.objects.yamlio import dump

    return _HEADING + dump(configuration())


_HEADING = """\
# Name references of keywave's intents and of the kinds around them, for those who run kustomize by themselves.
# keywave uses the same while it renders. Without it `namePrefix` and `nameSuffix` rename a SecretIntent or a VaultAuth,
# but not what points at it.
#
#   configurations: [keywave-references.yaml]      in the outermost kustomization
#
# Made by: python -c 'from keywave.build import references; print(references.text(), end="")'
"""
