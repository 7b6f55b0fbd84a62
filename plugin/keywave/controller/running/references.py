"""What an object refers to, by name. Pure; rules of references as in docs/reconciler.md."""

from __future__ import annotations

from keywave.controller.model import Key, Resource
from keywave.controller.types import SECRET_KINDS
from keywave.objects.manifest import mapping, sequence


def refers_to(resource: Resource, operator_namespace: str) -> tuple[Key, ...]:
    """The VaultAuth of a secret object and its SecretTransformations; the connection and the global of a VaultAuth; the
    Secrets and ServiceAccounts that a login needs. A reference that makes no sense is none."""
    kind, spec = resource.key.kind, resource.spec
    if kind in SECRET_KINDS:
        found = [_key("VaultAuth", spec.get("vaultAuthRef"), resource, operator_namespace)]
        transformation = mapping(mapping(spec.get("destination")).get("transformation"))
        for entry in map(mapping, sequence(transformation.get("transformationRefs"))):
            namespace = str(entry.get("namespace") or resource.key.namespace)
            found.append(Key("SecretTransformation", namespace, str(entry.get("name") or "")))
        return tuple(key for key in found if key is not None and key.name)
    if kind == "VaultAuth":
        return tuple(_of_auth(resource, operator_namespace))
    if kind == "VaultAuthGlobal":
        key = _key("VaultConnection", spec.get("vaultConnectionRef"), resource, operator_namespace)
        return (key,) if key else ()
    if kind == "VaultConnection" and spec.get("caCertSecretRef"):
        return (Key("Secret", resource.key.namespace, str(spec["caCertSecretRef"])),)
    return ()


def _of_auth(resource: Resource, operator_namespace: str) -> list[Key]:
    spec, own = resource.spec, resource.key.namespace
    found = [_key("VaultConnection", spec.get("vaultConnectionRef"), resource, operator_namespace)]
    reference = spec.get("vaultAuthGlobalRef")
    if reference is not None:
        said = mapping(reference)
        name = str(said.get("name") or "default")
        spaces = (str(said["namespace"]),) if said.get("namespace") else (own, operator_namespace)
        found += [Key("VaultAuthGlobal", namespace, name) for namespace in spaces]
    return [key for key in found if key is not None]


def _key(kind: str, reference: object, resource: Resource, operator_namespace: str) -> Key | None:
    text = str(reference or "")
    if not text:
        return Key(kind, operator_namespace, "default")
    space, slash, name = text.partition("/")
    if not slash:
        return Key(kind, resource.key.namespace, text)
    return Key(kind, space, name) if name and "/" not in name else None
