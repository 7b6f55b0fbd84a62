"""One small HTTP client for the JSON APIs of the servers: status and body as values, no exception for a status."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def body(self) -> Any:
        """The parsed JSON; None for an empty or another body."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """What the server says about it: Kubernetes' `message`, Vault's `errors`, else the text."""
        body = self.body
        if isinstance(body, dict):
            if isinstance(body.get("message"), str):
                return str(body["message"])
            if isinstance(body.get("errors"), list):
                return "; ".join(str(entry) for entry in body["errors"])
        return self.text


# Proxies of the machine are not for loopback.
_NO_PROXY = urllib.request.ProxyHandler({})


@lru_cache
def _opener(context: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    """Made once: on Python 3.12 and later each new one reads all the machine's CA certificates (6 ms)."""
    handlers: list[urllib.request.BaseHandler] = [_NO_PROXY]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def request(
    method: str,
    url: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 30.0,
) -> Answer:
    """Ask once. Raises OSError when there is no answer."""
    if params:
        url = f"{url}?{urllib.parse.urlencode(params)}"
    asked = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
    try:
        with _opener(context).open(asked, timeout=timeout) as got:
            return Answer(got.status, got.read().decode(errors="replace"))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode(errors="replace"))
    except http.client.HTTPException as cut:  # the server ended in its answer
        raise ConnectionError(f"{method} {url}: {type(cut).__name__}") from None
