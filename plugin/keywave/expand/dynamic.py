"""VaultDynamicSecret: credentials with a lease, renewed by the lease and not by `refreshAfter`."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import DynamicSource, Intent

KIND = "VaultDynamicSecret"
RENEWAL_PERCENT = 67
"""The CRD's default."""


def dynamic_spec(intent: Intent, source: DynamicSource) -> dict[str, Any]:
    """The fields of its own. `refreshAfter` counts only where Vault gives no lease: the intent's own passes, a profile's does not."""
    return kept(
        {
            "mount": source.mount,
            "path": source.path,
            "requestHTTPMethod": source.method,
            "params": dict(source.params),
            "renewalPercent": RENEWAL_PERCENT if source.renewal_percent is None else source.renewal_percent,
            "revoke": source.revoke,
            "allowStaticCreds": source.allow_static_creds,
            "refreshAfter": intent.refresh_after if intent.manifest.spec.get("refreshAfter") else "",
        }
    )
