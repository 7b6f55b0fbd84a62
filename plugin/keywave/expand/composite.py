"""VaultCompositeSecret: several Vault paths in one Secret, reconciled by keywave's own operator.

Our own kind in our own group: nothing is added to `secrets.hashicorp.com`. Shape of `spec`:
`vaultAuthRef, namespace, refreshAfter, hmacSecretData, sources, destination, rolloutRestartTargets`, where a source is
`{name, kv: {mount, type, path, version} | dynamic: {mount, path, ...}, keys}`. `keys` maps the Secret's key to Vault's; a missing
key fails the refresh, and the last good Secret stays.
"""

from __future__ import annotations

from typing import Any

from keywave.expand.dynamic import dynamic_spec
from keywave.expand.made import kept
from keywave.expand.pki import pki_spec
from keywave.intent.model import DynamicSource, Intent, KvSource, Part

KIND = "VaultCompositeSecret"


def composite_spec(intent: Intent) -> dict[str, Any]:
    """The fields of its own; the sources in the order of their names."""
    parts = sorted(intent.parts, key=lambda part: part.name)
    return kept(
        {
            "refreshAfter": intent.refresh_after,
            "hmacSecretData": intent.hmac_secret_data is not False,
            "sources": [_source(intent, part) for part in parts],
        }
    )


def composite_destination(intent: Intent, references: list[dict[str, str]]) -> dict[str, Any]:
    """The Secret; templates see the merged keys under their new names."""
    fixed = {"name": intent.name, "create": intent.create, "overwrite": intent.overwrite}
    templates = {key: {"text": text} for key, text in sorted(intent.templates.items())}
    return fixed | kept(
        {
            "labels": dict(intent.labels),
            "annotations": dict(intent.annotations),
            "type": intent.type,
            "transformation": kept(
                {
                    "templates": templates,
                    "transformationRefs": references,
                    "includes": list(intent.includes),
                    "excludes": list(intent.excludes),
                    "excludeRaw": True if intent.exclude_raw else None,
                }
            ),
        }
    )


def _source(intent: Intent, part: Part) -> dict[str, Any]:
    keys = None if part.keys is None else dict(sorted(part.keys.items()))
    source = part.source
    if isinstance(source, KvSource):
        read = {"mount": source.mount, "type": f"kv-v{source.engine}", "path": source.path, "version": source.version}
        return kept({"name": part.name, "kv": kept(read), "keys": keys})
    if isinstance(source, DynamicSource):
        return kept({"name": part.name, "dynamic": dynamic_spec(intent, source), "keys": keys})
    return kept({"name": part.name, "pki": pki_spec(intent, source), "keys": keys})
