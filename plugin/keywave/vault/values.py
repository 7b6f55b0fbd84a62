"""Requests to Vault that answer with secret values, and their answers. Pure. Only the reconciler, the CSI provider and the agent may
import it: `verify`, `lock` and `policy` form their requests by `wire`, which has none of these.

Source: Vault's HTTP API (kv-v1, kv-v2, database and other engines' creds, pki issue and revoke, sys/leases, auth/token).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keywave.gotemplate.values import Number
from keywave.vault.wire import sendable

NOTHING: Mapping[str, Any] = {}


class ValueRequest(NamedTuple):
    """One request; hashable, so that equal ones are known. `body` is JSON text ("" = none), which may hold a secret: no repr shows it."""

    method: Literal["GET", "PUT", "POST"]
    path: str
    namespace: str = ""
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""

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
    return _asked("GET", f"{mount}/{path}", namespace)


def kv2(mount: str, path: str, version: int = 0, namespace: str = "") -> ValueRequest:
    """`version` 0 is the latest."""
    query = (("version", str(version)),) if version else ()
    return _asked("GET", f"{mount}/data/{path}", namespace)._replace(query=query)


def dynamic(
    mount: str, path: str, method: str = "GET", params: Mapping[str, str] = NOTHING, namespace: str = ""
) -> ValueRequest:
    """With params it is always a PUT, as Vault Secrets Operator does it."""
    chosen: Literal["GET", "PUT", "POST"] = (
        "PUT" if params or method == "PUT" else "POST" if method == "POST" else "GET"
    )
    body = json.dumps(dict(params), sort_keys=True) if params else ""
    return _asked(chosen, f"{mount}/{path}", namespace)._replace(body=body)


def pki_issue(
    mount: str, role: str, issuer: str = "", body: Mapping[str, Any] = NOTHING, namespace: str = ""
) -> ValueRequest:
    """Vault's path is issuer/<ref>/issue/<role>. Manifests for Vault Secrets Operator write the ref as `<ref>/issue`, since that operator
    leaves the middle out: both are taken."""
    between = f"issuer/{issuer.removesuffix('/issue')}/issue" if issuer else "issue"
    made = _asked("PUT", f"{mount}/{between}/{role}", namespace)
    return made._replace(body=json.dumps(dict(body), sort_keys=True))


def pki_revoke(mount: str, serial: str, namespace: str = "") -> ValueRequest:
    return _asked("PUT", f"{mount}/revoke", namespace)._replace(body=json.dumps({"serial_number": serial}))


def lease_renew(lease: str, increment: int, namespace: str = "") -> ValueRequest:
    body = json.dumps({"lease_id": lease, "increment": increment})
    return _asked("PUT", "sys/leases/renew", namespace)._replace(body=body)


def lease_revoke(lease: str, namespace: str = "") -> ValueRequest:
    return _asked("PUT", "sys/leases/revoke", namespace)._replace(body=json.dumps({"lease_id": lease}))


def renew_accessor(accessor: str, namespace: str = "") -> ValueRequest:
    return _asked("POST", "auth/token/renew-accessor", namespace)._replace(body=json.dumps({"accessor": accessor}))


def _asked(method: Literal["GET", "PUT", "POST"], path: str, namespace: str) -> ValueRequest:
    """Raises VaultFault(invalid) for a path that would mean another one on its way."""
    made = path.strip("/")
    space = namespace.strip("/")
    if not sendable(made, space) or not made:
        raise VaultFault("invalid", f"no path that Vault can be asked for: {made[:200]!r}")
    return ValueRequest(method, made, space)


# Answers


def loads(body: bytes) -> Any:
    """JSON with numbers as they were written, as Vault's own client reads it."""
    return json.loads(body, parse_int=Number, parse_float=Number)


def payload_of(
    request: ValueRequest, status: int, body: Mapping[str, Any], *, at: float, accessor: str = ""
) -> Payload:
    """The values of an answer (2xx, 400, 403, 404, 405). Raises VaultFault.

    A kv-v2 version that is deleted or destroyed answers 404 with `data: null` and metadata: it is never an empty secret."""
    told = _line(body.get("errors"))
    data = body.get("data")
    if status == 404 and isinstance(data, dict) and "metadata" in data and data.get("data") is None:
        raise _deleted(request, data["metadata"])
    if status == 403:
        raise VaultFault("forbidden", f"Vault refuses {request.method} {request.path}: {told or 'permission denied'}")
    if status == 404:
        raise VaultFault("absent", f"Vault has nothing at {request.path}{f': {told}' if told else ''}", status=404)
    if not 200 <= status < 300:
        reason = f"Vault refuses {request.method} {request.path} ({status}): {told or 'no reason given'}"
        raise VaultFault("refused", reason, status=status)
    raw = data if isinstance(data, dict) else NOTHING
    held, version = raw, 0
    if _is_kv2(request, raw):
        inner, metadata = raw.get("data"), raw.get("metadata")
        if not isinstance(inner, dict):
            raise _deleted(request, metadata)
        held, version = inner, _whole(metadata.get("version") if isinstance(metadata, dict) else 0)
    return Payload(
        held,
        raw,
        version,
        str(body.get("lease_id") or ""),
        _whole(body.get("lease_duration")),
        body.get("renewable") is True,
        str(body.get("request_id") or ""),
        _texts(body.get("warnings")),
        at,
        accessor,
    )


def _is_kv2(request: ValueRequest, raw: Mapping[str, Any]) -> bool:
    return request.method == "GET" and "/data/" in request.path and set(raw) == {"data", "metadata"}


def _deleted(request: ValueRequest, metadata: object) -> VaultFault:
    known = metadata if isinstance(metadata, dict) else {}
    how = "destroyed" if known.get("destroyed") is True else "deleted"
    undo = "" if how == "destroyed" else "; undelete it, or write a new version"
    return VaultFault("deleted", f"version {known.get('version', '?')} at {request.path} is {how}{undo}", status=404)


def _whole(value: object) -> int:
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError):
        return 0


def _texts(listed: object) -> tuple[str, ...]:
    return tuple(text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()


def _line(errors: object) -> str:
    """Vault's own words, one line of bounded length."""
    plain = "; ".join(_texts(errors))[:1000]
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())[:300]
