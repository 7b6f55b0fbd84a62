"""A small client of the Kubernetes API: what the tests need, over the standard library.

A library (kubernetes, lightkube) would bring its own opinion of what a strict answer is; here the status, the text and the
warnings of the real server are the thing under test.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from rig import http
from rig.http import Answer
from rig.waiting import wait_for

Body = dict[str, Any]

FIELD_MANAGER = "keywave-rig"


class Refused(AssertionError):
    """The API server said no where the test needed a yes."""

    def __init__(self, doing: str, answer: Answer) -> None:
        super().__init__(f"{doing}: {answer.status} {answer.message}")
        self.answer = answer


@dataclass(frozen=True)
class Kind:
    plural: str
    namespaced: bool


@dataclass(frozen=True)
class Cluster:
    """One API server as one user. `url` has no slash at its end."""

    url: str
    token: str
    ca_file: str
    kubeconfig: str
    _kinds: dict[tuple[str, str], Kind] = field(default_factory=dict, repr=False)
    _namespaces: set[str] = field(default_factory=set, repr=False)

    def as_user(self, token: str) -> Cluster:
        """The same server asked with another token (see kubernetes.TOKENS)."""
        return replace(self, token=token)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        timeout: float = 30.0,
    ) -> Answer:
        """Ask anything. `body` is a value (sent as JSON), or bytes (sent as they are)."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = content_type
        context = ssl.create_default_context(cafile=self.ca_file)
        return http.request(
            method, self.url + path, data, headers=headers, params=params, context=context, timeout=timeout
        )

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """What discovery says about a kind; None when it is not served."""
        known = self._kinds.get((api_version, kind))
        if known is not None:
            return known
        listed = self.request("GET", self._version_path(api_version))
        for entry in (listed.body or {}).get("resources") or () if listed.ok else ():
            if "/" not in entry["name"]:
                self._kinds[api_version, entry["kind"]] = Kind(entry["name"], bool(entry["namespaced"]))
        return self._kinds.get((api_version, kind))

    @staticmethod
    def _version_path(api_version: str) -> str:
        return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"

    def path(self, api_version: str, kind: str, name: str = "", namespace: str = "") -> str:
        """The URL path of a collection or of one object. Raises AssertionError for a kind that is not served."""
        known = self.kind(api_version, kind)
        if known is None:
            raise AssertionError(f"the API server has no {kind} of {api_version}")
        where = f"/namespaces/{namespace or 'default'}" if known.namespaced else ""
        return f"{self._version_path(api_version)}{where}/{known.plural}" + (f"/{name}" if name else "")

    def _path_of(self, manifest: Body, *, named: bool) -> str:
        meta = manifest.get("metadata") or {}
        name = str(meta["name"]) if named else ""
        return self.path(str(manifest["apiVersion"]), str(manifest["kind"]), name, str(meta.get("namespace") or ""))

    # Reading

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Body | None:
        """The object; None when there is none."""
        answer = self.request("GET", self.path(api_version, kind, name, namespace))
        if answer.status == 404:
            return None
        return self._body("get", f"{kind} {name}", answer)

    def list(self, api_version: str, kind: str, namespace: str | None = None, label_selector: str = "") -> list[Body]:
        """The objects of one namespace, or of all with None."""
        known = self.kind(api_version, kind)
        path = self.path(api_version, kind, namespace=namespace or "")
        if namespace is None and known is not None:
            path = f"{self._version_path(api_version)}/{known.plural}"
        answer = self.request("GET", path, params={"labelSelector": label_selector} if label_selector else None)
        return list(self._body("list", kind, answer)["items"])

    # Writing

    def create(self, manifest: Body) -> Body:
        """Create; strict. Raises Refused."""
        answer = self.request(
            "POST", self._path_of(manifest, named=False), manifest, params={"fieldValidation": "Strict"}
        )
        return self._body("create", self._title(manifest), answer)

    def apply(self, manifest: Body, *, field_manager: str = FIELD_MANAGER, force: bool = True) -> Body:
        """Server-side apply; strict. Makes the Namespace that the manifest names. Raises Refused."""
        self.ensure_namespace_of(manifest)
        answer = self._apply(manifest, {"fieldManager": field_manager, "force": str(force).lower()})
        return self._body("apply", self._title(manifest), answer)

    def _apply(self, manifest: Body, params: Mapping[str, str]) -> Answer:
        return self.request(
            "PATCH",
            self._path_of(manifest, named=True),
            manifest,
            params={"fieldValidation": "Strict", **params},
            content_type="application/apply-patch+yaml",
        )

    def dry_run(self, manifest: Body | str | bytes, *, field_validation: str = "Strict") -> Answer:
        """What the server would say to creating this: `.status` (201 is yes) and `.message`; nothing is kept.

        A text is sent as it is (one YAML document), so that the server's own parser reads it. The Namespace that the manifest
        names is really made: without it every answer would be 404.
        """
        if isinstance(manifest, dict):
            value, data, content_type = manifest, json.dumps(manifest).encode(), "application/json"
        else:
            data = manifest.encode() if isinstance(manifest, str) else manifest
            value, content_type = yaml.safe_load(data), "application/yaml"
        self.ensure_namespace_of(value)
        params = {"dryRun": "All", "fieldValidation": field_validation}
        answer = self.request("POST", self._path_of(value, named=False), data, params=params, content_type=content_type)
        if answer.status == 409 and "already exists" in answer.message:
            return self._apply(value, params | {"fieldManager": FIELD_MANAGER, "force": "true"})
        return answer

    def patch(self, api_version: str, kind: str, name: str, change: Body, namespace: str = "") -> Body:
        """A JSON merge patch (None deletes a field). Raises Refused."""
        answer = self.request(
            "PATCH",
            self.path(api_version, kind, name, namespace),
            change,
            content_type="application/merge-patch+json",
        )
        return self._body("patch", f"{kind} {name}", answer)

    def patch_status(self, api_version: str, kind: str, name: str, status: Body, namespace: str = "") -> Body:
        """Play the operator: merge `status` into the object's status. Raises Refused."""
        answer = self.request(
            "PATCH",
            self.path(api_version, kind, name, namespace) + "/status",
            {"status": status},
            content_type="application/merge-patch+json",
        )
        return self._body("patch the status of", f"{kind} {name}", answer)

    @contextlib.contextmanager
    def emptied(self, *kinds: tuple[str, str]) -> Iterator[None]:
        """At its end every object of these kinds (with their versions before them) goes: their controller has ended, nobody else would take
        their finalizers off, and another controller would be busy with them."""
        try:
            yield
        finally:
            for api_version, kind in kinds:
                for body in self.list(api_version, kind):
                    name, namespace = body["metadata"]["name"], body["metadata"].get("namespace", "")
                    self.patch(api_version, kind, name, {"metadata": {"finalizers": None}}, namespace)
                    self.delete(api_version, kind, name, namespace)

    def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete; nothing when it is not there. Raises Refused."""
        answer = self.request("DELETE", self.path(api_version, kind, name, namespace))
        if answer.status != 404:
            self._body("delete", f"{kind} {name}", answer)
        if kind == "Namespace":
            self._namespaces.discard(name)

    # Helpers

    def ensure_namespace(self, name: str) -> None:
        if name in self._namespaces:
            return
        answer = self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        if answer.status != 409:
            self._body("create", f"Namespace {name}", answer)
        self._namespaces.add(name)

    def ensure_namespace_of(self, manifest: Body) -> None:
        named = (manifest.get("metadata") or {}).get("namespace")
        if isinstance(named, str) and named and named != "default":
            self.ensure_namespace(named)

    def wait_served(self, api_version: str, kind: str, timeout: float = 30.0) -> None:
        """Until discovery knows the kind (a CRD is Established a moment earlier)."""
        wait_for(f"{kind} of {api_version} in discovery", lambda: self.kind(api_version, kind), timeout=timeout)

    @staticmethod
    def _title(manifest: Body) -> str:
        return f"{manifest.get('kind')} {(manifest.get('metadata') or {}).get('name')}"

    @staticmethod
    def _body(verb: str, title: str, answer: Answer) -> Body:
        if not answer.ok:
            raise Refused(f"{verb} {title}", answer)
        body: Body = answer.body
        return body
