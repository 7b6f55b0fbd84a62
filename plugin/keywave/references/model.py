"""A reference: who reads what in Vault, as whom, and where that is written. Frozen values without any I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from keywave.findings import Finding, PathKey, Severity
from keywave.objects.manifest import Manifest

NONE: Mapping[str, str] = {}
Spot = tuple[Manifest, tuple[PathKey, ...]]
"""Where something is written: in the user's own document (the intent or profile for made objects)."""


class Connection(NamedTuple):
    """Which Vault. `profile` is the VaultProfile's name ("" = hand-written and not clear); lock files are chosen by it.

    `address` is as the workload sees it; "" where the object leaves it to its operator."""

    address: str = ""
    profile: str = ""
    ca_cert_secret: str = ""
    tls_server_name: str = ""
    skip_tls_verify: bool = False


class Identity(NamedTuple):
    """Who logs in. `known` is False where the tree does not hold the login (`emit: refs`, an operator's default): then only `label` is set.

    `method` as in the operator: kubernetes, jwt, appRole, aws, gcp, token (argocd-vault-plugin), or another tool's own name.
    `vault_namespace` is that of the login, `namespace` and `service_account` are Kubernetes'. `spots` has role, mount, method,
    serviceAccount, audience, roleId where they are written, and `login` for the whole block."""

    known: bool
    label: str
    """For people: `VaultAuth shop/payments`, `SecretProviderClass shop/db`."""
    method: str = ""
    mount: str = ""
    role: str = ""
    vault_namespace: str = ""
    namespace: str = ""
    service_account: str = ""
    audiences: tuple[str, ...] = ()
    role_id: str = ""
    vault: Connection = Connection()
    spots: Mapping[str, Spot] = {}

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for logins that are the same to Vault."""
        return (self.vault.address, self.vault_namespace, self.method, self.mount, self.role, self.role_id, self.namespace,
                self.service_account, *self.audiences)  # fmt: skip

    @property
    def role_path(self) -> str:
        """`auth/kubernetes/role/app`; "" where no role is named (AppRole goes by role_id)."""
        return f"auth/{self.mount}/role/{self.role}" if self.role else ""

    def __hash__(self) -> int:
        return hash(self.key)


Kind = Literal["kv", "dynamic", "pki", "raw"]


class Certificate(NamedTuple):
    """What a PKI reference asks for. `ttl`, `expiry_offset` in seconds, 0 = not said."""

    common_name: str = ""
    alt_names: tuple[str, ...] = ()
    ip_sans: tuple[str, ...] = ()
    uri_sans: tuple[str, ...] = ()
    other_sans: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    ttl: int = 0
    expiry_offset: int = 0
    issuer: str = ""
    exclude_cn_from_sans: bool = False


class Reference(NamedTuple):
    """One secret that something will read.

    kind `kv`: `mount` and `path` apart, `engine` the KV version that the object believes in (1, 2; None = not said);
    kind `dynamic`: `path` such as `creds/ro`; kind `pki`: `path` is the role;
    kind `raw`: mount "" and `path` is the API path as written (CSI, injector, placeholders), which `references.resolve` takes apart once
    the mounts are known."""

    kind: Kind
    manifest: Manifest
    """The object that reads, as rendered."""
    vault: Connection
    identity: Identity
    vault_namespace: str
    mount: str
    path: str
    spots: Mapping[str, Spot]
    """`path` always; `mount`, `version`, `type`, `refresh`, `renewal`, `role`, `issuer`, `commonName`, `altNames`, `ttl`, `expiryOffset`,
    and `key:<name>` where they are written. `path` is the intent's own field for made objects."""
    family: str = "vso"
    """Key of FAMILIES: vso, eso, csi, injector, avp."""
    engine: int | None = None
    version: int | None = None
    keys: tuple[str, ...] = ()
    """Names in Vault that must be there, sorted; () = whatever there is."""
    method: str = "GET"
    params: Mapping[str, str] = NONE
    """What is sent along; of kind `pki` the whole request as the operator makes it (empty texts too), NONE where that is not known."""
    certificate: Certificate | None = None
    refresh_after: int = 0
    """Seconds, 0 = not said."""
    renewal_percent: int | None = None
    allow_static_creds: bool = False
    optional: bool = False
    """A missing key or path is meant to be tolerated (`remove-missing`)."""
    stored: bool = True
    """False: the object names a store that is not in the tree (`identity.label`), so which Vault and mount are meant is not known."""

    @property
    def place(self) -> tuple[str, str]:
        """(Vault namespace, mount/path), the thing that is asked for."""
        return (self.vault_namespace, f"{self.mount}/{self.path}" if self.mount else self.path)

    def finding(self, code: str, message: str, spot: str = "path", *, hint: str = "", warning: bool = False) -> Finding:
        """A finding at one of the spots (at `path` where that one is not written)."""
        return finding_at(self.spots, self.manifest, code, message, spot, hint=hint, warning=warning)


def finding_at(
    spots: Mapping[str, Spot],
    manifest: Manifest,
    code: str,
    message: str,
    spot: str,
    *,
    hint: str = "",
    warning: bool = False,
) -> Finding:
    """A finding at `spot` (a role that is named by its RoleID: there), else at `path`, else at the whole login, else at the manifest."""
    role_id = spots.get("roleId") if spot == "role" else None
    where, keys = spots.get(spot) or role_id or spots.get("path") or spots.get("login") or (manifest, ())
    return where.finding(code, message, *keys, hint=hint, severity=Severity.WARNING if warning else Severity.ERROR)
