"""The `status` of every kind on our definitions: what is seen, and what must survive a restart of the operator. No secrets.

Three layers. What the incumbent's definitions have (its fields stay, so that either operator can follow the other on the same
objects); the conditions; and what only ours keeps: accessors and lease ids, never a token. Nothing is required, so that whoever
writes less is not refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.crds.status_parts import (
    CONDITIONS,
    LEASE,
    REVOCATIONS,
    ROTATION,
    TOKEN,
    flag,
    listed,
    moment,
    record,
    seconds_since_1970,
    text,
    whole,
)

Schema = Mapping[str, Any]

_SEEN: dict[str, Schema] = {
    "observedGeneration": whole("Generation of this object that the status speaks of."),
    "conditions": CONDITIONS,
}
_VERDICT: dict[str, Schema] = {
    "valid": flag("Whether the object can be used. The condition Ready says more."),
    "error": text("Why it cannot be used; empty when it can."),
}
_SYNCED: dict[str, Schema] = {
    **_SEEN,
    "lastGeneration": whole("Generation of this object that was last worked on."),
    "secretMAC": text(
        "Keyed hash of the data that was last written, in base64. It tells a change without telling the data."
    ),
    "secretName": text(
        "Name of the Secret that was last written. Another one in destination.name means that this one must go."
    ),
    "lastChangeTime": moment("When the data last became others: a workload that was restarted later has them."),
    "lastRefreshRequest": text("Value of the annotation that asked for a refresh and was answered last."),
    "restartedFor": text(
        "What the workloads were last restarted for: the secretMAC, lease or serial number of that time."
    ),
}
_ASKED: dict[str, Schema] = {
    "requestHash": text("Hash of what Vault was asked for and of how the data were formed: another one asks anew."),
}
_CLIENT = record(
    "Which client of Vault read the secret: one of Vault Secrets Operator, or keywave where it issued the credentials.",
    cacheKey=text(
        "Key of that client in its cache. Of keywave: the accessor and the end of the token that the lease hangs on."
    ),
    id=text("Hash of the accessor of that client's token."),
)
_LEASED: dict[str, Schema] = {
    "token": TOKEN,
    "pendingRevocations": REVOCATIONS,
}

_SOURCE = record(
    "",
    name=text("Name of the source."),
    version=whole("Version of the kv-v2 secret that was last written."),
    secretMAC=text("Keyed hash of what a KV source had, in base64."),
    requestHash=text("Hash of what Vault was asked for: another one asks anew."),
    token=TOKEN,
    secretLease=LEASE,
    leaseExpireTime=moment("When the lease ends if nobody renews it."),
    lastRenewalTime=seconds_since_1970("When the credentials were last issued or renewed"),
    staticCredsMetaData=ROTATION,
)

STATUS: Mapping[str, Schema] = {
    "VaultConnection": record(
        "Whether Vault answers, is unsealed and takes requests.",
        **_SEEN,
        valid=_VERDICT["valid"],
    ),
    "VaultAuth": record(
        "Whether the login works: it is tried.",
        **_SEEN,
        **_VERDICT,
        specHash=text("Hash of the spec that the verdict is about."),
    ),
    "VaultAuthGlobal": record("Whether the object can be used by others.", **_SEEN, **_VERDICT),
    "VaultStaticSecret": record(
        "What was last read and written.",
        **_SYNCED,
        version=whole("Version of the kv-v2 secret that was last written."),
        vaultClientMeta=_CLIENT,
    ),
    "VaultDynamicSecret": record(
        "The credentials that the Secret holds: lease and rotation, so that a restart issues none anew.",
        **_SYNCED,
        lastRenewalTime=seconds_since_1970("When the credentials were last issued or renewed"),
        secretLease=LEASE,
        leaseExpireTime=moment("When the lease ends if nobody renews it."),
        **_LEASED,
        **_ASKED,
        staticCredsMetaData=ROTATION,
        lastRuntimePodUID=text("Pod of Vault Secrets Operator that wrote this status. keywave leaves it as it is."),
        vaultClientMeta=_CLIENT,
    ),
    "VaultPKISecret": record(
        "The certificate that the Secret holds.",
        **_SYNCED,
        **_VERDICT,
        **_ASKED,
        serialNumber=text("Serial number of the certificate, in hexadecimal with colons."),
        expiration=seconds_since_1970("When the certificate ends"),
        lastRotation=seconds_since_1970("When the certificate was issued"),
        pendingRevocations=REVOCATIONS,
    ),
    "SecretTransformation": record("Whether every template can be read.", **_SEEN, **_VERDICT),
    "VaultCompositeSecret": record(
        "What was last read, of each source, and written.",
        **_SYNCED,
        pendingRevocations=REVOCATIONS,
        **_ASKED,
        sources=listed(
            "Each source by its name: the version, lease or rotation that the Secret holds.", "name", _SOURCE
        ),
    ),
}
"""Kind -> structural schema of `status`."""
