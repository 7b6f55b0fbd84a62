"""VaultStaticSecret: a KV secret, read again every `refreshAfter`."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.findings import Finding
from keywave.intent.model import Intent, KvSource

KIND = "VaultStaticSecret"


def static_spec(intent: Intent, source: KvSource) -> dict[str, Any]:
    """The fields of its own. `hmacSecretData` is written out: the CRD sets it. `version` only where pinned."""
    return kept(
        {
            "mount": source.mount,
            "type": f"kv-v{source.engine}",
            "path": source.path,
            "version": source.version,
            "refreshAfter": intent.refresh_after,
            "hmacSecretData": intent.hmac_secret_data is not False,
            "syncConfig": None if intent.instant_updates is None else {"instantUpdates": intent.instant_updates},
        }
    )


def check_without_hmac(intent: Intent, restarts: bool) -> list[Finding]:
    """Without HMAC the operator cannot tell whether something changed: it never restarts, and without refreshAfter never reads again."""
    found: list[Finding] = []
    if restarts:
        found.append(
            intent.manifest.warning(
                "KW3009",
                "with hmacSecretData: false the operator writes at every refresh and never restarts the workloads that use the Secret",
                "spec",
                "hmacSecretData",
                hint="leave hmacSecretData out, or say restart: false if the workloads reload by themselves",
            )
        )
    if not intent.refresh_after and not intent.instant_updates:
        found.append(
            intent.manifest.warning(
                "KW3010",
                "with hmacSecretData: false and no refreshAfter the operator reads the secret once and never again",
                "spec",
                "hmacSecretData",
                hint="say how often: refreshAfter: 5m",
            )
        )
    return found
