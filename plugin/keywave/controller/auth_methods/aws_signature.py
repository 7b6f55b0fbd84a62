"""Signature Version 4 of AWS: an HTTP request to the headers that prove who sends it. Pure, of the standard library.

Source: "Signature Version 4 signing process" and "Create a signed AWS API request", AWS documentation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from keywave.vault.masked import NO_TEXT, Masked

_ALGORITHM = "AWS4-HMAC-SHA256"


class AwsCredentials(NamedTuple):
    """An access key; `session_token` only of temporary ones."""

    key_id: str
    secret_key: Masked
    session_token: Masked = NO_TEXT


class Unsigned(NamedTuple):
    """A request as it will be sent, but for the signature. Header names in any case; Host is added."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


def signed(request: Unsigned, credentials: AwsCredentials, *, region: str, service: str, at: str) -> dict[str, str]:
    """The request's headers with X-Amz-Date, X-Amz-Security-Token and Authorization. `at`: UTC as 20150830T123600Z.

    All headers are signed, so that none can be put in on the way. Host is signed and left out: whoever sends has it from the URL."""
    headers = {**request.headers, "X-Amz-Date": at}
    if credentials.session_token:
        headers["X-Amz-Security-Token"] = credentials.session_token.reveal()
    lowered = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    lowered["host"] = urlsplit(request.url).netloc
    names = ";".join(sorted(lowered))
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(_canonical(request, lowered, names).encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, at, scope, digest))
    signature = hmac.new(signing_key(credentials, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    proof = f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "Authorization": proof}


def signing_key(credentials: AwsCredentials, scope: str) -> bytes:
    """For one day, region and service: the parts of `scope` (20150830/us-east-1/iam/aws4_request)."""
    key = f"AWS4{credentials.secret_key.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _canonical(request: Unsigned, lowered: Mapping[str, str], names: str) -> str:
    parts = urlsplit(request.url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    # As they will be sent, sorted by name, then value: the encoded texts are what is compared.
    query = "&".join("=".join(pair) for pair in sorted((_encoded(name), _encoded(value)) for name, value in pairs))
    lines = "".join(f"{name}:{lowered[name]}\n" for name in names.split(";"))
    return "\n".join((request.method, parts.path or "/", query, lines, names, hashlib.sha256(request.body).hexdigest()))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
