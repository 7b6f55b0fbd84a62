"""The client of the Kubernetes API that the reconciler works through: JSON in, JSON out, refusals as KubeError, no values in messages.

Why our own: design/0011. Facts: Kubernetes' API concepts (server-side apply, chunked lists, merge patch).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from keywave._version import VERSION
from keywave.kube.api_server import ApiServer, KubeError, one_line, reason_of
from keywave.kube.connections import Connections, Stream, user_agent
from keywave.kube.resources import Type
from keywave.net.http1 import Raw

Body = Mapping[str, Any]
FIELD_MANAGER = "keywave-reconciler"
PAGE = 500
_JSON = "application/json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"  # every JSON text is YAML


class KubeClient:
    """One API server as one caller. Any number of threads; `timeout` in seconds for a whole request. All raise KubeError."""

    def __init__(self, server: ApiServer, *, field_manager: str = FIELD_MANAGER, timeout: float = 30.0) -> None:
        self._connections, self._timeout = Connections(server), timeout
        self._manager = (("fieldManager", field_manager),)
        common = f"Accept: {_JSON}\r\nUser-Agent: {user_agent(VERSION)}\r\n"
        self._headers = {kind: f"{common}Content-Type: {kind}\r\n".encode() for kind in (_JSON, _MERGE, _APPLY)}
        self._plain = common.encode()

    def close(self) -> None:
        self._connections.close()

    def get(self, type: Type, namespace: str, name: str) -> Body | None:
        """None where there is none."""
        return self._or_none("GET", type, namespace, name)

    def list(self, type: Type, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Body]:
        """All of them, `kind` and `apiVersion` filled in. `labels`, `fields`: selectors."""
        return list(self.pages(type, namespace, labels=labels, fields=fields))

    def pages(self, type: Type, namespace: str = "", *, labels: str = "", fields: str = "") -> Listing:
        """The same, one after the other while pages come; `version` is the list's resourceVersion when it has ended."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        return Listing(self, type, namespace, {name: text for name, text in selectors.items() if text})

    def create(self, type: Type, body: Body) -> Body:
        return self._answer("POST", type.path(_namespace(body)), body, query=self._manager)

    def post(self, type: Type, namespace: str, name: str, subresource: str, body: Body) -> Body:
        return self._answer("POST", _one(type, namespace, name, subresource), body)

    def apply(self, type: Type, body: Body, *, subresource: str = "", force: bool = True) -> Body:
        """Server-side apply."""
        query = (*self._manager, ("force", "true" if force else "false"))
        path = _one(type, _namespace(body), body["metadata"]["name"], subresource)
        return self._answer("PATCH", path, body, query=query, content=_APPLY)

    def patch(self, type: Type, namespace: str, name: str, patch: Body, *, subresource: str = "") -> Body | None:
        """A merge patch; None where there is no such object."""
        more: dict[str, Any] = {"query": self._manager, "content": _MERGE}
        return self._or_none("PATCH", type, namespace, name, patch, subresource=subresource, **more)

    def replace(self, type: Type, body: Body, *, subresource: str = "") -> Body:
        path = _one(type, _namespace(body), body["metadata"]["name"], subresource)
        return self._answer("PUT", path, body, query=self._manager)

    def delete(self, type: Type, namespace: str, name: str, *, uid: str = "") -> bool:
        """False when it was gone; with `uid` only that very object (KubeError(conflict) for another)."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        body = {**options, "preconditions": {"uid": uid}} if uid else options
        return self._or_none("DELETE", type, namespace, name, body) is not None

    def request(self, method: str, path: str, body: Body | None = None) -> Body:
        """Anything else, by its path."""
        return self._answer(method, path, body)

    def open_stream(self, path: str, query: Mapping[str, str], timeout: float) -> Stream:
        """A watch; the caller closes it."""
        return self._connections.stream(f"{path}?{urlencode(query)}", self._plain, timeout)

    def page(self, path: str, query: Mapping[str, str]) -> Body:
        return self._answer("GET", path, query=tuple(query.items()))

    def _or_none(
        self,
        method: str,
        type: Type,
        namespace: str,
        name: str,
        body: Body | None = None,
        *,
        subresource: str = "",
        **more: Any,
    ) -> Body | None:
        try:
            return self._answer(method, _one(type, namespace, name, subresource), body, **more)
        except KubeError as problem:
            if problem.reason == "absent":
                return None
            raise

    def _answer(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        query: tuple[tuple[str, str], ...] = (),
        content: str = _JSON,
    ) -> Body:
        target = f"{path}?{urlencode(query)}" if query else path
        sent = json.dumps(body, separators=(",", ":")).encode() if body is not None else b""
        headers = self._headers[content] if body is not None else self._plain
        return read_answer(self._connections.send(method, target, headers, sent, self._timeout))


class Listing:
    """Iterates over all objects of a type, page by page. Raises KubeError(gone) where a page has expired: begin anew."""

    def __init__(self, client: KubeClient, type: Type, namespace: str, selectors: Mapping[str, str]) -> None:
        self._client, self._type, self._namespace, self._selectors = client, type, namespace, selectors
        self.version = ""

    def __iter__(self) -> Iterator[Body]:
        query = {"limit": str(PAGE), **self._selectors}
        while True:
            page = self._client.page(self._type.path(self._namespace), query)
            self.version = str(page["metadata"].get("resourceVersion") or "")
            for item in page.get("items") or ():
                yield {**item, "kind": self._type.kind, "apiVersion": self._type.api_version}
            after = page["metadata"].get("continue")
            if not after:
                return
            query["continue"] = after


def read_answer(raw: Raw) -> Body:
    """The object of a 2xx. Raises KubeError; what a refusal says is Kubernetes' own `message`, which may quote the object that was sent:
    callers who send Secrets do not show it."""
    try:
        body = json.loads(raw.body) if raw.body else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise KubeError("answer" if raw.status < 500 else "server-error", f"not a Kubernetes answer ({raw.status})")
    if 200 <= raw.status < 300:
        return body
    raise refusal(raw.status, raw.headers, body)


def refusal(status: int, headers: Mapping[bytes, bytes], body: Body, what: str = "Kubernetes refuses") -> KubeError:
    """What a Status object of Kubernetes says, with the time of Retry-After."""
    after = headers.get(b"retry-after", b"")
    return KubeError(
        reason_of(status, str(body.get("reason") or "")),
        f"{what} ({status}): {one_line(body.get('message') or '')}",
        retry_after=float(after[:6]) if after.isdigit() else 0.0,
    )


def _one(type: Type, namespace: str, name: str, subresource: str = "") -> str:
    """The path of an object. Names come from what anybody may write: one that no object has is not asked for. Raises KubeError(absent)."""
    try:
        return type.object_path(namespace, name, subresource)
    except ValueError as wrong:
        raise KubeError("absent", f"there is no such {type.kind}: {wrong}") from None


def _namespace(body: Body) -> str:
    return str(body["metadata"].get("namespace") or "")
