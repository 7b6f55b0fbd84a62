"""What was found in Vault: names, settings, policies; never a value. Made by `survey` from a live Vault, or by `lockfile` from a file.

The checks of `verify` look only here, which is why a live run and a run from a lock of the same moment give the same findings.
Places are (Vault namespace, path); paths are API paths without leading slash: `kv` (mount), `kv/dev/payments` (secret, no `data/`),
`database/roles/ro`, `auth/kubernetes/role/app`, `payments` (policy). Folders of `names` end with a slash: `kv/dev/`, `database/roles/`,
`auth/kubernetes/role/`, `pki/issuers/`, `sys/mounts/`, `sys/auth/`, `sys/policies/acl/`. Durations are whole seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar

T = TypeVar("T")
Place = tuple[str, str]
"""(Vault namespace, path)."""
Settings = Mapping[str, Any]
"""Of a role, only fields that `vault.engines` lists: int (seconds), bool, str, or tuple of str."""
NOTHING: Mapping[Any, Any] = {}


class State(StrEnum):
    """PRESENT and ABSENT are proved. DENIED: the verifier may not look. UNCOVERED: the lock does not tell. UNCLEAR: Vault has no way to
    tell without reading a value (`note` says why)."""

    PRESENT = "present"
    ABSENT = "absent"
    DENIED = "denied"
    UNCOVERED = "uncovered"
    UNCLEAR = "unclear"


class Fact(NamedTuple, Generic[T]):
    """An answer: `value` is set exactly when PRESENT. `note` is for people (the request that was denied, the reason)."""

    state: State
    value: T | None = None
    note: str = ""

    @property
    def absent(self) -> bool:
        return self.state is State.ABSENT


class Mount(NamedTuple):
    """A secrets engine or an auth method. `kv_version` is 1 or 2 for KV, else 0. TTLs 0 = the system's default."""

    path: str
    type: str
    kv_version: int = 0
    default_ttl: int = 0
    max_ttl: int = 0
    accessor: str = ""


class KeyNames(NamedTuple):
    """Names of the keys of one version; with `hashed` they are HMACs by the lock's key and only `holds` can be asked."""

    names: tuple[str, ...]
    hash_key: bytes = b""

    def holds(self, name: str) -> bool:
        return (hashed(name, self.hash_key) if self.hash_key else name) in self.names

    @property
    def readable(self) -> tuple[str, ...]:
        """For "did you mean"; () when hashed."""
        return () if self.hash_key else self.names


def hashed(name: str, key: bytes) -> str:
    """`hmac-sha256:<32 hex>`: what a lock with hashed key names holds."""
    import hmac

    return "hmac-sha256:" + hmac.new(key, name.encode(), "sha256").hexdigest()[:32]


def role_id_mark(role_id: str) -> str:
    """`sha256:<64 hex>`: how an inventory holds a RoleID. It is a name, but one half of a login too: a lock that holds all AppRoles of a
    mount must not give those of others away. Whoever knows a RoleID can compare."""
    import hashlib

    return "sha256:" + hashlib.sha256(role_id.encode()).hexdigest()


VersionState = Literal["live", "deleted", "destroyed"]


class KvSecret(NamedTuple):
    """A KV secret. `current` is the latest version's number (0 on KV v1). `versions` are those that are known; `keys` the key names of
    those versions that were asked for. `complete`: `versions` holds all that exist.
    `deletes_at`: version -> RFC 3339 of a deletion to come."""

    current: int = 0
    versions: Mapping[int, VersionState] = NOTHING
    keys: Mapping[int, KeyNames] = NOTHING
    complete: bool = False
    deletes_at: Mapping[int, str] = NOTHING


class Entity(NamedTuple):
    """An identity that exists already: policies by itself and by its groups (direct and inherited)."""

    id: str
    name: str = ""
    policies: tuple[str, ...] = ()
    group_policies: tuple[str, ...] = ()
    metadata: Mapping[str, str] = NOTHING
    complete: bool = True
    """False when groups could not be looked up."""


class Inventory(NamedTuple):
    """All facts. What is in no table was not asked: `look` then decides by the listings in `names`."""

    source: Literal["live", "lock"] = "live"
    address: str = ""
    version: str = ""
    """Vault's, such as 1.21.1."""
    taken: str = ""
    """RFC 3339, of a lock; "" live."""
    file: str = ""
    mounts: Mapping[Place, Fact[Mount]] = NOTHING
    auths: Mapping[Place, Fact[Mount]] = NOTHING
    """path without auth/: ("", "kubernetes")."""
    secrets: Mapping[Place, Fact[KvSecret]] = NOTHING
    roles: Mapping[Place, Fact[Settings]] = NOTHING
    policies: Mapping[Place, Fact[str]] = NOTHING
    entities: Mapping[Place, Fact[Entity]] = NOTHING
    """(namespace, "<auth mount>/<alias name>")."""
    names: Mapping[Place, Fact[tuple[str, ...]]] = NOTHING
    lacking: tuple[tuple[str, str, str], ...] = ()
    """What the verifier was not allowed: (namespace, path, capability), sorted."""

    def mount(self, namespace: str, path: str) -> Fact[Mount]:
        return self._look(self.mounts, namespace, path, "sys/mounts/")

    def auth(self, namespace: str, path: str) -> Fact[Mount]:
        return self._look(self.auths, namespace, path, "sys/auth/")

    def secret(self, namespace: str, mount: str, path: str) -> Fact[KvSecret]:
        return self._look_below(self.secrets, namespace, mount, path)

    def role(self, namespace: str, path: str) -> Fact[Settings]:
        """Names of an auth method's roles are in small letters to Vault, whatever a request says; those of engines are as written."""
        folder, _, name = path.rpartition("/")
        if path.startswith("auth/") and (namespace, path) not in self.roles:
            path = f"{folder}/{name.lower()}"
        return self._look(self.roles, namespace, path, f"{folder}/")

    def policy(self, namespace: str, name: str) -> Fact[str]:
        return self._look(self.policies, namespace, name, "sys/policies/acl/")

    def listing(self, namespace: str, folder: str) -> tuple[str, ...]:
        """Names in a folder as far as known; for "did you mean"."""
        return self.names.get((namespace, folder), _UNASKED).value or ()

    def mount_of(self, namespace: str, api_path: str) -> Fact[Mount]:
        """The mount that holds an API path: the longest that is its prefix. Absent when all mounts are known and none does."""
        segments = api_path.strip("/").split("/")
        for end in range(len(segments), 0, -1):
            found = self.mounts.get((namespace, "/".join(segments[:end])))
            if found is not None and found.state is not State.ABSENT:
                return found
        everything = self.names.get((namespace, "sys/mounts/"))
        return Fact(State.ABSENT) if everything and everything.state is State.PRESENT else Fact(State.UNCOVERED)

    def _look(self, table: Mapping[Place, Fact[T]], namespace: str, path: str, folder: str) -> Fact[T]:
        found = table.get((namespace, path))
        if found is not None:
            return found
        listed = self.names.get((namespace, folder))
        if listed is None or listed.value is None:
            return Fact(State.UNCOVERED)
        name = path if folder.startswith("sys/") else path.rpartition("/")[2]
        return Fact(State.UNCOVERED if name in listed.value else State.ABSENT)

    def _look_below(self, table: Mapping[Place, Fact[T]], namespace: str, mount: str, path: str) -> Fact[T]:
        """A KV path: absent when a folder above it is listed and does not hold the way to it."""
        found = table.get((namespace, f"{mount}/{path}"))
        if found is not None:
            return found
        segments = path.split("/")
        for depth in range(len(segments) - 1, -1, -1):
            folder = "/".join([mount, *segments[:depth]]) + "/"
            listed = self.names.get((namespace, folder))
            if listed is None or listed.value is None:
                continue
            last = depth == len(segments) - 1
            way = segments[depth] if last else segments[depth] + "/"
            return Fact(State.UNCOVERED if way in listed.value else State.ABSENT)
        return Fact(State.UNCOVERED)


_UNASKED: Fact[Any] = Fact(State.UNCOVERED)
