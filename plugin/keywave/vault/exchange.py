"""One request to Vault's API and its answer: headers, JSON, the one redirect that Vault makes. Asks once; `session` asks again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from keywave.net.http1 import Raw
from keywave.vault.faults import OutOfReach, of_status
from keywave.vault.origin import Origin, origin_of
from keywave.vault.transport import Transport

ANSWERS = frozenset({400, 403, 404, 405})
OF_VAULT = frozenset(("errors", "data", "request_id"))
"""What every refusal of Vault has one of. The 404 of a gateway before it proves nothing."""
SAFE = "/-._~"
_MOST_HEADERS = 4096
_LONGEST_PAUSE = 3600.0
NO_HEADERS: Mapping[str, str] = {}


class Answer(NamedTuple):
    """A 2xx, 400, 403, 404 or 405 with its whole JSON object ({} when it has none). May hold a token: never shown. `size` in bytes."""

    status: int
    body: Mapping[str, Any]
    size: int = 0

    def __repr__(self) -> str:
        return f"Answer({self.status})"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def data(self) -> Mapping[str, Any]:
        """The `data` object, or the whole body where it has none."""
        data = self.body.get("data")
        return data if isinstance(data, dict) else self.body

    def texts(self, name: str) -> tuple[str, ...]:
        """`errors` or `warnings` as texts."""
        listed = self.body.get(name)
        return tuple(text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()


class Exchange:
    """Asks one Vault. `base` has the path prefix before /v1/."""

    def __init__(
        self,
        transport: Transport,
        base: Origin,
        *,
        called: str = "Vault",
        loads: Callable[[bytes], Any] = json.loads,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """`loads` reads JSON (who hands values on keeps numbers as they were written); `headers` go with every request."""
        self._transport, self._base, self._loads, self._extra = transport, base, loads, headers
        self._headers: dict[tuple[str, str, tuple[tuple[str, str], ...]], bytes] = {}
        self._server = base._replace(prefix="")
        self.address, self.where = base.url, f"{called} at {base.url}"

    def ask(
        self,
        method: str,
        path: str,
        end: float,
        *,
        token: str = "",
        namespace: str = "",
        query: Mapping[str, str] | tuple[tuple[str, str], ...] = (),
        body: Mapping[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        """`path` has neither /v1/ nor a slash at its start; `headers` go with this request, before those of all. Raises OutOfReach for all
        that is no answer."""
        target = f"{self._base.prefix}/v1/{quote(path, safe=SAFE)}"
        if query:
            target += "?" + urlencode(query)
        lines = self._headers.get((token, namespace, headers)) or self._lines_for(token, namespace, headers)
        sent = json.dumps(body).encode() if body is not None else b""
        raw = self._transport.send(self._server, method, target, lines, sent, end)
        if 300 <= raw.status < 400:
            # Over a connection of its own: whoever sends elsewhere each time would fill the process with kept ones.
            raw = self._transport.send(self._moved(raw, target), method, target, lines, sent, end, apart=True)
        return self._read(raw)

    def _lines_for(self, token: str, namespace: str, headers: tuple[tuple[str, str], ...]) -> bytes:
        lines = ["X-Vault-Request: true", "Accept: application/json", "User-Agent: keywave"]
        own = {name.lower() for name, _ in headers}
        lines += [f"{name}: {value}" for name, value in self._extra.items() if name.lower() not in own]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"X-Vault-Token: {token}"] if token else []
        lines += [f"X-Vault-Namespace: {quote(namespace, safe=SAFE)}"] if namespace else []
        if len(self._headers) > _MOST_HEADERS:  # tokens end, and nobody needs their headers any more
            self._headers.clear()
        made = "".join(f"{line}\r\n" for line in lines).encode()
        self._headers[token, namespace, headers] = made
        return made

    def _moved(self, raw: Raw, target: str) -> Origin:
        """The active node that a standby sends to: the same path over the same scheme, else the token would go where it should not."""
        location = raw.headers.get(b"location", b"").decode("latin-1")
        refused = of_status(self.where, raw.status, (), 0, location.partition("?")[0])
        if raw.status not in (307, 308) or not location.endswith(target):
            raise refused
        try:
            moved = origin_of(location[: len(location) - len(target)], "the redirect")
        except Exception:
            raise refused from None
        if moved.scheme != self._base.scheme or moved.prefix:
            raise refused
        return moved

    def _read(self, raw: Raw) -> Answer:
        status = raw.status
        if 200 <= status < 300:
            return Answer(status, self._object(raw) if raw.body else {}, len(raw.body))
        if status in ANSWERS:
            body = self._object(raw) if raw.body else {}
            if OF_VAULT.isdisjoint(body):
                raise self._foreign(status)
            return Answer(status, body)
        try:
            told = Answer(status, self._parse(raw.body)).texts("errors")
        except (ValueError, RecursionError):
            told = ()
        location = raw.headers.get(b"location", b"").decode("latin-1").partition("?")[0]
        raise of_status(self.where, status, told, _seconds(raw.headers.get(b"retry-after", b"")), location)

    def _object(self, raw: Raw) -> Mapping[str, Any]:
        try:
            return self._parse(raw.body)
        except (ValueError, RecursionError):
            pass
        if raw.status == 400 and b"HTTP request to an HTTPS server" in raw.body:
            raise OutOfReach("tls", f"{self.where} speaks TLS only", hint="write https:// in VAULT_ADDR")
        raise self._foreign(raw.status)

    def _parse(self, body: bytes) -> Mapping[str, Any]:
        """A JSON object. Raises ValueError, RecursionError."""
        value = self._loads(body)
        if not isinstance(value, dict):
            raise ValueError
        return value

    def _foreign(self, status: int) -> OutOfReach:
        return OutOfReach("not-json", f"{self.where} answered {status} with something that is not Vault's JSON")


def _seconds(text: bytes) -> float:
    """Retry-After: seconds, or a date; an hour at most."""
    if not text:
        return 0.0
    if text.isdigit():
        return min(float(text[:9]), _LONGEST_PAUSE)
    import time
    from email.utils import parsedate_to_datetime

    try:
        left = parsedate_to_datetime(text.decode("latin-1")).timestamp() - time.time()
        return min(max(left, 0.1), _LONGEST_PAUSE)
    except (ValueError, TypeError, OverflowError):
        return 0.0
