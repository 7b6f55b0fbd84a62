"""The servers of AWS and Google Cloud that a login asks, on loopback: STS with its own check of signatures, the metadata servers, the pod's
credential server, Google's token service, IAM and certificates. What they gave and were asked is kept for the test."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ARN = "arn:aws:iam::123456789012:user/keywave"
GSA = "app@shop.iam.gserviceaccount.com"


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Clouds:
    """`keys`: access keys that STS knows, with their secret and session token. `judged`: what STS said about each signed request."""

    url: str
    folder: Path
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Beginnings of paths with what is answered instead."""

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def sent(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.startswith(path)]

    def key(self, name: str) -> Path:
        """An RSA key with a certificate, of openssl."""
        made = self.folder / f"{name}.key"
        if not made.exists():
            files = ["-keyout", str(made), "-out", str(made.with_suffix(".crt"))]
            args = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "30"]
            subprocess.run([*args, *files], check=True, capture_output=True)
        return made

    def jwt(self, claims: dict[str, Any]) -> str:
        head = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
        signed = ".".join(_plain(json.dumps(part).encode()) for part in (head, claims))
        args = ["openssl", "dgst", "-sha256", "-sign", str(self.key("google"))]
        done = subprocess.run(args, input=signed.encode(), capture_output=True, check=True)
        return f"{signed}.{_plain(done.stdout)}"


@contextlib.contextmanager
def clouds(folder: Path) -> Iterator[Clouds]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    made = Clouds(f"http://127.0.0.1:{server.server_address[1]}", folder)
    server.clouds = made  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def verdict(asked: Asked, keys: dict[str, tuple[str, str]]) -> str:
    """ "" for a request that STS would take, else why not. Written from AWS' description, apart from the code that signs."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/sts/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        asked.headers.get("authorization", ""),
    )
    if not found:
        return "no signature"
    key, day, region, names, signature = found.groups()
    secret, token = keys.get(key, ("", ""))
    if not secret:
        return "unknown key"
    if asked.headers.get("x-amz-security-token", "") != token:
        return "wrong session token"
    at = asked.headers.get("x-amz-date", "")
    if abs(time.time() - time.mktime(time.strptime(at, "%Y%m%dT%H%M%SZ")) + time.timezone) > 900 or at[:8] != day:
        return "too old"
    must = {
        "host",
        *(name for name in asked.headers if name.startswith("x-amz-") or name == "x-vault-aws-iam-server-id"),
    }
    if not must <= set(names.split(";")):
        return "not all headers are signed"
    lines = [asked.method, "/", "", *(f"{name}:{asked.headers[name].strip()}" for name in names.split(";"))]
    canonical = "\n".join([*lines, "", names, hashlib.sha256(asked.body).hexdigest()])
    text = f"AWS4-HMAC-SHA256\n{at}\n{day}/{region}/sts/aws4_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    digest = f"AWS4{secret}".encode()
    for part in (day, region, "sts", "aws4_request"):
        digest = hmac.digest(digest, part.encode(), "sha256")
    return "" if hmac.digest(digest, text.encode(), "sha256").hex() == signature else "the signature does not match"


def _plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Not to the test's output."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = re.sub("/+", "/", unquote(urlsplit(self.path).path))
        asked = Asked(self.command, path, {name.lower(): value for name, value in self.headers.items()}, body)
        own: Clouds = self.server.clouds  # type: ignore[attr-defined]
        own.asked.append(asked)
        refusal = next((answer for start, answer in own.refuse.items() if path.startswith(start)), None)
        status, kind, text = (*_split(refusal),) if refusal else _answer(asked, own)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _split(refusal: tuple[int, str]) -> tuple[int, str, str]:
    return refusal[0], "text/xml", refusal[1]


def _answer(asked: Asked, own: Clouds) -> tuple[int, str, str]:
    if asked.path == "/":
        return _sts(asked, own)
    found = _PAGES.get((asked.method, asked.path))
    if found is None and asked.path.startswith("/v1/projects/-/serviceAccounts/"):
        found = _service_account
    answer = found(asked, own) if found else None
    if answer is None:
        return 404, "text/plain", "nothing here"
    return (200, "text/plain", answer) if isinstance(answer, str) else (200, "application/json", json.dumps(answer))


def _sts(asked: Asked, own: Clouds) -> tuple[int, str, str]:
    if asked.form.get("Action") == "AssumeRoleWithWebIdentity":
        own.keys["ASIAIRSA"] = ("irsa-secret/+", "irsa&token")
        inner = "<Credentials><AccessKeyId>ASIAIRSA</AccessKeyId><SecretAccessKey>irsa-secret/+</SecretAccessKey>"
        inner += (
            "<SessionToken>irsa&amp;token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        )
        return 200, "text/xml", f"<AssumeRoleWithWebIdentityResponse>{inner}</AssumeRoleWithWebIdentityResponse>"
    wrong = verdict(asked, own.keys)
    own.judged.append(wrong or "good")
    if wrong:
        return 403, "text/xml", "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"
    inner = f"<Arn>{ARN}</Arn><UserId>AIDAKEYWAVE</UserId><Account>123456789012</Account>"
    result = f"<GetCallerIdentityResult>{inner}</GetCallerIdentityResult>"
    return 200, "text/xml", f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"


def _node(asked: Asked, own: Clouds) -> Any:
    if asked.headers.get("x-aws-ec2-metadata-token") != "imds-token":
        return None
    own.keys["ASIANODE"] = ("node-secret", "node-token")
    return {"Code": "Success", "AccessKeyId": "ASIANODE", "SecretAccessKey": "node-secret", "Token": "node-token"}


def _pod(asked: Asked, own: Clouds) -> Any:
    if asked.headers.get("authorization") != "pod-identity-token":
        return None
    own.keys["ASIAPOD"] = ("pod-secret", "pod-token")
    return {"AccessKeyId": "ASIAPOD", "SecretAccessKey": "pod-secret", "Token": "pod-token"}


def _google(value: str) -> Any:
    return lambda asked, own: value if asked.headers.get("metadata-flavor") == "Google" else None


def _service_account(asked: Asked, own: Clouds) -> Any:
    if not asked.path.endswith(":generateIdToken"):
        return {"name": asked.path, "email": GSA, "projectId": "shop", "uniqueId": "1234"}
    if asked.headers.get("authorization") != "Bearer federated":
        return None
    now = int(time.time())
    claims = {"aud": asked.json["audience"], "sub": "1234", "email": GSA, "iat": now, "exp": now + 600}
    return {"token": own.jwt(claims)}


_PAGES: dict[tuple[str, str], Any] = {
    ("PUT", "/latest/api/token"): lambda asked, own: "imds-token",
    ("GET", "/latest/meta-data/iam/security-credentials/"): lambda asked, own: (
        "node-role" if asked.headers.get("x-aws-ec2-metadata-token") == "imds-token" else None
    ),
    ("GET", "/latest/meta-data/iam/security-credentials/node-role"): _node,
    ("GET", "/v1/credentials"): _pod,
    ("GET", "/computeMetadata/v1/project/project-id"): _google("shop"),
    ("GET", "/computeMetadata/v1/instance/attributes/cluster-location"): _google("europe-west1"),
    ("GET", "/computeMetadata/v1/instance/attributes/cluster-name"): _google("main"),
    ("POST", "/v1/token"): lambda asked, own: {"access_token": "federated", "token_type": "Bearer"},
    ("POST", "/token"): lambda asked, own: {"access_token": "of-vault", "token_type": "Bearer", "expires_in": 3600},
    ("GET", "/oauth2/v1/certs"): lambda asked, own: {"key-1": own.key("google").with_suffix(".crt").read_text()},
}
