"""One request to a cloud's API or metadata server, for a login. No text of an answer reaches a message: it may hold what was sent."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from time import monotonic
from typing import Any

from keywave.errors import KeywaveError
from keywave.net.http1 import Raw
from keywave.vault.dialling import Dialler
from keywave.vault.masked import NO_TEXT
from keywave.vault.origin import Origin, origin_of
from keywave.vault.proxies import is_loopback, proxy_for
from keywave.vault.tls import default_context
from keywave.vault.transport import Transport
from keywave.vault.values import VaultFault

SECONDS = 10.0
"""For one request."""
_LARGEST = 1 << 20


def ask(
    called: str, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, local: bool = False
) -> Raw:
    """The answer, whatever its status. `local`: a metadata server of the node or the pod, which plain HTTP and no proxy lead to; everything
    else is asked by https (but on loopback). Raises VaultFault(login); `called` names the server in it."""
    place, _, query = url.partition("?")
    try:
        whole = origin_of(place, f"the address of {called}")
        server = whole._replace(prefix="")
        if whole.scheme != "https" and not (local or is_loopback(whole.host)):
            raise VaultFault(
                "login", f"the address of {called} is not https://: credentials would be readable on the way"
            )
        transport = Transport(_dialler(called, server, local), _LARGEST)
        target = (whole.prefix + ("" if not place.endswith("/") else "/") or "/") + (f"?{query}" if query else "")
        lines = {"User-Agent": "keywave", "Accept": "*/*", **headers}
        if any(not value.isprintable() or not value.isascii() for value in lines.values()):
            raise VaultFault("login", f"what {called} needs has signs that no header can hold")
        sent = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        try:
            return transport.send(server, method, target, sent, body, monotonic() + SECONDS)
        finally:
            transport.close()
    except KeywaveError as problem:  # what is no address, or does not answer
        raise VaultFault("login", f"{called} cannot be asked for the login: {problem}") from None


def document(called: str, raw: Raw) -> Mapping[str, Any]:
    """The JSON object of a 200. Raises VaultFault(login) with the code of a refusal."""
    if raw.status != 200:
        raise refusal(called, raw)
    try:
        value = json.loads(raw.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise VaultFault("login", f"{called} answers with something that is not JSON")
    return value


def text(called: str, raw: Raw) -> str:
    """The one line of a 200. Raises VaultFault(login)."""
    if raw.status != 200:
        raise refusal(called, raw)
    line = raw.body.decode("ascii", "replace").strip()
    if not line or not line.isprintable() or len(line) > 2048:
        raise VaultFault("login", f"{called} answers with something that is not one line of text")
    return line


def refusal(called: str, raw: Raw) -> VaultFault:
    """With the code: of AWS `<Code>AccessDenied</Code>`, of Google `"status": "PERMISSION_DENIED"` or `"error": "invalid_grant"`."""
    found = re.search(rb'(?:<Code>|"(?:status|error|code)"\s*:\s*")([A-Za-z_]{2,60})[<"]', raw.body[:65536])
    code = f", {found[1].decode()}" if found else ""
    return VaultFault("login", f"{called} refuses the login's request ({raw.status}{code})")


def _dialler(called: str, server: Origin, local: bool) -> Dialler:
    proxy = NO_TEXT if local else proxy_for(server, os.environ)
    return Dialler(default_context() if server.scheme == "https" else None, called=called, proxy=proxy)
