"""Requests to Vault and its answers, as values. Pure.

Rule: keywave never reads a secret value, so there is no way to ask for one: requests are made only by the functions of this module, and
none of them gives a path that answers with values (`<kv>/data/...`, `creds/`, `issue/`). Who asks below a mount must know its type first:
`GET <mount>/roles/x` on a KV mount of version 1 would read the value of a secret of that name.
Source: Vault's HTTP API (kv-v2 subkeys since Vault 1.10, metadata, sys/mounts, sys/internal/ui/mounts, sys/capabilities-self).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

NO_BODY: Mapping[str, Any] = {}
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NO_PATH = re.compile(r"(^|/)\.{0,2}(/|$)")


class Request(NamedTuple):
    """One request. `path` has neither `/v1/` nor a leading slash; `namespace` is the Vault namespace, "" = the root."""

    method: Literal["GET", "LIST", "POST"]
    path: str
    namespace: str = ""
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] = NO_BODY


class Response(NamedTuple):
    """What came back and is an answer (2xx, 400, 403, 404, 405): `data` is the answer's `data` object, or the whole answer where it has
    none; `errors` are Vault's own texts."""

    status: int
    data: Mapping[str, Any] = NO_BODY
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        # A role's answer may hold more than the fields that are kept (statements with a password in them).
        return f"Response({self.status})"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def sendable(path: str, namespace: str = "") -> bool:
    """Whether a path means itself on the way. Vault's router rewrites empty, `.` and `..` segments (Go's ServeMux redirects to another
    path), and neither a URL nor Vault's JSON takes control signs and halves of surrogate pairs. A folder may end with a slash."""
    return not (_NO_PATH.search(path.removesuffix("/")) or _NO_TEXT.search(path) or _NO_TEXT.search(namespace))


def health() -> Request:
    """Version, sealed, standby; needs no token. Statuses other than 200 are turned into 299 so that they are answers."""
    codes = tuple(
        (name, "299")
        for name in ("standbycode", "sealedcode", "uninitcode", "drsecondarycode", "performancestandbycode")
    )
    return Request("GET", "sys/health", query=codes)


def mounts(namespace: str = "") -> Request:
    """All secrets engines (right: read on sys/mounts)."""
    return Request("GET", "sys/mounts", namespace)


def auth_methods(namespace: str = "") -> Request:
    """All auth methods (right: read on sys/auth)."""
    return Request("GET", "sys/auth", namespace)


def mount_of(path: str, namespace: str = "") -> Request:
    """Type and options of the mount that holds a path, for whoever has any right below it. An auth method's path starts with auth/."""
    return Request("GET", f"sys/internal/ui/mounts/{path}", namespace)


def own_capabilities(paths: Sequence[str], namespace: str = "") -> Request:
    """What the asking token may do on each path."""
    return Request("POST", "sys/capabilities-self", namespace, body={"paths": list(paths)})


def kv_subkeys(mount: str, path: str, version: int | None = None, namespace: str = "") -> Request:
    """Names of the keys of one version (None: the latest) of a KV v2 secret, with that version's metadata; no values."""
    query = (("depth", "1"), *((("version", str(version)),) if version else ()))
    return Request("GET", f"{mount}/subkeys/{path}", namespace, query)


def kv_metadata(mount: str, path: str, namespace: str = "") -> Request:
    """All versions of a KV v2 secret: created, deleted, destroyed."""
    return Request("GET", f"{mount}/metadata/{path}", namespace)


def kv_list(mount: str, folder: str, version: int, namespace: str = "") -> Request:
    """Names below a folder ("" = the top) of a KV mount of version 1 or 2. Folders end with a slash."""
    between = "metadata/" if version == 2 else ""
    return Request("LIST", f"{mount}/{between}{folder.strip('/')}".rstrip("/") + "/", namespace)


def role(path: str, namespace: str = "") -> Request:
    """A role of an engine or an auth method by its API path: `database/roles/ro`, `pki/roles/web`, `auth/kubernetes/role/app`.

    Raises ValueError for a path that is not of that form.
    """
    _expect(path, "roles", "role", "static-roles", "static-role", "roleset", "static-account")
    return Request("GET", path, namespace)


def list_roles(folder: str, namespace: str = "") -> Request:
    """Names of all roles: `database/roles/`, `auth/kubernetes/role/`."""
    _expect(
        f"{folder.rstrip('/')}/x",
        "roles",
        "role",
        "static-roles",
        "static-role",
        "roleset",
        "rolesets",
        "static-accounts",
    )
    return Request("LIST", folder.rstrip("/") + "/", namespace)


def approle_id(mount: str, name: str, namespace: str = "") -> Request:
    """The RoleID of an AppRole: a name that stands in Git already, not its secret."""
    return Request("GET", f"auth/{mount}/role/{name}/role-id", namespace)


def pki_issuers(mount: str, namespace: str = "") -> Request:
    """Ids and names of a PKI mount's issuers."""
    return Request("LIST", f"{mount}/issuers/", namespace)


def policy(name: str, namespace: str = "") -> Request:
    """The text of an ACL policy."""
    return Request("GET", f"sys/policies/acl/{name}", namespace)


def list_policies(namespace: str = "") -> Request:
    return Request("LIST", "sys/policies/acl/", namespace)


def entity_by_alias(name: str, mount_accessor: str, namespace: str = "") -> Request:
    """The entity that logs in under this alias: its policies and groups. 204 without a body where there is none."""
    return Request(
        "POST", "identity/lookup/entity", namespace, body={"alias_name": name, "alias_mount_accessor": mount_accessor}
    )


def group(group_id: str, namespace: str = "") -> Request:
    return Request("GET", f"identity/group/id/{group_id}", namespace)


def _expect(path: str, *heads: str) -> None:
    segments = path.split("/")
    if path.endswith("/") or not sendable(path) or not set(heads).intersection(segments[1:-1]):
        raise ValueError(f"not the path of a role: {path}")
