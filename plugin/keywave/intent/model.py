"""What an intent means, with defaults filled in and the profile applied. Frozen; made only by `intent.load`.

Units: durations are texts that Vault Secrets Operator takes (`30s`, `5m`, `720h`); paths have no leading or trailing slash and
never the `data/` of KV version 2.

Without `from __future__ import annotations`: NamedTuple compiles each annotation that is a text, which costs a cold start 5 ms.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from keywave.objects.manifest import Manifest

API_VERSION = "keywave.dev/v1alpha1"
AuthMethod = Literal["kubernetes", "jwt", "appRole", "aws", "gcp"]
Deliver = Literal["secret", "csi", "csi-sync", "init", "sidecar", "injector", "eso"]
Emit = Literal["all", "own", "refs"]
OperatorKind = Literal["vso", "keywave"]
NO_MAP: Mapping[str, Any] = {}


class Auth(NamedTuple):
    """How workloads log in. `settings` holds the method's own further fields by their names in the intent API
    (roleId, secretRef, secretIDPath, region, headerValue, sessionName, stsEndpoint, iamEndpoint, irsaServiceAccount,
    workloadIdentityServiceAccount, clusterName, projectID). `role` and `mount` may hold placeholders until an intent fills them."""

    method: AuthMethod = "kubernetes"
    mount: str = "kubernetes"
    role: str = ""
    service_account: str = ""
    audiences: tuple[str, ...] = ()
    token_expiration_seconds: int | None = None
    params: Mapping[str, str] = NO_MAP
    headers: Mapping[str, str] = NO_MAP
    allowed_namespaces: tuple[str, ...] = ()
    settings: Mapping[str, Any] = NO_MAP


class Operator(NamedTuple):
    """Who reconciles the rendered kinds. `version` is (major, minor, patch) and gates fields and health expressions."""

    kind: OperatorKind = "vso"
    version: tuple[int, int, int] = (1, 4, 1)
    namespace: str = "vault-secrets-operator-system"
    service_account: str = "vault-secrets-operator-controller-manager"


class Guardrails(NamedTuple):
    """What a catalogue profile lets a tree do. None = anything; `intent.guardrails` says how the patterns match.

    `paths` are full API paths (`kv/data/{namespace}/*`, `database/creds/*`, `pki/issue/*`)."""

    projects: tuple[str, ...] | None = None
    namespaces: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    deliver: tuple[str, ...] | None = None


class FluxSettings(NamedTuple):
    """What `--target flux` writes into its Kustomizations. Durations in Go's form."""

    source_kind: str = "GitRepository"
    source_name: str = "flux-system"
    source_namespace: str = ""
    namespace: str = "flux-system"
    interval: str = "1h"
    retry_interval: str = "2m"
    timeout: str = "5m"
    path: str = "./"
    prune: bool = True
    service_account_name: str = ""


class ArgoSettings(NamedTuple):
    """What `--target argocd` writes. Waves are integers; few, because each gap costs a sync about 2 s."""

    setup_wave: int = -2
    secret_wave: int = -1


class TransformationSpec(NamedTuple):
    """A shared SecretTransformation that the profile defines."""

    name: str
    templates: Mapping[str, str]
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class Profile(NamedTuple):
    """One VaultProfile: where Vault is and how one logs in there. `catalogue` is True when it came from outside the tree."""

    name: str
    manifest: Manifest
    catalogue: bool
    address: str
    vault_namespace: str = ""
    ca_cert_secret: str = ""
    ca_cert_path: str = ""
    tls_server_name: str = ""
    skip_tls_verify: bool = False
    client_cert_secret: str = ""
    headers: Mapping[str, str] = NO_MAP
    timeout: str = ""
    auth: Auth = Auth()
    kv_mount: str = "kv"
    kv_prefix: str = ""
    kv_version: Literal[1, 2] = 2
    dynamic_mount: str = ""
    pki_mount: str = ""
    deliver: Deliver = "secret"
    refresh_after: str = ""
    emit: Emit = "own"
    connection_ref: str = ""
    """With `emit: refs`: `[namespace/]name` of the VaultConnection in place; "" is the operator's default."""
    auth_ref: str = ""
    auth_global_ref: str = ""
    create_service_accounts: bool = True
    operator: Operator = Operator()
    allow: Guardrails | None = None
    guards: tuple["Profile", ...] = ()
    """The guarded profiles of the catalogue that bind a profile of the tree: what it may do, one of them must allow."""
    external: tuple[str, ...] = ()
    network: Mapping[str, Any] | None = None
    transformations: tuple[TransformationSpec, ...] = ()
    flux: FluxSettings = FluxSettings()
    argocd: ArgoSettings = ArgoSettings()

    def __eq__(self, other: object) -> bool:
        """By identity, as a key of dicts: two of the same content are two still."""
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)


class KvSource(NamedTuple):
    """A KV secret. `path` has the profile's prefix in it; `version` is the pinned version of the secret, None = latest."""

    mount: str
    path: str
    engine: Literal[1, 2] = 2
    version: int | None = None


class DynamicSource(NamedTuple):
    """Any engine that issues: `path` below the mount, such as `creds/payments-rw` or `static-creds/legacy`."""

    mount: str
    path: str
    method: str = ""
    params: Mapping[str, str] = NO_MAP
    renewal_percent: int | None = None
    revoke: bool | None = None
    allow_static_creds: bool | None = None


class PkiSource(NamedTuple):
    """A certificate. `settings` holds the further fields by their names in VaultPKISecret (privateKeyFormat, notAfter, ...).

    `alt_names` already holds the names that `services` give. `expiry_offset` is always set: a third of `ttl` unless said."""

    mount: str
    role: str
    common_name: str = ""
    alt_names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    ttl: str = ""
    expiry_offset: str = ""
    format: str = ""
    issuer_ref: str = ""
    revoke: bool | None = None
    settings: Mapping[str, Any] = NO_MAP


SourceSpec = KvSource | DynamicSource | PkiSource


class Part(NamedTuple):
    """One Vault source of an intent. `name` is "" for the single source, else the key under `sources`.

    `keys` maps the key in the Secret to the key in Vault; None = all keys."""

    name: str
    source: SourceSpec
    keys: Mapping[str, str] | None = None


class Consumer(NamedTuple):
    """Wiring that keywave shall do, from `consumers[number]` of the intent."""

    number: int
    workload: str
    kind: str = "Deployment"
    container: str = ""
    env_from: bool = False
    env: Mapping[str, str] = NO_MAP
    mount_path: str = ""
    items: Mapping[str, str] = NO_MAP
    mode: int | None = None


class RestartTarget(NamedTuple):
    """A workload to restart when the Secret changes. `kind`: Deployment, StatefulSet, DaemonSet, argo.Rollout."""

    kind: str
    name: str


class Intent(NamedTuple):
    """One SecretIntent with its profile. `name` is the Secret's name; `namespace` may be "" (the target decides)."""

    name: str
    namespace: str
    manifest: Manifest
    profile: Profile
    parts: tuple[Part, ...]
    deliver: Deliver = "secret"
    templates: Mapping[str, str] = NO_MAP
    transformations: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    exclude_raw: bool = True
    type: str = ""
    labels: Mapping[str, str] = NO_MAP
    annotations: Mapping[str, str] = NO_MAP
    create: bool = True
    overwrite: bool = False
    refresh_after: str = ""
    hmac_secret_data: bool | None = None
    instant_updates: bool | None = None
    service_account: str = ""
    """As the intent says; "" = found from the consumers, else the profile's."""
    vault_namespace: str = ""
    consumers: tuple[Consumer, ...] = ()
    restart: bool = True
    restart_targets: tuple[RestartTarget, ...] = ()
    vso: Mapping[str, Any] = NO_MAP
    csi: Mapping[str, Any] = NO_MAP
    eso: Mapping[str, Any] = NO_MAP
    injector: Mapping[str, Any] = NO_MAP
    fills: Mapping[str, str] = NO_MAP
    """Values of the placeholders that are known: namespace, name, profile, project. `placeholders.fill(profile.auth.role,
    {**intent.fills, "serviceAccount": account})` gives the role."""

    def __eq__(self, other: object) -> bool:
        """By identity, as a key of dicts: two of the same content are two still."""
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    @property
    def subject(self) -> str:
        return self.manifest.subject

    @property
    def fan_in(self) -> bool:
        """True when several Vault paths go into this one Secret."""
        return len(self.parts) > 1
