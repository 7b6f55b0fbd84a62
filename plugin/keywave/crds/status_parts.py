"""The parts that the status of several kinds is made of: structural schemas with their words in place."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(description: str) -> Schema:
    return {"type": "string", "description": description}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def whole(description: str) -> Schema:
    return {"type": "integer", "format": "int64", "description": description}


def moment(description: str) -> Schema:
    """A time as RFC 3339 text."""
    return {"type": "string", "format": "date-time", "description": description}


def seconds_since_1970(description: str) -> Schema:
    """A time in the incumbent's form; new fields are `moment`s."""
    return whole(f"{description}, in seconds since 1970.")


def record(description: str, *required: str, **properties: Any) -> Schema:
    """An object; without a description where it is the entry of a list."""
    schema: Schema = {"description": description} if description else {}
    schema |= {"type": "object"} | ({"required": sorted(required)} if required else {})
    return schema | {"properties": properties}


def listed(description: str, key: str, entry: Schema) -> Schema:
    """A list in which `key` tells the entries apart, for server-side apply too."""
    return {
        "type": "array",
        "description": description,
        "items": {"required": [key], **entry},
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": [key],
    }


# The shape is that of Kubernetes' own type Condition.
CONDITIONS = listed(
    "What is known about the object, a kind of statement each.",
    "type",
    record(
        "",
        *("type", "status", "reason", "message", "lastTransitionTime"),
        type={**text("What the statement is about: Ready, Healthy, SecretSynced, ..."), "maxLength": 316},
        status={**text("Whether it holds."), "enum": ["True", "False", "Unknown"]},
        observedGeneration={**whole("Generation of the object that the statement is about."), "minimum": 0},
        lastTransitionTime=moment("When status last changed. A refresh that changes nothing leaves it."),
        reason={**text("One word for programs."), "minLength": 1, "maxLength": 1024},
        message={**text("A sentence for people: what is wrong, and what to do."), "maxLength": 32768},
    ),
)

LEASE = record(
    "The lease that the credentials hang on. Its id gives nobody the credentials.",
    id=text("Id of the lease; empty for credentials without one."),
    duration={"type": "integer", "description": "How long it was given for, in seconds."},
    renewable=flag("Whether Vault would renew it."),
    requestID=text("Id of the request that issued the credentials, as in Vault's audit log."),
)

TOKEN = record(
    "The Vault token that the leases die with, by its accessor: the token itself is never kept.",
    accessor=text("Accessor of the token. With it the token can be renewed or revoked, not used."),
    expireTime=moment("When the token ends if nobody renews it."),
    renewable=flag("Whether Vault would renew it."),
    vaultAuthRef=text("VaultAuth that it came from, as namespace/name."),
)

REVOCATIONS = listed(
    "Leases or certificates that another one has replaced and that Vault has not yet revoked.",
    "id",
    record(
        "",
        id=text("Id of the lease, or serial number of the certificate."),
        tokenAccessor=text("Accessor of the token that the lease dies with at the latest."),
        since=moment("When it was replaced."),
        expireTime=moment("When it ends if nobody revokes it."),
    ),
)

ROTATION = record(
    "Vault's rotation of a static role.",
    lastVaultRotation=seconds_since_1970("When Vault last rotated"),
    rotationPeriod=whole("How often Vault rotates, in seconds; 0 with a schedule."),
    rotationSchedule=text("Vault's schedule, in the form of cron."),
    ttl=whole("How long the credentials were still good for when they were read, in seconds."),
)
