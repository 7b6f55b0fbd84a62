"""Which kinds of the neighbours' groups exist, and in which versions: to name a misspelt one before the cluster does.

Rule: only groups that are closed to others are listed, so that an unknown name in one is a mistake and not somebody's extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from keywave.objects.ids import VSO_GROUP
from keywave.objects.vso_schemas import SPEC_SCHEMAS, UNCHECKED_KINDS

CSI_GROUP = "secrets-store.csi.x-k8s.io"
ESO_GROUP = "external-secrets.io"


class KnownGroup(NamedTuple):
    """A group's kinds and its versions, the one to write first; `old` ones are still served but on their way out."""

    kinds: frozenset[str]
    versions: tuple[str, ...]
    old: tuple[str, ...] = ()


KNOWN_GROUPS: Mapping[str, KnownGroup] = {
    VSO_GROUP: KnownGroup(frozenset(SPEC_SCHEMAS) | frozenset(UNCHECKED_KINDS), ("v1beta1",)),
    CSI_GROUP: KnownGroup(frozenset(("SecretProviderClass", "SecretProviderClassPodStatus")), ("v1",), ("v1alpha1",)),
    ESO_GROUP: KnownGroup(
        frozenset(
            (
                "ExternalSecret",
                "SecretStore",
                "ClusterSecretStore",
                "ClusterExternalSecret",
                "PushSecret",
                "ClusterPushSecret",
            )
        ),
        ("v1",),
        ("v1beta1", "v1alpha1"),
    ),
}

ALPHA_ONLY = frozenset(("PushSecret", "ClusterPushSecret"))
"""Kinds of external-secrets.io that have no other version than v1alpha1 yet."""
