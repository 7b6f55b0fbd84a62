"""References and inventories for the tests of `verify`, as they would be found: short to write, whole values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keywave.findings import Finding
from keywave.objects.manifest import Manifest, Source
from keywave.references.model import Certificate, Connection, Identity, Kind, Reference
from keywave.vault.inventory import Fact, Inventory, KeyNames, KvSecret, Mount, State
from keywave.verify.view import View

VAULT = Connection("https://vault.example.com:8200", "vault")
LOGIN = Identity(
    True, "VaultAuth shop/payments", "kubernetes", "kubernetes", "payments", "", "shop", "payments", vault=VAULT
)
MOUNTS = (
    Mount("kv", "kv", 2),
    Mount("legacy", "kv", 1),
    Mount("database", "database"),
    Mount("pki", "pki"),
    Mount("identity", "identity"),
)
ROOT = ""


def an_object(name: str = "payments", kind: str = "SecretIntent") -> Manifest:
    body = {"apiVersion": "keywave.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}}
    return Manifest(body, Source("intents.yaml"))


def spots_of(manifest: Manifest, *names: str) -> dict[str, Any]:
    return {name: (manifest, ("spec", name)) for name in ("path", *names)}


def kv(path: str, *keys: str, mount: str = "kv", engine: int | None = 2, **more: Any) -> Reference:
    manifest = more.pop("manifest", None) or an_object()
    spots = spots_of(manifest, "mount", "version", "type", *(f"key:{key}" for key in keys))
    return Reference("kv", manifest, VAULT, LOGIN, ROOT, mount, path, spots, engine=engine, keys=keys, **more)


def asks(kind: Kind, path: str, mount: str, **more: Any) -> Reference:
    manifest = more.pop("manifest", None) or an_object()
    spots = spots_of(manifest, "mount", "refresh", "issuer", "commonName", "altNames", "ipSans", "ttl", "expiryOffset")
    identity = more.pop("identity", LOGIN)
    return Reference(kind, manifest, VAULT, identity, ROOT, mount, path, spots, **more)


def dynamic(path: str, mount: str = "database", **more: Any) -> Reference:
    return asks("dynamic", path, mount, **more)


def raw(path: str, family: str = "csi", **more: Any) -> Reference:
    return asks("raw", path, "", family=family, **more)


def pki(role: str = "web", mount: str = "pki", **certificate: Any) -> Reference:
    return asks("pki", role, mount, certificate=Certificate(**{"common_name": "www.example.com", **certificate}))


def present(value: Any) -> Fact[Any]:
    return Fact(State.PRESENT, value)


def secret(*keys: str, current: int = 1, states: Mapping[int, Any] | None = None, **more: Any) -> Fact[KvSecret]:
    """A secret whose latest version has these keys."""
    versions = states or dict.fromkeys(range(1, current + 1), "live")
    return present(
        KvSecret(current, versions, {current: KeyNames(tuple(sorted(keys)))}, more.pop("complete", True), **more)
    )


def vault(
    *,
    mounts: Iterable[Mount] = MOUNTS,
    secrets: Mapping[str, Fact[KvSecret]] | None = None,
    roles: Mapping[str, Any] | None = None,
    names: Mapping[str, tuple[str, ...]] | None = None,
    **more: Any,
) -> Inventory:
    """An inventory whose mounts are all known; a role is its settings, or a Fact."""
    mounts = tuple(mounts)
    listed = {(ROOT, folder): present(tuple(inside)) for folder, inside in (names or {}).items()}
    listed[ROOT, "sys/mounts/"] = present(tuple(mount.path for mount in mounts))
    given = {path: one if isinstance(one, Fact) else present(one) for path, one in (roles or {}).items()}
    return Inventory(
        address=VAULT.address,
        mounts={(ROOT, mount.path): present(mount) for mount in mounts},
        secrets={(ROOT, place): fact for place, fact in (secrets or {}).items()},
        roles={(ROOT, path): fact for path, fact in given.items()},
        names={**listed, **more.pop("listings", {})},
        **more,
    )


def view(inventory: Inventory | None, *references: Reference) -> View:
    return View(references, lambda _: inventory)


def told(findings: Iterable[Finding]) -> list[tuple[str, str, str, str, str]]:
    """Code, severity, the last key of the place, message, hint: all that a finding of these tests can differ in."""
    return [(f.code, str(f.severity), str(f.where.keys[-1]), f.message, f.hint) for f in findings]
