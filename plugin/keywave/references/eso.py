"""Family `eso`: ExternalSecret with a (Cluster)SecretStore of provider vault, and the VaultDynamicSecret generator.

Rules (read in External Secrets' source, 2.9): with `path` the store's mount stands before each key, and a key that repeats the mount, or
the mount and `data/`, is cut; without, a key of version v2 that has no `/data/` gets it after its first segment. Version v2 is the default.
A property may be a path into JSON: only a plain one is surely a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from keywave.findings import PathKey
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import same_namespace
from keywave.references.eso_login import identity_of, store_connection
from keywave.references.model import Reference, Spot
from keywave.references.setting import Setting, api_path, number, text
from keywave.vault.engines import seconds

SUMMARY = "ExternalSecret with a store of provider vault; External Secrets reads, as the login of the store"
GROUP = "external-secrets.io"
GENERATORS = "generators.external-secrets.io"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_METHODS = {"": "GET"}


def references(setting: Setting) -> Iterable[Reference]:
    """Of each entry of `data` and `dataFrom.extract`, and of each generator."""
    for manifest in setting.of(GROUP, "ExternalSecret"):
        for keys, remote, store_ref in _entries(manifest):
            store = _store(manifest, store_ref, setting)
            if store is not None:
                yield from _read(manifest, keys, remote, store, setting)
    for manifest in setting.of(GENERATORS, "VaultDynamicSecret"):
        yield from _generator(manifest, setting)


def _entries(manifest: Manifest) -> Iterable[tuple[tuple[PathKey, ...], Mapping[str, Any], Mapping[str, Any]]]:
    """(keys of the remote reference, itself, the store that it names)."""
    general = mapping(manifest.spec.get("secretStoreRef"))
    for field, inner in (("data", "remoteRef"), ("dataFrom", "extract")):
        for index, entry in enumerate(sequence(manifest.spec.get(field))):
            remote = mapping(mapping(entry).get(inner))
            source = mapping(mapping(entry).get("sourceRef"))
            own = mapping(source.get("storeRef"))
            if remote and not source.get("generatorRef"):
                yield ("spec", field, index, inner), remote, own or general


def _store(manifest: Manifest, reference: Mapping[str, Any], setting: Setting) -> Manifest | None:
    """The store in the tree, when it is Vault's; None for other providers and for stores that are not here."""
    kind = text(reference.get("kind")) or "SecretStore"
    namespace = "" if kind == "ClusterSecretStore" else manifest.namespace
    store = setting.find(GROUP, kind, namespace, text(reference.get("name")))
    return store if store is not None and _vault(store) else None


def _vault(store: Manifest) -> Mapping[str, Any]:
    return mapping(mapping(store.spec.get("provider")).get("vault"))


def _read(
    manifest: Manifest, keys: tuple[PathKey, ...], remote: Mapping[str, Any], store: Manifest, setting: Setting
) -> Iterable[Reference]:
    vault, written = _vault(store), api_path(text(remote.get("key")))
    if not written:
        return
    base = ("spec", "provider", "vault")
    connection = store_connection(vault, setting)
    mount, path = _apart(written, text(vault.get("path")).strip("/"), vault)
    wanted = text(remote.get("property"))
    spots: dict[str, Spot] = {"path": (manifest, (*keys, "key"))}
    if mount:
        spots["mount"] = (store, (*base, "path"))
    if "version" in vault:
        spots["type"] = (store, (*base, "version"))
    if "version" in remote:
        spots["version"] = (manifest, (*keys, "version"))
    if "refreshInterval" in manifest.spec:
        spots["refresh"] = (manifest, ("spec", "refreshInterval"))
    plain = (wanted,) if _PLAIN.match(wanted) else ()
    spots |= {f"key:{key}": (manifest, (*keys, "property")) for key in plain}
    yield Reference(
        kind="kv" if mount else "raw",
        manifest=manifest,
        vault=connection,
        identity=identity_of(store, vault, base, connection, manifest.namespace),
        vault_namespace=text(vault.get("namespace")),
        mount=mount,
        path=path,
        spots=spots,
        family="eso",
        engine=_engine(vault),
        version=number(remote.get("version")) or None,
        keys=plain,
        refresh_after=seconds(text(manifest.spec.get("refreshInterval"))),
    )


def _engine(vault: Mapping[str, Any]) -> int:
    return 1 if vault.get("version") == "v1" else 2


def _apart(written: str, mount: str, vault: Mapping[str, Any]) -> tuple[str, str]:
    """(mount, path), or ("", API path) where the store names no mount."""
    second = _engine(vault) == 2
    if mount:
        if written.startswith(f"{mount}/"):
            written = written.removeprefix(f"{mount}/")
            written = written.removeprefix("data/") if second else written
        return mount, written
    if second and "/data/" not in written:
        first, _, rest = written.partition("/")
        return "", f"{first}/data/{rest}"
    return "", written


def _generator(manifest: Manifest, setting: Setting) -> Iterable[Reference]:
    vault, path = mapping(manifest.spec.get("provider")), api_path(text(manifest.spec.get("path")))
    if not path:
        return
    connection = store_connection(vault, setting)
    parameters = mapping(manifest.spec.get("parameters"))
    method = text(manifest.spec.get("method")).upper()
    spots: dict[str, Spot] = {"path": (manifest, ("spec", "path"))}
    users = [(seconds(text(user.spec.get("refreshInterval"))), user) for user in _users(manifest, setting)]
    longest, user = max(users, key=lambda one: (one[0], one[1].name), default=(0, manifest))
    if longest:
        spots["refresh"] = (user, ("spec", "refreshInterval"))
    yield Reference(
        kind="raw",
        manifest=manifest,
        vault=connection,
        identity=identity_of(manifest, vault, ("spec", "provider"), connection, manifest.namespace),
        vault_namespace=text(vault.get("namespace")),
        mount="",
        path=path,
        spots=spots,
        family="eso",
        method=_METHODS.get(method, method),
        params={str(name): str(value) for name, value in parameters.items()},
        refresh_after=longest,
    )


def _users(generator: Manifest, setting: Setting) -> Iterable[Manifest]:
    """The ExternalSecrets that ask this generator, each time they refresh."""
    for manifest in setting.of(GROUP, "ExternalSecret"):
        for entry in sequence(manifest.spec.get("dataFrom")):
            asks = mapping(mapping(mapping(entry).get("sourceRef")).get("generatorRef"))
            named = asks.get("kind") == generator.kind and asks.get("name") == generator.name
            if named and same_namespace(manifest.namespace, generator.namespace):
                yield manifest
