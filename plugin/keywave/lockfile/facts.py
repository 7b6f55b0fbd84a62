"""Facts of an inventory as plain JSON values, and back: one pair of functions a table. Defaults are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from keywave.vault.inventory import Entity, KeyNames, KvSecret, Mount, hashed


class Codec(NamedTuple):
    """`put(value, place, hash key)` and `get(wire, place, hash key)` are each other's reverse. `hidden`: the names of keys are hashed."""

    put: Callable[[Any, str, bytes], Any]
    get: Callable[[Any, str, bytes], Any]


def _put_mount(mount: Mount, place: str, _: bytes) -> dict[str, Any]:
    return _without_defaults(
        {
            "kvVersion": mount.kv_version,
            "defaultTtl": mount.default_ttl,
            "maxTtl": mount.max_ttl,
            "accessor": mount.accessor,
        }
    ) | {"type": mount.type, **({"path": mount.path} if mount.path != place else {})}


def _get_mount(wire: Mapping[str, Any], place: str, _: bytes) -> Mount:
    return Mount(
        wire.get("path", place),
        wire["type"],
        int(wire.get("kvVersion", 0)),
        int(wire.get("defaultTtl", 0)),
        int(wire.get("maxTtl", 0)),
        wire.get("accessor", ""),
    )


def _put_secret(secret: KvSecret, _: str, key: bytes) -> dict[str, Any]:
    return _without_defaults(
        {
            "current": secret.current,
            "complete": secret.complete,
            "versions": _put_versions(secret.versions),
            "keys": _put_versions({n: _put_names(names, key) for n, names in secret.keys.items()}),
            "deletesAt": _put_versions(secret.deletes_at),
        }
    )


def _put_names(names: KeyNames, key: bytes) -> list[str]:
    """Names that are hashed already stay: their plain form is not known."""
    return sorted(names.names if names.hash_key or not key else (hashed(name, key) for name in names.names))


def _get_secret(wire: Mapping[str, Any], _: str, key: bytes) -> KvSecret:
    return KvSecret(
        int(wire.get("current", 0)),
        _get_versions(wire.get("versions", {})),
        {n: KeyNames(tuple(names), key) for n, names in _get_versions(wire.get("keys", {})).items()},
        bool(wire.get("complete", False)),
        _get_versions(wire.get("deletesAt", {})),
    )


def _put_versions(table: Mapping[int, Any]) -> dict[str, Any]:
    return {str(number): table[number] for number in sorted(table)}


def _get_versions(table: Mapping[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in table.items()}


def _put_entity(entity: Entity, _: str, __: bytes) -> dict[str, Any]:
    wire: dict[str, Any] = {"id": entity.id, **_without_defaults({"name": entity.name})}
    wire |= _without_defaults({"policies": list(entity.policies), "groupPolicies": list(entity.group_policies)})
    wire |= _without_defaults({"metadata": dict(entity.metadata)})
    return wire if entity.complete else {**wire, "complete": False}


def _get_entity(wire: Mapping[str, Any], _: str, __: bytes) -> Entity:
    return Entity(
        wire["id"],
        wire.get("name", ""),
        tuple(wire.get("policies", ())),
        tuple(wire.get("groupPolicies", ())),
        dict(wire.get("metadata", {})),
        bool(wire.get("complete", True)),
    )


def _put_settings(settings: Mapping[str, Any], _: str, __: bytes) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def _get_settings(wire: Mapping[str, Any], _: str, __: bytes) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in wire.items()}


def _without_defaults(wire: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wire.items() if value}


CODECS: Mapping[str, Codec] = {
    "mounts": Codec(_put_mount, _get_mount),
    "auths": Codec(_put_mount, _get_mount),
    "names": Codec(lambda names, _, __: sorted(names), lambda wire, _, __: tuple(wire)),
    "secrets": Codec(_put_secret, _get_secret),
    "roles": Codec(_put_settings, _get_settings),
    "policies": Codec(lambda text, _, __: text.split("\n"), lambda wire, _, __: "\n".join(wire)),
    "entities": Codec(_put_entity, _get_entity),
}
