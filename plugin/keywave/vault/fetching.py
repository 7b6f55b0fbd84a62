"""JSON from a server that is not Vault: the CI system that gives out an identity token."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from keywave.errors import UsageError
from keywave.vault.dialling import Dialler
from keywave.vault.exchange import Answer
from keywave.vault.faults import OutOfReach, of_status
from keywave.vault.masked import Masked
from keywave.vault.origin import origin_of
from keywave.vault.proxies import proxy_for
from keywave.vault.tls import default_context
from keywave.vault.transport import Transport


def fetch(
    url: str, bearer: Masked, called: str, send: Callable[[Callable[[float], Answer]], Answer]
) -> Mapping[str, Any]:
    """The JSON object at an https URL, by the system's CAs and proxies. The URL may hold a secret and is not shown: `called` is.

    Raises OutOfReach (reason login), UsageError for a URL that is not https.
    """
    import json

    place, _, query = url.partition("?")
    whole = origin_of(place, f"the address of {called}")
    if whole.scheme != "https":
        raise UsageError(f"the address of {called} is not https://: the token would be readable on the way")
    server = whole._replace(prefix="")
    transport = Transport(Dialler(default_context(), called=called, proxy=proxy_for(server, os.environ)), 1024 * 1024)
    target = (whole.prefix or "/") + (f"?{query}" if query else "")
    headers = f"Authorization: Bearer {bearer.reveal()}\r\nAccept: application/json\r\n".encode()

    def once(end: float) -> Answer:
        raw = transport.send(server, "GET", target, headers, b"", end)
        if raw.status != 200:
            raise of_status(called, raw.status, (), 0)
        try:
            value = json.loads(raw.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise OutOfReach("not-json", f"{called} answered with something that is not JSON")
        return Answer(200, value)

    try:
        return send(once).body
    except OutOfReach as fault:
        raise OutOfReach("login", fault.summary, hint=fault.hint) from None
    finally:
        transport.close()
