"""What a reference means once the mounts are known: which mount, which secret below it, and the classic slips with `data/`.

Rules, asked of a real Vault (tests/integration/test_vault_request_paths.py): KV version 2 answers values at `<mount>/data/<path>` only;
`<mount>/<path>` is a 404 with a warning. Vault Secrets Operator and External Secrets add `data/` themselves; the Vault Agent of the
injector asks for the mount's version first and adds it too; the CSI provider and argocd-vault-plugin send the path as it is written.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from keywave.references.model import Reference
from keywave.vault.inventory import Inventory, Mount, State

Slip = Literal["", "no-data", "data-twice", "version"]
_KV_TYPES = ("kv", "generic")
_NOT_ISSUING = frozenset(("transit", "totp", "cubbyhole", "identity", "system", "token"))
_ADDS_DATA = frozenset(("injector",))
"""Families whose reader finds the KV version out by itself."""
ISSUING = ("issue", "sign")


class Resolved(NamedTuple):
    """`mount` None: not known, or not there (the inventory tells which). `kind` is the mount's where that is known.

    `path` is below the mount, without the `data/` of KV version 2; `api_path` is what the API is asked for, below `/v1/`, with a slip of
    `no-data` or `version` put right already. `slip`:
    `no-data`     the reader asks a KV v2 mount without `data/`;
    `data-twice`  `data/` is too much: `path` still has it, for a secret may really lie there; `meant` has not;
    `version`     the object believes in the other KV version.
    """

    mount: Mount | None
    kind: Literal["kv", "dynamic", "pki", "other"]
    path: str
    api_path: str
    version: int | None = None
    slip: Slip = ""

    @property
    def meant(self) -> str:
        """The path that was probably meant: without the `data/` that is too much."""
        return self.path.removeprefix("data/") if self.slip == "data-twice" else self.path


def resolve(reference: Reference, inventory: Inventory) -> Resolved:
    """Take a reference apart by the inventory's mounts (the longest that is its prefix)."""
    if reference.kind == "raw":
        return _raw(reference, _mount_of(reference, inventory, reference.path))
    if reference.kind == "pki":
        path = issue_path(reference)
        return _issuing(reference, _mount_of(reference, inventory, f"{reference.mount}/{path}"), path)
    if reference.kind == "kv":
        exact = inventory.mount(reference.vault_namespace, reference.mount)
        mount = exact.value if exact.state is State.PRESENT else None
        # On version 1 and elsewhere Vault knows no border between mount and path: `kv/team` + `app` is `kv` + `team/app`.
        return _kv(reference, mount or _mount_of(reference, inventory, f"{reference.mount}/{reference.path}"))
    return _issuing(reference, _mount_of(reference, inventory, f"{reference.mount}/{reference.path}"), reference.path)


def issue_path(reference: Reference) -> str:
    """Below a PKI mount: `issue/<role>`, or `issuer/<ref>/issue/<role>` (the form that Vault documents and answers).

    Vault Secrets Operator 0.10 to 1.4 itself sends `issuer/<issuerRef>/<role>`, which Vault answers with 404 "unsupported path": an issuer
    works there only when it is written as `issuerRef: <ref>/issue`, which is taken for the same here.
    """
    issuer = reference.certificate.issuer if reference.certificate else ""
    through = f"issuer/{issuer.removesuffix('/issue')}/" if issuer else ""
    return f"{through}issue/{reference.path}"


def _mount_of(reference: Reference, inventory: Inventory, api_path: str) -> Mount | None:
    found = inventory.mount_of(reference.vault_namespace, api_path)
    return found.value if found.state is State.PRESENT else None


def _kind_of(mount: Mount) -> Literal["kv", "dynamic", "pki", "other"]:
    if mount.type in _KV_TYPES:
        return "kv"
    if mount.type == "pki":
        return "pki"
    return "other" if mount.type in _NOT_ISSUING else "dynamic"


def _kv(reference: Reference, mount: Mount | None) -> Resolved:
    """A mount and a path apart, as the operator has them."""
    whole = f"{reference.mount}/{reference.path}"
    if mount is None:
        between = "" if reference.engine == 1 else "data/"
        slip: Slip = "data-twice" if between and reference.path.startswith("data/") else ""
        api_path = f"{reference.mount}/{between}{reference.path}"
        return Resolved(None, "kv", reference.path, api_path, reference.version, slip)
    rest = whole.removeprefix(mount.path).strip("/")
    if _kind_of(mount) != "kv":
        return Resolved(mount, _kind_of(mount), rest, whole, reference.version)
    slip = ""
    if reference.engine is not None and mount.kv_version and reference.engine != mount.kv_version:
        slip = "version"
    elif rest.startswith("data/"):
        slip = "data-twice"
    return _below(mount, rest, reference.version, slip)


def _below(mount: Mount, rest: str, version: int | None, slip: Slip) -> Resolved:
    between = "data/" if mount.kv_version == 2 else ""
    return Resolved(mount, "kv", rest, f"{mount.path}/{between}{rest}", version, slip)


def _raw(reference: Reference, mount: Mount | None) -> Resolved:
    if mount is None:
        return Resolved(None, "other", reference.path, _believed(reference), reference.version)
    rest = reference.path.removeprefix(mount.path).strip("/")
    if _kind_of(mount) != "kv":
        return _issuing(reference, mount, rest)
    if reference.method == "LIST":
        adds = reference.family in _ADDS_DATA and mount.kv_version == 2 and f"{rest}/".partition("/")[0] != "metadata"
        return Resolved(mount, "other", rest, f"{mount.path}/metadata/{rest}" if adds else f"{mount.path}/{rest}")
    has_data = rest.startswith("data/")
    if mount.kv_version != 2:
        if has_data and reference.engine == 2 and reference.family not in _ADDS_DATA:
            return _below(mount, rest.removeprefix("data/"), None, "version")
        return _below(mount, rest, reference.version, "data-twice" if has_data else "")
    if has_data:
        return _below(mount, rest.removeprefix("data/"), reference.version, "version" if reference.engine == 1 else "")
    if reference.family in _ADDS_DATA:
        return _below(mount, rest, reference.version, "")
    return _below(mount, rest, reference.version, "version" if reference.engine == 1 else "no-data")


def _believed(reference: Reference) -> str:
    """The API path without any mount known. A template of the agent that reads `.Data.data` is for KV version 2: the agent adds `data/`."""
    first, _, rest = reference.path.partition("/")
    adds = reference.family in _ADDS_DATA and reference.engine == 2 and "data" not in reference.path.split("/")[1:-1]
    return f"{first}/data/{rest}" if adds and rest else reference.path


def _issuing(reference: Reference, mount: Mount | None, path: str) -> Resolved:
    """Engines that issue: `path` stands below the mount that is named, or below the one that is found."""
    if mount is None:
        kind: Literal["dynamic", "pki"] = "pki" if reference.kind == "pki" else "dynamic"
        return Resolved(None, kind, path, f"{reference.mount}/{path}", reference.version)
    whole = f"{reference.mount}/{path}" if reference.mount else f"{mount.path}/{path}"
    rest = whole.removeprefix(mount.path).strip("/")
    return Resolved(mount, _kind_of(mount), rest, whole, reference.version)
