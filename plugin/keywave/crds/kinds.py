"""The kinds, what `kubectl get` shows of each, and where their fields and words come from.

Names, group, version and scope are those that manifests for Vault Secrets Operator are written with. Its HCP kinds are not here.
"""

from __future__ import annotations

from typing import NamedTuple

from keywave.crds import composite, words_logins, words_secrets
from keywave.crds.openapi import Replaced, Words
from keywave.objects.ids import VSO_GROUP
from keywave.objects.structural import Schema
from keywave.objects.vso_schemas import SPEC_SCHEMAS

OUR_GROUP = "reconcile.keywave.dev"
_NOTHING: Replaced = {}


class Column(NamedTuple):
    """A column of `kubectl get`; `wide` ones only with -o wide."""

    name: str
    path: str
    description: str
    type: str = "string"
    wide: bool = False


class Kind(NamedTuple):
    """One kind: what a definition is made of, beside its status."""

    group: str
    version: str
    kind: str
    plural: str
    summary: str
    spec: Schema
    words: Words
    columns: tuple[Column, ...]
    replaced: Replaced = _NOTHING
    needs_spec: bool = False


def _condition(name: str, title: str, field: str, description: str, *, wide: bool = False) -> Column:
    return Column(title, f'.status.conditions[?(@.type=="{name}")].{field}', description, wide=wide)


_AGE = Column("Age", ".metadata.creationTimestamp", "Time since the object was made.", "date")
_READY = _condition("Ready", "Ready", "status", "Whether it can be used.")
_REASON = _condition("Ready", "Reason", "reason", "Why it is ready, or not.")
_MESSAGE = _condition("Ready", "Message", "message", "What is wrong, and what to do.", wide=True)
_SECRET = Column("Secret", ".spec.destination.name", "The Secret that is written.")
_SYNCED = _condition("SecretSynced", "Synced", "status", "Whether the Secret holds what Vault has.")
_MOUNT = Column("Mount", ".spec.mount", "Mount in Vault.", wide=True)
_PATH = Column("Path", ".spec.path", "Path below the mount.", wide=True)

_INT64 = {"format": "int64"}
_SECONDS: Replaced = {f"{method}.tokenExpirationSeconds": _INT64 for method in ("kubernetes", "jwt")}
# Up to 0.10.0 the incumbent lets dots into this name, and later no more. A namespace has none; what was accepted stays accepted.
_NAMESPACE: Replaced = {"vaultAuthGlobalRef.namespace": {"pattern": r"^([a-z0-9.-]{1,253})$"}}


def _theirs(
    kind: str, plural: str, summary: str, words: Words, *columns: Column, replaced: Replaced = _NOTHING
) -> Kind:
    return Kind(VSO_GROUP, "v1beta1", kind, plural, summary, SPEC_SCHEMAS[kind], words, columns, replaced)


KINDS: tuple[Kind, ...] = (
    _theirs(
        *("VaultConnection", "vaultconnections", "Where Vault is and how it is reached.", words_logins.CONNECTION),
        *(Column("Address", ".spec.address", "URL of Vault."), _READY, _REASON, _MESSAGE, _AGE),
    ),
    _theirs(
        *("VaultAuth", "vaultauths", "A login to Vault, which other objects refer to.", words_logins.AUTH),
        Column("Method", ".spec.method", "Way of logging in."),
        Column("Mount", ".spec.mount", "Auth mount.", wide=True),
        *(_READY, _REASON, _MESSAGE, _AGE),
        replaced={**_SECONDS, **_NAMESPACE},
    ),
    _theirs(
        *("VaultAuthGlobal", "vaultauthglobals", "What several logins to Vault share.", words_logins.AUTH_GLOBAL),
        Column("Method", ".spec.defaultAuthMethod", "Method of logins that name none."),
        Column("Mount", ".spec.defaultMount", "Auth mount of logins that name none."),
        _AGE,
        replaced=_SECONDS,
    ),
    _theirs(
        *("VaultStaticSecret", "vaultstaticsecrets", "A secret of Vault's KV engine, kept in a Kubernetes Secret."),
        words_secrets.STATIC,
        *(_SECRET, _SYNCED, _READY, _REASON, _MOUNT, _PATH, _MESSAGE, _AGE),
    ),
    _theirs(
        *("VaultDynamicSecret", "vaultdynamicsecrets", "Credentials that Vault issues, kept in a Kubernetes Secret."),
        words_secrets.DYNAMIC,
        *(_SECRET, _SYNCED, _READY, _REASON, _MOUNT, _PATH),
        Column("Lease ends", ".status.leaseExpireTime", "When the lease ends if nobody renews it.", wide=True),
        *(_MESSAGE, _AGE),
    ),
    _theirs(
        *("VaultPKISecret", "vaultpkisecrets", "A certificate of Vault's PKI engine, kept in a Kubernetes Secret."),
        words_secrets.PKI,
        *(_SECRET, _SYNCED, _READY, _REASON, _MOUNT),
        Column("Role", ".spec.role", "Role that issues.", wide=True),
        Column("Serial", ".status.serialNumber", "Serial number of the certificate.", wide=True),
        *(_MESSAGE, _AGE),
    ),
    _theirs(
        *("SecretTransformation", "secrettransformations", "Templates and filters that several secret objects share."),
        words_secrets.SHARED_TRANSFORMATION,
        *(_READY, _REASON, _MESSAGE, _AGE),
    ),
    Kind(
        *(OUR_GROUP, "v1alpha1", "VaultCompositeSecret", "vaultcompositesecrets"),
        *("Several Vault paths in one Kubernetes Secret.", composite.SPEC, composite.WORDS),
        columns=(_SECRET, _SYNCED, _READY, _REASON, _MESSAGE, _AGE),
        needs_spec=True,
    ),
)
