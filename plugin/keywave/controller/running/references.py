"""What an object refers to, by name. Pure; rules of references as in docs/reconciler.md."""

from __future__ import annotations

from collections.abc import Callable

from keywave.controller.kinds.holding_credentials import secrets_of
from keywave.controller.model import Key, Resource
from keywave.controller.types import SECRET_KINDS
from keywave.objects.manifest import mapping, sequence

Find = Callable[[Key], Resource | None]


def refers_to(resource: Resource, operator_namespace: str, find: Find) -> tuple[Key, ...]:
    """The VaultAuth of a secret object and its SecretTransformations; the connection and the global of a VaultAuth; the Secrets and
    ServiceAccounts that a login needs. A reference that makes no sense is none. `find`: VaultAuthGlobals, as far as they are known: one may
    name the connection, and then means it from the VaultAuth's namespace, as Vault Secrets Operator does."""
    kind, spec = resource.key.kind, resource.spec
    if kind in SECRET_KINDS:
        found = [_key("VaultAuth", spec.get("vaultAuthRef"), resource, operator_namespace)]
        transformation = mapping(mapping(spec.get("destination")).get("transformation"))
        for entry in map(mapping, sequence(transformation.get("transformationRefs"))):
            namespace = str(entry.get("namespace") or resource.key.namespace)
            found.append(Key("SecretTransformation", namespace, str(entry.get("name") or "")))
        return tuple(key for key in found if key is not None and key.name)
    if kind == "VaultAuth":
        return tuple(_of_auth(resource, operator_namespace, find))
    if kind == "VaultConnection":
        return tuple(Key("Secret", place.namespace, place.name) for place in secrets_of(resource))
    return ()


def _of_auth(resource: Resource, operator_namespace: str, find: Find) -> list[Key]:
    spec, own = resource.spec, resource.key.namespace
    globals_: list[Key] = []
    reference = spec.get("vaultAuthGlobalRef")
    if reference is not None:
        said = mapping(reference)
        name = str(said.get("name") or "default")
        spaces = (str(said["namespace"]),) if said.get("namespace") else (own, operator_namespace)
        globals_ = [Key("VaultAuthGlobal", namespace, name) for namespace in dict.fromkeys(spaces)]
    shared = next((found for found in map(find, globals_) if found is not None), None)
    named = spec.get("vaultConnectionRef") or (shared.spec.get("vaultConnectionRef") if shared is not None else None)
    connection = _key("VaultConnection", named, resource, operator_namespace)
    return [*([connection] if connection is not None else []), *globals_]


def _key(kind: str, reference: object, resource: Resource, operator_namespace: str) -> Key | None:
    text = str(reference or "")
    if not text:
        return Key(kind, operator_namespace, "default")
    space, slash, name = text.partition("/")
    if not slash:
        return Key(kind, resource.key.namespace, text)
    return Key(kind, space, name) if name and "/" not in name else None
