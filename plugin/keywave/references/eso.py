"""Family `eso`: (Cluster)ExternalSecret with a (Cluster)SecretStore of provider vault, and the VaultDynamicSecret generator.

Rules (read in External Secrets' source, 2.9): with `path` the store's mount stands before each key, and a key that begins with just the
mount, or the mount and `data/`, is cut (`/secret/x` does not begin with `secret/`); without, a key of version v2 that has no `/data/`
gets it after its first segment. Vault's client makes one slash of several. Version v2 is the default. A property may be a path into
JSON: only a plain one is surely a key. `dataFrom.find` lists `<mount>/metadata/<path>` (version v2 only), and reads what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from keywave.findings import PathKey
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import same_namespace
from keywave.references.eso_login import identity_of, store_connection
from keywave.references.model import Connection, Identity, Reference, Spot
from keywave.references.setting import Setting, api_path, number, text, texts
from keywave.vault.engines import seconds

SUMMARY = "ExternalSecret with a store of provider vault; External Secrets reads, as the login of the store"
GROUP = "external-secrets.io"
GENERATORS = "generators.external-secrets.io"
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_METHODS = {"": "GET"}


class _External(NamedTuple):
    """An ExternalSecret as it will be in one namespace ("" = not known); `keys` lead to `spec` in the document."""

    manifest: Manifest
    keys: tuple[PathKey, ...]
    spec: Mapping[str, Any]
    namespace: str


def references(setting: Setting) -> Iterable[Reference]:
    """Of each entry of `data`, `dataFrom.extract` and `dataFrom.find`, and of each generator."""
    for external in _externals(setting):
        for keys, remote, store_ref in _entries(external):
            kind, name = text(store_ref.get("kind")) or "SecretStore", text(store_ref.get("name"))
            namespace = "" if kind == "ClusterSecretStore" else external.namespace
            store = setting.find(GROUP, kind, namespace, name)
            if store is None:
                yield from _storeless(
                    external, keys, remote, f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
                )
            elif _vault(store):
                made = _find if keys[-1] == "find" else _read
                yield from made(external, keys, remote, store, setting)
    for manifest in setting.of(GENERATORS, "VaultDynamicSecret"):
        yield from _generator(manifest, setting)


def _externals(setting: Setting) -> Iterable[_External]:
    """All of the set; a ClusterExternalSecret makes one in each namespace that it names, or selects by labels."""
    for manifest in setting.of(GROUP, "ExternalSecret"):
        yield _External(manifest, ("spec",), manifest.spec, setting.namespace_of(manifest))
    for manifest in setting.of(GROUP, "ClusterExternalSecret"):
        spec = mapping(manifest.spec.get("externalSecretSpec"))
        for namespace in texts(manifest.spec.get("namespaces")) or ("",):
            yield _External(manifest, ("spec", "externalSecretSpec"), spec, namespace)


def _entries(external: _External) -> Iterable[tuple[tuple[PathKey, ...], Mapping[str, Any], Mapping[str, Any]]]:
    """(keys of the remote reference, itself, the store that it names)."""
    general = mapping(external.spec.get("secretStoreRef"))
    for field, inner in (("data", "remoteRef"), ("dataFrom", "extract"), ("dataFrom", "find")):
        for index, entry in enumerate(sequence(external.spec.get(field))):
            remote = mapping(mapping(entry).get(inner))
            source = mapping(mapping(entry).get("sourceRef"))
            own = mapping(source.get("storeRef")) or general
            if remote and not source.get("generatorRef") and own.get("name"):
                yield (*external.keys, field, index, inner), remote, own


def _storeless(
    external: _External, keys: tuple[PathKey, ...], remote: Mapping[str, Any], store: str
) -> Iterable[Reference]:
    """Of a store that is not in the tree: neither its Vault nor its provider is known."""
    field = "path" if keys[-1] == "find" else "key"
    yield Reference(
        kind="raw",
        manifest=external.manifest,
        vault=Connection(),
        identity=Identity(False, store),
        vault_namespace="",
        mount="",
        path=text(remote.get(field)),
        spots={"path": (external.manifest, (*keys, field) if field in remote else keys)},
        family="eso",
        stored=False,
    )


def _vault(store: Manifest) -> Mapping[str, Any]:
    return mapping(mapping(store.spec.get("provider")).get("vault"))


def _read(
    external: _External, keys: tuple[PathKey, ...], remote: Mapping[str, Any], store: Manifest, setting: Setting
) -> Iterable[Reference]:
    vault, written, manifest = _vault(store), text(remote.get("key")), external.manifest
    if not written.strip("/"):
        return
    base = ("spec", "provider", "vault")
    connection = store_connection(vault, setting)
    mount, path = _apart(written, text(vault.get("path")), vault)
    wanted = text(remote.get("property"))
    spots: dict[str, Spot] = {"path": (manifest, (*keys, "key"))}
    if mount:
        spots["mount"] = (store, (*base, "path"))
    if "version" in vault:
        spots["type"] = (store, (*base, "version"))
    if "version" in remote:
        spots["version"] = (manifest, (*keys, "version"))
    if "refreshInterval" in external.spec:
        spots["refresh"] = (manifest, (*external.keys, "refreshInterval"))
    plain = (wanted,) if _PLAIN.match(wanted) else ()
    spots |= {f"key:{key}": (manifest, (*keys, "property")) for key in plain}
    yield Reference(
        kind="kv" if mount else "raw",
        manifest=manifest,
        vault=connection,
        identity=identity_of(store, vault, base, connection, external.namespace),
        vault_namespace=text(vault.get("namespace")),
        mount=mount,
        path=path,
        spots=spots,
        family="eso",
        engine=_engine(vault),
        version=number(remote.get("version")) or None,
        keys=plain,
        refresh_after=seconds(text(external.spec.get("refreshInterval"))),
    )


def _find(
    external: _External, keys: tuple[PathKey, ...], remote: Mapping[str, Any], store: Manifest, setting: Setting
) -> Iterable[Reference]:
    """`find` by name or tags: the listing it begins with. Version 1 has none, External Secrets says so itself."""
    vault, base = _vault(store), ("spec", "provider", "vault")
    mount = text(vault.get("path")).strip("/")
    if _engine(vault) == 1 or not mount:
        return
    connection = store_connection(vault, setting)
    yield Reference(
        kind="raw",
        manifest=external.manifest,
        vault=connection,
        identity=identity_of(store, vault, base, connection, external.namespace),
        vault_namespace=text(vault.get("namespace")),
        mount="",
        path=_clean(f"{mount}/metadata/{text(remote.get('path'))}"),
        spots={
            "path": (external.manifest, (*keys, "path") if "path" in remote else keys),
            "mount": (store, (*base, "path")),
        },
        family="eso",
        engine=2,
        method="LIST",
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
        return mount.strip("/"), _clean(written)
    if second and "/data/" not in written:
        first, _, rest = written.partition("/")
        written = f"{first}/data/{rest}"
    return "", _clean(written)


def _clean(path: str) -> str:
    """As Vault's client sends it: one slash for several, none at the ends."""
    return "/".join(segment for segment in path.split("/") if segment)


def _generator(manifest: Manifest, setting: Setting) -> Iterable[Reference]:
    vault, path = mapping(manifest.spec.get("provider")), api_path(text(manifest.spec.get("path")))
    if not path:
        return
    connection = store_connection(vault, setting)
    parameters = mapping(manifest.spec.get("parameters"))
    method = text(manifest.spec.get("method")).upper()
    spots: dict[str, Spot] = {"path": (manifest, ("spec", "path"))}
    users = [(seconds(text(user.spec.get("refreshInterval"))), user) for user in _users(manifest, setting)]
    longest, user = max(users, key=lambda one: (one[0], one[1].manifest.name), default=(0, None))
    if longest and user is not None:
        spots["refresh"] = (user.manifest, (*user.keys, "refreshInterval"))
    yield Reference(
        kind="raw",
        manifest=manifest,
        vault=connection,
        identity=identity_of(manifest, vault, ("spec", "provider"), connection, setting.namespace_of(manifest)),
        vault_namespace=text(vault.get("namespace")),
        mount="",
        path=path,
        spots=spots,
        family="eso",
        method=_METHODS.get(method, method),
        params={str(name): str(value) for name, value in parameters.items()},
        refresh_after=longest,
    )


def _users(generator: Manifest, setting: Setting) -> Iterable[_External]:
    """The ExternalSecrets that ask this generator, each time they refresh."""
    for external in _externals(setting):
        for entry in sequence(external.spec.get("dataFrom")):
            asks = mapping(mapping(mapping(entry).get("sourceRef")).get("generatorRef"))
            named = asks.get("kind") == generator.kind and asks.get("name") == generator.name
            if named and same_namespace(external.namespace, setting.namespace_of(generator)):
                yield external
