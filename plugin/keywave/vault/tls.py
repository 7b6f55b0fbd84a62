"""TLS to Vault: the context by the settings, and what a failed handshake means in one line."""

from __future__ import annotations

import ssl

from keywave.errors import UsageError
from keywave.vault.faults import OutOfReach
from keywave.vault.settings import Settings

# X509_V_ERR_*, from OpenSSL's x509_vfy.h
EXPIRED, NOT_YET, WRONG_NAME, WRONG_ADDRESS = 10, 9, 62, 64
UNKNOWN_CA = (2, 18, 19, 20, 21)


def default_context(*, ca_file: str = "", ca_path: str = "") -> ssl.SSLContext:
    """Verifying, on every Python alike. From 3.13 on the default also refuses a CA without the extension "key usage" (RFC 5280), which
    many home-made CAs lack and Vault's own command line takes. Raises OSError, ValueError."""
    context = ssl.create_default_context(cafile=ca_file or None, capath=ca_path or None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def context_for(settings: Settings) -> ssl.SSLContext:
    """A CA that is named replaces the system's, as with Vault's own command line. Raises UsageError for a file that does not do."""
    try:
        context = default_context(ca_file=settings.ca_file, ca_path=settings.ca_path)
    except (OSError, ValueError) as error:
        raise UsageError(f"the CA file {settings.ca_file or settings.ca_path} cannot be read: {_why(error)}") from None
    if settings.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert:
        try:
            context.load_cert_chain(settings.client_cert, settings.client_key or None)
        except (OSError, ValueError) as error:
            name = f"{settings.client_cert} (VAULT_CLIENT_CERT)"
            raise UsageError(f"the client certificate {name} cannot be read: {_why(error)}") from None
    return context


def handshake_fault(error: OSError, where: str, name: str) -> OutOfReach:
    """The fault that a failed handshake is. `name` is the server name that was asked for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code, told = error.verify_code, error.verify_message
        if code == EXPIRED:
            return OutOfReach("tls", f"{where}: the certificate has expired", hint="renew Vault's certificate")
        if code == NOT_YET:
            summary = f"{where}: the certificate is not valid yet"
            return OutOfReach("tls", summary, hint="check the clocks of both machines")
        if code in (WRONG_NAME, WRONG_ADDRESS):
            summary = f"{where}: the certificate is not for the name {name}"
            return OutOfReach(
                "tls", summary, hint="use a name that it holds, or give that one in VAULT_TLS_SERVER_NAME"
            )
        if code in UNKNOWN_CA:
            summary = f"{where}: the certificate is signed by a CA that is not trusted here ({told})"
            return OutOfReach("tls", summary, hint="give the CA's file in VAULT_CACERT")
        return OutOfReach("tls", f"{where}: the certificate is refused ({told})")
    told = (getattr(error, "reason", "") or "").replace("_", " ").lower()
    if any(sign in told for sign in ("wrong version number", "record layer failure", "http request", "packet length")):
        return OutOfReach("tls", f"{where} does not speak TLS", hint="does it listen on http://?")
    if "certificate required" in told or "bad certificate" in told:
        hint = "give VAULT_CLIENT_CERT and VAULT_CLIENT_KEY"
        return OutOfReach("tls", f"{where} asks for a client certificate ({told})", hint=hint)
    return OutOfReach("tls", f"{where}: the TLS handshake failed ({told or 'the connection was closed'})")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return getattr(error, "strerror", None) or "not PEM"
