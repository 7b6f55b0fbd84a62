"""VaultConnection: where Vault is and how its certificate is checked."""

from __future__ import annotations

from typing import Any

from keywave.expand.made import kept
from keywave.intent.model import Profile
from keywave.objects.ids import CLIENT_CERTIFICATE


def connection_spec(profile: Profile) -> dict[str, Any]:
    """`spec` of VaultConnection. `caCertSecretRef` is a Secret's name (key `ca.crt`) in the connection's own namespace.

    `skipTLSVerify` is written out also when false: the CRD fills it in.
    """
    return kept(
        {
            "address": profile.address,
            "headers": dict(profile.headers),
            "tlsServerName": profile.tls_server_name,
            "caCertSecretRef": profile.ca_cert_secret,
            "caCertPath": profile.ca_cert_path,
            "skipTLSVerify": profile.skip_tls_verify,
            "timeout": profile.timeout,
        }
    )


def client_certificate(profile: Profile) -> dict[str, str]:
    """Annotations by which keywave's own operator finds the client certificate; the CRD has no field for it."""
    if profile.client_cert_secret and profile.operator.kind == "keywave":
        return {CLIENT_CERTIFICATE: profile.client_cert_secret}
    return {}
