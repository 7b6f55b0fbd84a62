"""One API server as one caller, and one request to it: over http.client, with time limits, without proxies and redirects.

No client library: a TokenRequest is one POST, and what may stand in a message is decided here. An answer's body may hold a token, so no
text of it but Kubernetes' own `message` of a refusal leaves this module.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from keywave.errors import KeywaveError

_LARGEST = 1 << 20  # bytes; a TokenRequest's answer has about two thousand
_STEPS = 2


class KubeError(KeywaveError):
    """Kubernetes cannot be asked. `reason` is one of: config (the credentials make no sense), refused, name, tls, timeout, answer (not
    what an API server says), unauthorized (401), forbidden (403), absent (404), exists (409, the name is taken), conflict (409, it has
    moved on), gone (410), invalid (another 4xx), limited (429), server-error (5xx). `retry_after`: seconds, where the server says so."""

    exit_code = 3

    def __init__(self, reason: str, summary: str, *, hint: str = "", retry_after: float = 0.0) -> None:
        super().__init__(summary, hint=hint)
        self.reason, self.retry_after = reason, retry_after


class ApiServer:
    """Where the API server is and who asks. `ca`, `certificate`, `key` are PEM texts ("" = the system's CAs, no certificate).
    `token_file` is where the token comes from anew: the kubelet changes it.

    A plain class: the text of a NamedTuple would show the token."""

    __slots__ = ("ca", "certificate", "key", "server_name", "skip_verify", "token", "token_file", "url")

    def __init__(
        self,
        url: str,
        *,
        ca: str = "",
        token: str = "",
        certificate: str = "",
        key: str = "",
        server_name: str = "",
        skip_verify: bool = False,
        token_file: str = "",
    ) -> None:
        self.token_file = token_file
        self.url = url.rstrip("/")
        self.ca = ca
        self.token = token
        self.certificate = certificate
        self.key = key
        self.server_name = server_name
        self.skip_verify = skip_verify

    def __repr__(self) -> str:
        return f"ApiServer({self.url!r}, ...)"


def post(server: ApiServer, path: str, body: Mapping[str, Any], *, timeout: float) -> Mapping[str, Any]:
    """POST JSON, get JSON; `timeout` in seconds holds for each step on the network, twice of it for all.

    Raises KubeError for all but a 2xx with an object."""
    import json

    headers = {"Accept": "application/json", "Content-Type": "application/json", "Connection": "close"}
    if server.token:
        if not (server.token.isascii() and server.token.isprintable()):
            raise KubeError("config", "the token of the kubeconfig is not a token: it has signs that no token has")
        headers["Authorization"] = f"Bearer {server.token}"
    connection = _connection(server, timeout)
    late = threading.Event()
    # A time limit of a socket begins anew with each byte.
    clock = threading.Timer(_STEPS * timeout, _cut, (connection, late))
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", urlsplit(server.url).path + path, json.dumps(body).encode(), headers)
        got = connection.getresponse()
        data = got.read(_LARGEST)
        if late.is_set():  # a cut answer may look like a whole one
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise out_of_reach(server, TimeoutError() if late.is_set() else problem, timeout) from None
    finally:
        clock.cancel()
        connection.close()
    try:
        answer = json.loads(data)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise KubeError("answer", f"{server.url} does not answer like a Kubernetes API server (status {got.status})")
    if not 200 <= got.status < 300:
        raise KubeError(
            reason_of(got.status), f"Kubernetes refuses ({got.status}): {one_line(answer.get('message') or got.reason)}"
        )
    return answer


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            connection.sock.shutdown(socket.SHUT_RDWR)


def _connection(server: ApiServer, timeout: float) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(server.url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if "@" in parts.netloc:
        raise KubeError("config", "the address of the API server holds a name or password before the @")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KubeError("config", f"not the address of an API server: {server.url}")
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, port, timeout=timeout)
    return _Named(parts.hostname, port, timeout=timeout, context=context_for(server), server_name=server.server_name)


class _Named(http.client.HTTPSConnection):
    """HTTPS where the name in the certificate may be another than that of the address (`tls-server-name`)."""

    def __init__(
        self, host: str, port: int | None, *, timeout: float, context: ssl.SSLContext, server_name: str
    ) -> None:
        super().__init__(host, port, timeout=timeout, context=context)
        self._name, self._tls = server_name or host, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def context_for(server: ApiServer) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=server.ca or None)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # from Python 3.13 on; kubectl takes such CAs, too
        if server.skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if server.certificate:
            with _as_file(server.certificate + "\n" + server.key) as name:
                context.load_cert_chain(name)
    except (ssl.SSLError, OSError, ValueError):
        # The text of the error may quote the file; it tells people nothing more.
        raise KubeError("config", "the CA or the client certificate of the kubeconfig cannot be read as PEM") from None
    return context


@contextlib.contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A file name for OpenSSL, which takes keys from files only: in memory where the system can, else a private file that is removed."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("keywave")
        try:
            os.write(handle, text.encode())
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(text)
        file.flush()
        yield file.name


def out_of_reach(server: ApiServer, problem: Exception, timeout: float) -> KubeError:
    if isinstance(problem, ssl.SSLCertVerificationError):
        hint = "give the right CA in the kubeconfig (certificate-authority), or the name in the certificate (tls-server-name)"
        return KubeError("tls", f"the certificate of {server.url} is not trusted: {problem.verify_message}", hint=hint)
    if isinstance(problem, ssl.SSLError):
        return KubeError("tls", f"no TLS connection to {server.url}: {problem.reason}")
    if isinstance(problem, TimeoutError):
        return KubeError("timeout", f"Kubernetes at {server.url} did not answer within {timeout:g} s")
    if isinstance(problem, socket.gaierror):
        return KubeError("name", f"no address is known for {server.url}")
    if isinstance(problem, OSError):
        return KubeError("refused", f"no connection to Kubernetes at {server.url}: {problem.strerror or 'cut off'}")
    return KubeError("answer", f"{server.url} does not answer like a Kubernetes API server")


def one_line(text: object) -> str:
    """A foreign text for a message: one printable line of bounded length."""
    plain = "".join(sign if sign.isprintable() else " " for sign in str(text)[:1000])
    return " ".join(plain.split())[:300]


def reason_of(status: int, told: str = "") -> str:
    """The reason of a KubeError; `told` is the `reason` of Kubernetes' Status."""
    if status == 409 and told == "AlreadyExists":
        return "exists"
    known = {401: "unauthorized", 403: "forbidden", 404: "absent", 409: "conflict", 410: "gone", 429: "limited"}
    return known.get(status) or ("server-error" if status >= 500 else "invalid")
