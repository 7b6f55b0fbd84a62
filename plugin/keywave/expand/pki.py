"""VaultPKISecret: a certificate, issued again `expiryOffset` before its end."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Intent, PkiSource

KIND = "VaultPKISecret"
_FIRST = ("ipSans", "uriSans", "otherSans", "userIDs")
_LAST = ("privateKeyFormat", "notAfter", "excludeCNFromSans")


def pki_spec(intent: Intent, source: PkiSource) -> dict[str, Any]:
    """The fields of its own; `alt_names` of the model holds the names that services give."""
    settings = source.settings
    rest = {name: value for name, value in settings.items() if name not in (*_FIRST, *_LAST)}
    return kept(
        {
            "mount": source.mount,
            "role": source.role,
            "issuerRef": source.issuer_ref,
            "commonName": source.common_name,
            "altNames": list(source.alt_names),
            **{name: _plain(settings.get(name)) for name in _FIRST},
            "ttl": source.ttl,
            "expiryOffset": source.expiry_offset,
            "format": source.format,
            **{name: settings.get(name) for name in _LAST},
            "revoke": source.revoke,
            **{name: _plain(rest[name]) for name in sorted(rest)},
        }
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
