"""The words that stand as `reason` in conditions, events and metrics. Each says what people can do something about.

Where Vault Secrets Operator has a word for the same thing, it is that word: dashboards and alerts keep working.
"""

from __future__ import annotations

# All is well
SYNCED = "SecretSynced"  # the Secret holds what Vault has
ROTATED = "SecretRotated"  # it held other data before
READY = "Ready"
ACCEPTED = "Accepted"  # of a login or connection: tried, works
RENEWED = "SecretLeaseRenewal"
REVOKED = "SecretLeaseRevoke"
RESTARTED = "RolloutRestartTriggered"
SUSPENDED = "Suspended"  # the annotation asks to leave the object alone

# The object itself must be changed
INVALID = "InvalidConfiguration"
INVALID_REFERENCE = "InvalidResourceRef"  # names something that is not there, not ready, or not allowed
TRANSFORMATION = "TransformationError"
NOT_OWNER = "NotTheOwner"  # the destination belongs to somebody else
NO_DESTINATION = "InexistentDestination"  # create is false and there is no Secret

# Vault
FORBIDDEN = "VaultForbidden"  # 403: a policy
NOT_FOUND = "VaultNotFound"  # no such path
DELETED = "VaultSecretDeleted"  # the version is deleted or destroyed: the last good Secret stays
LOGIN = "VaultLoginFailed"
REFUSED = "VaultRefused"  # another 4xx
STANDBY = "VaultStandby"  # a standby that hands requests on to its active node
SEALED = "VaultSealed"  # sealed, standby without an active node, or not initialised
RATE_LIMITED = "VaultRateLimited"
UNREACHABLE = "VaultUnreachable"  # network, TLS, name, time-out, 5xx
LEASE_LOST = "SecretLeaseRenewalError"  # it could not be renewed: credentials are issued anew
ORPHANED = "SecretLeaseOrphaned"  # could not be revoked in time: it ends by its own TTL

# Kubernetes
KUBERNETES = "K8sClientError"
RESTART_FAILED = "RolloutRestartFailed"
BUG = "Unrecoverable"
