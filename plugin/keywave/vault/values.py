"""Requests to Vault that answer with secret values, and their answers. Pure. Only the reconciler, the CSI provider and the agent may
import it: `verify`, `lock` and `policy` form their requests by `wire`, which has none of these.

Source: Vault's HTTP API (kv-v1, kv-v2, database and other engines' creds, pki issue and revoke, sys/leases, auth/token).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keywave.gotemplate.values import Number
from keywave.vault.faults import one_line
from keywave.vault.wire import sendable

NOTHING: Mapping[str, Any] = {}
Method = Literal["GET", "PUT", "POST"]


class ValueRequest(NamedTuple):
    """One request; hashable, so that equal ones are known. `body` is JSON text ("" = none), which may hold a secret: no repr shows it."""

    method: Method
    path: str
    namespace: str = ""
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    versioned: bool = False
    """a kv-v2 secret: its values lie in `data.data`, beside metadata"""

    def __repr__(self) -> str:
        return f"ValueRequest({self.method} {self.path})"


class Payload(NamedTuple):
    """An answer with values. `data` is what the secret holds (of kv-v2 the inner data), numbers as `gotemplate.Number`, so that they are
    written as Vault wrote them. `raw` is the whole `data` object of the answer (for `_raw`). `at`: when it was asked, seconds since 1970.
    """

    data: Mapping[str, Any]
    raw: Mapping[str, Any] = NOTHING
    version: int = 0
    lease_id: str = ""
    lease_duration: int = 0
    renewable: bool = False
    request_id: str = ""
    warnings: tuple[str, ...] = ()
    at: float = 0.0
    accessor: str = ""
    """of the token that asked: a lease dies with it"""
    size: int = 0
    """of the answer, in bytes"""
    token_expires: float = 0.0
    """when the token that asked ends, seconds since 1970; 0 = never"""
    token_renewable: bool = False

    def __repr__(self) -> str:
        return f"Payload({len(self.data)} keys)"


class VaultFault(Exception):
    """Vault gave no value. `reason` is one of: forbidden (403), absent (404), deleted (a kv-v2 version that is deleted or destroyed),
    refused (another 4xx), login, sealed, rate-limited, unreachable (network, TLS, time-out, 5xx), invalid (the object asks for
    something that makes no sense). `summary` is one line for people without any value; `retry_after` in seconds where Vault says so."""

    def __init__(self, reason: str, summary: str, *, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(summary)
        self.reason, self.summary, self.status, self.retry_after = reason, summary, status, retry_after


# Requests


def kv1(mount: str, path: str, namespace: str = "") -> ValueRequest:
    return _asked("GET", _joined(mount, path), namespace)


def kv2(mount: str, path: str, version: int = 0, namespace: str = "") -> ValueRequest:
    """`version` 0 is the latest."""
    query = (("version", str(version)),) if version else ()
    return _asked("GET", _joined(mount, "data", path), namespace, query=query, versioned=True)


def dynamic(
    mount: str, path: str, method: str = "GET", params: Mapping[str, str] = NOTHING, namespace: str = ""
) -> ValueRequest:
    """With params it is always a PUT, as Vault Secrets Operator does it."""
    chosen: Method = "PUT" if params or method == "PUT" else "POST" if method == "POST" else "GET"
    return _asked(chosen, _joined(mount, path), namespace, dict(params))


def pki_issue(
    mount: str, role: str, issuer: str = "", body: Mapping[str, Any] = NOTHING, namespace: str = ""
) -> ValueRequest:
    """Vault's path is issuer/<ref>/issue/<role>. Manifests for Vault Secrets Operator write the ref as `<ref>/issue`, since that operator
    leaves the middle out: both are taken."""
    between = f"issuer/{issuer.removesuffix('/issue')}/issue" if issuer else "issue"
    return _asked("PUT", _joined(mount, between, role), namespace)._replace(body=json.dumps(dict(body), sort_keys=True))


def pki_revoke(mount: str, serial: str, namespace: str = "") -> ValueRequest:
    return _asked("PUT", _joined(mount, "revoke"), namespace, {"serial_number": serial})


def lease_renew(lease: str, increment: int, namespace: str = "") -> ValueRequest:
    return _asked("PUT", "sys/leases/renew", namespace, {"lease_id": lease, "increment": increment})


def lease_revoke(lease: str, namespace: str = "") -> ValueRequest:
    return _asked("PUT", "sys/leases/revoke", namespace, {"lease_id": lease})


def renew_accessor(accessor: str, namespace: str = "") -> ValueRequest:
    return _asked("POST", "auth/token/renew-accessor", namespace, {"accessor": accessor})


def _joined(*parts: str) -> str:
    """Manifests write a mount with or without slashes at its ends."""
    return "/".join(part.strip("/") for part in parts)


def _asked(
    method: Method,
    path: str,
    namespace: str,
    body: Mapping[str, Any] = NOTHING,
    *,
    query: tuple[tuple[str, str], ...] = (),
    versioned: bool = False,
) -> ValueRequest:
    """Raises VaultFault(invalid) for a path that would mean another one on its way."""
    made, space = path.strip("/"), namespace.strip("/")
    if not made or not sendable(made, space):
        raise VaultFault("invalid", f"no path that Vault can be asked for: {made[:200]!r}")
    return ValueRequest(method, made, space, query, json.dumps(body, sort_keys=True) if body else "", versioned)


# Answers


LONGEST_ID = 1024
"""Characters of what Vault calls a lease, a request or a token by: a lease's has the whole path."""
LONGEST = 100 * 365 * 86_400
"""Seconds of a lease at most: more is made this, so that every sum of times is one."""
_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number)


def loads(body: bytes) -> Any:
    """JSON with numbers as they were written, as Vault's own client reads it."""
    return _DECODER.decode(body.decode())


def payload_of(
    request: ValueRequest, status: int, body: Mapping[str, Any], *, at: float, accessor: str = "", size: int = 0
) -> Payload:
    """The values of an answer (2xx, 400, 403, 404, 405). Raises VaultFault.

    A kv-v2 version that is deleted or destroyed answers 404 with `data: null` and metadata: it is never an empty secret."""
    data = body.get("data")
    if not 200 <= status < 300:
        raise _refusal(request, status, body, data)
    raw = data if isinstance(data, dict) else NOTHING
    held, version = raw, 0
    if request.versioned:
        inner, metadata = raw.get("data"), raw.get("metadata")
        if "data" not in raw:
            raise VaultFault(
                "invalid", f"what Vault has at {request.path} is no kv-v2 secret: is the mount's version 1?"
            )
        if not isinstance(inner, dict):
            raise _deleted(request, metadata)
        held, version = inner, _version(metadata)
    return Payload(
        held,
        raw,
        version,
        id_of(body, "lease_id"),
        lease_seconds(body.get("lease_duration")),
        body.get("renewable") is True,
        id_of(body, "request_id"),
        _texts(body.get("warnings")),
        at,
        accessor,
        size,
    )


def _refusal(request: ValueRequest, status: int, body: Mapping[str, Any], data: object) -> VaultFault:
    told = one_line("; ".join(_texts(body.get("errors")) or _texts(body.get("warnings"))), 300)
    if status == 404 and isinstance(data, dict) and "metadata" in data and data.get("data") is None:
        return _deleted(request, data["metadata"])
    if status == 403:
        return VaultFault("forbidden", f"Vault refuses {request.method} {request.path}: {told or 'permission denied'}")
    if status == 404:
        return VaultFault("absent", f"Vault has nothing at {request.path}{f': {told}' if told else ''}", status=404)
    reason = f"Vault refuses {request.method} {request.path} ({status}): {told or 'no reason given'}"
    return VaultFault("refused", reason, status=status)


def _deleted(request: ValueRequest, metadata: object) -> VaultFault:
    known = metadata if isinstance(metadata, dict) else {}
    how = "destroyed" if known.get("destroyed") is True else "deleted"
    undo = "" if how == "destroyed" else "; undelete it, or write a new version"
    return VaultFault("deleted", f"version {known.get('version', '?')} at {request.path} is {how}{undo}", status=404)


def lease_seconds(value: object) -> int:
    """The `lease_duration` of an answer, within bounds; 0 where there is none. Raises VaultFault for what is no whole number: whoever says
    that is no Vault."""
    if value is None:
        return 0
    seconds = _whole(value)
    if seconds is None:
        raise VaultFault("unreachable", "the answer has a lease_duration that is no whole number of seconds")
    return max(0, min(seconds, LONGEST))


def id_of(body: Mapping[str, Any], field: str) -> str:
    """It goes into a status. Raises VaultFault for what no Vault says: that is not cut, another lease would be meant."""
    value = body.get(field) or ""
    if not isinstance(value, str) or len(value) > LONGEST_ID or not value.isprintable():
        raise VaultFault("unreachable", f"the answer has a {field} that is none")
    return str(value)


def _version(metadata: object) -> int:
    version = _whole(metadata.get("version")) if isinstance(metadata, dict) else 0
    return version if version is not None and 0 <= version < 1 << 53 else 0


def _whole(value: object) -> int | None:
    """A whole number as JSON writes it: out of `loads`, or of a decoder that makes ints."""
    if isinstance(value, Number):
        # No conversion of what has thousands of digits; nor of 1e9, which no Vault writes.
        return int(value) if len(value) <= 20 and value.removeprefix("-").isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _texts(listed: object) -> tuple[str, ...]:
    return tuple(text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()
