"""What TLS to a Vault is made of, out of the cluster: the CA that is trusted, and the certificate that we show."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from typing import NamedTuple

from keywave.controller.login_plan import ConnectionPlan
from keywave.controller.ports import Kube
from keywave.kube.api_server import KubeError
from keywave.kube.resources import SECRET
from keywave.objects.ids import CLIENT_CERTIFICATE
from keywave.objects.manifest import mapping
from keywave.vault.tls import default_context
from keywave.vault.values import VaultFault


class Trusted(NamedTuple):
    """`ca`: of a Secret in PEM; of a file what tells one state of it from another. `shown`: our certificate and its key in PEM, which no
    text shows."""

    ca: bytes = b""
    shown: bytes = b""

    def __repr__(self) -> str:
        return "Trusted()"


def read_trusted(kube: Kube, plan: ConnectionPlan) -> Trusted:
    """Raises VaultFault(invalid)."""
    ca = _state(plan.ca_path) if plan.ca_path else b""
    if plan.ca_secret:
        (ca,) = _of_secret(kube, plan.namespace, plan.ca_secret, "caCertSecretRef", "ca.crt")
    shown = b""
    if plan.client_secret:
        shown = b"\n".join(
            _of_secret(kube, plan.namespace, plan.client_secret, CLIENT_CERTIFICATE, "tls.crt", "tls.key")
        )
    return Trusted(ca, shown)


def context_of(plan: ConnectionPlan, trusted: Trusted) -> ssl.SSLContext:
    """Raises VaultFault(invalid) for what is no PEM."""
    context = _verifying(plan, trusted.ca)
    if trusted.shown:
        try:
            _show(context, trusted.shown)
        except (OSError, ValueError):
            told = f"tls.crt and tls.key of the Secret {plan.client_secret} are not a certificate with its key in PEM, without a password"
            raise VaultFault("invalid", told) from None
    return context


def _verifying(plan: ConnectionPlan, ca: bytes) -> ssl.SSLContext:
    if plan.skip_verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        if not plan.ca_secret:
            return default_context(ca_file=plan.ca_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca.decode("ascii"))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context
    except (OSError, ValueError):
        named = f"the file {plan.ca_path}" if plan.ca_path else f"ca.crt of the Secret {plan.ca_secret}"
        raise VaultFault("invalid", f"{named} is not a certificate in PEM") from None


def _show(context: ssl.SSLContext, shown: bytes) -> None:
    """OpenSSL takes files only: on Linux one that is in memory. With a password, even an empty one, it does not ask a terminal for it."""
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile() as file:
            file.write(shown)
            file.flush()
            context.load_cert_chain(file.name, password="")
        return
    with open(os.memfd_create("shown"), "wb") as file:
        file.write(shown)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}", password="")


def _of_secret(kube: Kube, namespace: str, name: str, named_by: str, *keys: str) -> list[bytes]:
    where = f"the Secret {namespace}/{name} ({named_by})"
    try:
        found = kube.get(SECRET, namespace, name)
    except KubeError as problem:
        raise VaultFault("invalid", f"{where} cannot be read: {problem.reason}") from None
    if found is None:
        raise VaultFault("invalid", f"there is no {where.removeprefix('the ')}")
    data = mapping(found.get("data"))
    return [_decoded(data.get(key), where, key) for key in keys]


def _decoded(text: object, where: str, key: str) -> bytes:
    try:
        made = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except binascii.Error:
        made = b""
    if not made:
        raise VaultFault("invalid", f"{where} has no certificate under the key {key}")
    return made


def _state(path: str) -> bytes:
    try:
        found = os.stat(path)
    except OSError:
        return b""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}".encode()
