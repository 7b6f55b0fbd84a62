"""VaultPKISecret: a certificate, issued again `expiryOffset` before its end."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.findings import Finding
from keywave.intent.model import Intent, PkiSource
from keywave.intent.produces import secret_type

KIND = "VaultPKISecret"
TLS_TYPE = "kubernetes.io/tls"
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
            "issuerRef": _issuer(source.issuer_ref, intent.profile.operator.kind),
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


def _issuer(name: str, operator: str) -> str:
    """Vault Secrets Operator (source of 0.10.0) asks for `issuer/<issuerRef>/<role>`; Vault knows only `issuer/<name>/issue/<role>`."""
    return f"{name}/issue" if name and operator == "vso" else name


def check_pki(intent: Intent, source: PkiSource) -> list[Finding]:
    """A format whose answer does not fit the keys tls.crt and tls.key (KW3017).

    The operator writes Vault's `certificate` and chain to tls.crt and `private_key` to tls.key as they come: with `pem_bundle` the
    certificate field holds the private key too, with `der` it is base64 and not PEM (Vault's PKI API, "Generate certificate and key").
    """
    if source.format in ("", "pem") or secret_type(intent) != TLS_TYPE or intent.templates:
        return []
    what = "the private key would stand in tls.crt" if source.format == "pem_bundle" else "tls.crt would not be PEM"
    return [
        intent.manifest.finding(
            "KW3017",
            f"with format: {source.format} in a Secret of type {TLS_TYPE} {what}",
            "spec",
            "format",
            hint="leave format out, or say type: Opaque and read the keys certificate and private_key",
        )
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
