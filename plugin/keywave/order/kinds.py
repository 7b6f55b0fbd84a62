"""What each kind is to the order: its part, and its rank among objects that no edge separates.

The chain of the VSO kinds follows the operator's code: connection, global auth, auth, transformation, secret objects; a
SecretTransformation that is not valid yet makes the objects that refer to it fail.
"""

from __future__ import annotations

from enum import StrEnum

from keywave.objects.ids import VSO_GROUP

COMPOSITE_GROUP = "reconcile.keywave.dev"
ESO_GROUP = "external-secrets.io"
CSI_GROUP = "secrets-store.csi.x-k8s.io"


class Part(StrEnum):
    """SETUP prepares secret objects, SECRET makes Secrets, OTHER is the rest (and is left alone unless one of these needs it)."""

    SETUP = "setup"
    SECRET = "secret"
    OTHER = "other"


PARTS: dict[tuple[str, str], Part] = {
    (VSO_GROUP, "VaultConnection"): Part.SETUP,
    (VSO_GROUP, "VaultAuthGlobal"): Part.SETUP,
    (VSO_GROUP, "VaultAuth"): Part.SETUP,
    (VSO_GROUP, "HCPAuth"): Part.SETUP,
    (VSO_GROUP, "SecretTransformation"): Part.SETUP,
    (VSO_GROUP, "VaultStaticSecret"): Part.SECRET,
    (VSO_GROUP, "VaultDynamicSecret"): Part.SECRET,
    (VSO_GROUP, "VaultPKISecret"): Part.SECRET,
    (VSO_GROUP, "HCPVaultSecretsApp"): Part.SECRET,
    (COMPOSITE_GROUP, "VaultCompositeSecret"): Part.SECRET,
    (ESO_GROUP, "SecretStore"): Part.SETUP,
    (ESO_GROUP, "ClusterSecretStore"): Part.SETUP,
    (ESO_GROUP, "ExternalSecret"): Part.SECRET,
    (ESO_GROUP, "ClusterExternalSecret"): Part.SECRET,
    (CSI_GROUP, "SecretProviderClass"): Part.SECRET,
}

_FIRST = (
    ("Namespace",),
    ("CustomResourceDefinition",),
    ("ResourceQuota", "LimitRange", "PriorityClass", "StorageClass"),
    ("ServiceAccount",),
    ("Secret", "SealedSecret", "ConfigMap", "PersistentVolume", "PersistentVolumeClaim"),
    ("ClusterRole", "Role"),
    ("ClusterRoleBinding", "RoleBinding"),
    ("NetworkPolicy",),
    ("Service",),
    ("VaultConnection", "SecretStore", "ClusterSecretStore"),
    ("VaultAuthGlobal",),
    ("VaultAuth", "HCPAuth"),
    ("SecretTransformation",),
    ("VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret", "HCPVaultSecretsApp", "VaultCompositeSecret"),
    ("ExternalSecret", "ClusterExternalSecret", "SecretProviderClass"),
)
_LAST = (
    ("DaemonSet", "Pod", "ReplicaSet", "Deployment", "StatefulSet", "Rollout"),
    ("HorizontalPodAutoscaler", "PodDisruptionBudget"),
    ("Job", "CronJob"),
    ("Ingress", "Gateway", "HTTPRoute"),
    ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"),
)
OTHER_RANK = len(_FIRST)
RANKS: dict[str, int] = {
    **{kind: rank for rank, kinds in enumerate(_FIRST) for kind in kinds},
    **{kind: OTHER_RANK + 1 + rank for rank, kinds in enumerate(_LAST) for kind in kinds},
}

CLUSTER_SCOPED = frozenset(
    {
        "Namespace",
        "CustomResourceDefinition",
        "PriorityClass",
        "StorageClass",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterSecretStore",
        "ClusterExternalSecret",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "APIService",
    }
)


def part_of(group: str, kind: str) -> Part:
    """The part of a kind in the order."""
    return PARTS.get((group, kind), Part.OTHER)
