"""What a reconcile may use of the world, as Protocols: the kinds know only these. Their makers: `kube.client`, `vault_access`,
`content`, `running`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from keywave.controller.login_plan import ConnectionPlan, LoginPlan
from keywave.controller.model import Key, Resource, Result
from keywave.kube.resources import Type
from keywave.vault.values import Payload, ValueRequest

Body = Mapping[str, Any]


class Kube(Protocol):
    """Kubernetes' API. All raise KubeError (`kube.api_server`) but where None says that the object is not there."""

    def get(self, type: Type, namespace: str, name: str) -> Body | None: ...
    def list(self, type: Type, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Body]: ...
    def create(self, type: Type, body: Body) -> Body: ...
    def apply(self, type: Type, body: Body, *, subresource: str = "", force: bool = True) -> Body:
        """Server-side apply by our field manager; `body` has apiVersion, kind, metadata.name and namespace."""
        ...

    def patch(self, type: Type, namespace: str, name: str, patch: Body, *, subresource: str = "") -> Body | None:
        """Merge patch. With metadata.resourceVersion in it: KubeError(conflict) when the object has moved on."""
        ...

    def replace(self, type: Type, body: Body, *, subresource: str = "") -> Body: ...
    def delete(self, type: Type, namespace: str, name: str, *, uid: str = "") -> bool:
        """False when it was gone already. With `uid` only that very object."""
        ...

    def post(self, type: Type, namespace: str, name: str, subresource: str, body: Body) -> Body:
        """To a subresource: a ServiceAccount's `token`."""
        ...


class Vault(Protocol):
    """Vault as a login sees it. All raise VaultFault (`vault.values`). Each call logs in, or uses the token that is there; after a 403
    that means a dead token it logs in anew, once."""

    def read(self, plan: LoginPlan, request: ValueRequest, *, max_age: float) -> Payload:
        """Shared: equal (plan, request) that are asked within `max_age` seconds get one answer; those that wait for the same one, too."""
        ...

    def issue(self, plan: LoginPlan, request: ValueRequest) -> Payload:
        """Never shared, never sent twice: each call may make credentials."""
        ...

    def renew_token(self, plan: LoginPlan, accessor: str) -> float | None:
        """Seconds that the token of that accessor lives on, after renewing it by its accessor; None where that is not allowed or the token
        is gone."""
        ...

    def log_in(self, plan: LoginPlan) -> Token:
        """A login that works, tried now where the last one is older than a minute."""
        ...

    def health(self, plan: ConnectionPlan) -> Health:
        """Asks without a login. Raises VaultFault: away, sealed, not initialised."""
        ...


class Health(NamedTuple):
    """What a Vault that answers and is unsealed says of itself. `forwards`: it is a standby that knows an active node, so that requests get
    their answers. `version` is "" where it does not say."""

    standby: bool
    forwards: bool
    version: str


class Token(NamedTuple):
    """What may be known of a token. `expires` by the clock (seconds since 1970), 0 = never."""

    accessor: str
    expires: float
    renewable: bool


class Lookup(Protocol):
    """The custom resources as the watches have them. None where there is none."""

    def find(self, key: Key) -> Resource | None: ...
    def referrers(self, key: Key) -> tuple[Resource, ...]:
        """What refers to it, directly: secret objects to a VaultAuth, VaultAuths to a connection or a VaultAuthGlobal, ..."""
        ...


class Observed(NamedTuple):
    """A Secret as it is in the cluster, without its values: `mac` is the keyed hash of its data (base64), as in status.secretMAC."""

    uid: str
    version: str
    type: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    owners: tuple[Body, ...]
    mac: str
    keys: tuple[str, ...]
    immutable: bool = False


class Secrets(Protocol):
    """Destinations. From the watch in cluster mode, by GET where there is no watch (one namespace, or a Secret without our labels)."""

    def observe(self, namespace: str, name: str) -> Observed | None: ...
    def owned(self, owner: Resource) -> tuple[str, ...]:
        """Names of the Secrets with that owner's labels, in its namespace; () where nothing may be listed."""
        ...

    @property
    def fresh_key(self) -> bool:
        """Whether the key of `mac` was made when this process started: a MAC that an object has from before is of another key."""
        ...

    def mac(self, data: Mapping[str, bytes]) -> str: ...
    def note(self, body: Body) -> Observed:
        """The API server's answer to a write of ours: known at once, before the watch tells of it."""
        ...

    def forget(self, namespace: str, name: str) -> None:
        """We deleted it."""
        ...


class Events(Protocol):
    """Kubernetes Events: handed over, sent later by another thread, equal ones counted, never in the way."""

    def tell(self, resource: Resource, reason: str, message: str, *, warning: bool = False) -> None: ...


class Memory(Protocol):
    """What one process remembers of an object between two reconciles; lost at a restart, and nothing may depend on it for being right."""

    def recall(self, key: Key, name: str) -> Any: ...
    def keep(self, key: Key, name: str, value: Any) -> None: ...
    def forget(self, key: Key) -> None: ...


class Counting(Protocol):
    """Metrics: `count` adds one, `set` sets a gauge, `observe` adds to a histogram; names are those of `watching.metrics`."""

    def count(self, name: str, *labels: str) -> None: ...
    def set(self, name: str, value: float, *labels: str) -> None: ...
    def observe(self, name: str, value: float, *labels: str) -> None: ...


class Log(Protocol):
    """A line of the log: a constant message, and fields, none of them a value."""

    def __call__(self, level: str, message: str, /, **fields: object) -> None: ...


def silent(level: str, message: str, /, **fields: object) -> None: ...


class World(NamedTuple):
    """All of it. `now` is seconds since 1970, `chance` 0 <= x < 1. `status_fields` is None on our own definitions, else what the
    incumbent's have (`crds.incumbent_status.fitted`). `enqueue` wakes another object."""

    kube: Kube
    vault: Vault
    lookup: Lookup
    secrets: Secrets
    events: Events
    memory: Memory
    counting: Counting
    now: Callable[[], float]
    chance: Callable[[], float]
    enqueue: Callable[[Key], None]
    operator_namespace: str
    status_fields: Mapping[str, Any] | None = None
    default_globals: bool = True
    exclude_raw: bool = False
    log: Log = silent


class Reconcile(Protocol):
    """What a module of `kinds/` offers as `reconcile`. `failures` is how often in a row it failed before."""

    def __call__(self, resource: Resource, world: World, failures: int) -> Result: ...
