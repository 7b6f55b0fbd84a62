"""What one object names in its spec, as values: the kind, namespace and name that must be there first. Pure, one object at a time.

References are read as the operators read them: `a` is in the object's own namespace, `ns/a` in another one, and an empty one is
`default` in the operator's namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from keywave.objects.ids import CLIENT_CERTIFICATE, VSO_GROUP
from keywave.objects.manifest import Body, Manifest, mapping, sequence
from keywave.objects.workloads import pod_template
from keywave.order.kinds import COMPOSITE_GROUP, ESO_GROUP


class Need(NamedTuple):
    """One thing that must be there first. Kind `Secret` means whatever makes that Secret."""

    kind: str
    namespace: str
    name: str
    why: str


def needs_of(kind: str, namespace: str, manifest: Manifest, operator_namespace: str) -> Iterator[Need]:
    """The needs of a setup or secret object; `namespace` is where its plain names are looked up."""
    reader = _READERS.get(kind)
    if reader is not None:
        yield from reader(manifest.spec, namespace, operator_namespace)
    certificate = _text(manifest.annotations.get(CLIENT_CERTIFICATE)) if kind == "VaultConnection" else ""
    if certificate:
        yield Need("Secret", namespace, certificate, "is the client certificate of")


def secret_made(group: str, kind: str, manifest: Manifest) -> str:
    """The name of the Secret that an object makes or is, or "". Objects that only fill an existing Secret make none."""
    if kind == "Secret" and not group:
        return manifest.name
    if group in (VSO_GROUP, COMPOSITE_GROUP):
        destination = mapping(manifest.spec.get("destination"))
        return _text(destination.get("name")) if destination.get("create") is True else ""
    if group == ESO_GROUP and kind == "ExternalSecret":
        target = mapping(manifest.spec.get("target"))
        return "" if target.get("creationPolicy") in ("Merge", "None") else _text(target.get("name")) or manifest.name
    if group == "bitnami.com" and kind == "SealedSecret":
        template = mapping(mapping(manifest.spec.get("template")).get("metadata"))
        return _text(template.get("name")) or manifest.name
    if group == "cert-manager.io" and kind == "Certificate":
        return _text(manifest.spec.get("secretName"))
    return ""


def filled_secret(manifest: Manifest) -> str:
    """The Secret that must exist because the object only fills it (`destination.create` is not true), or ""."""
    if manifest.group not in (VSO_GROUP, COMPOSITE_GROUP):
        return ""
    destination = mapping(manifest.spec.get("destination"))
    return "" if destination.get("create") is True else _text(destination.get("name"))


def pod_needs(namespace: str, manifest: Manifest) -> Iterator[Need]:
    """ConfigMaps, Secrets and claims that a workload's pods cannot start without."""
    found = pod_template(manifest)
    spec = mapping(found[0].get("spec")) if found else {}
    for container in [*sequence(spec.get("initContainers")), *sequence(spec.get("containers"))]:
        for entry in sequence(mapping(container).get("envFrom")):
            yield from _named(mapping(entry), namespace)
        for entry in sequence(mapping(container).get("env")):
            yield from _named(mapping(mapping(entry).get("valueFrom")), namespace)
    for volume in sequence(spec.get("volumes")):
        yield from _named(mapping(volume), namespace)
        for part in sequence(mapping(mapping(volume).get("projected")).get("sources")):
            yield from _named(mapping(part), namespace)


_POD_REFS = {
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "secret": ("Secret", "secretName"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}


def _named(holder: Body, namespace: str) -> Iterator[Need]:
    for key, (kind, field) in _POD_REFS.items():
        ref = mapping(holder.get(key))
        name = _text(ref.get(field)) or _text(ref.get("name"))
        if name and ref.get("optional") is not True:
            yield Need(kind, namespace, name, "is mounted or read by its pods")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _ref(kind: str, value: object, namespace: str, operator_namespace: str, why: str) -> Iterator[Need]:
    """A `[namespace/]name`; empty means `default` in the operator's namespace."""
    space, slash, name = _text(value).rpartition("/")
    if name:
        yield Need(kind, space if slash else namespace, name, why)
    elif operator_namespace:
        yield Need(kind, operator_namespace, "default", why)


_METHODS = {
    "kubernetes": {"serviceAccount": "ServiceAccount"},
    "jwt": {"serviceAccount": "ServiceAccount", "secretRef": "Secret"},
    "appRole": {"secretRef": "Secret"},
    "aws": {"irsaServiceAccount": "ServiceAccount", "secretRef": "Secret"},
    "gcp": {"workloadIdentityServiceAccount": "ServiceAccount"},
}


def _connection(spec: Body, namespace: str, _operator: str) -> Iterator[Need]:
    name = _text(spec.get("caCertSecretRef"))
    if name:
        yield Need("Secret", namespace, name, "is the CA of")


def _methods(spec: Body, namespace: str) -> Iterator[Need]:
    for method in _METHODS.keys() & spec.keys():
        fields, settings = _METHODS[method], mapping(spec.get(method))
        for field, kind in fields.items():
            name = _text(settings.get(field))
            if name:
                yield Need(kind, namespace, name, f"logs in ({method}.{field})")


def _auth_global(spec: Body, namespace: str, operator: str) -> Iterator[Need]:
    yield from _ref("VaultConnection", spec.get("vaultConnectionRef"), namespace, operator, "vaultConnectionRef")
    yield from _methods(spec, namespace)


def _auth(spec: Body, namespace: str, operator: str) -> Iterator[Need]:
    shared = mapping(spec.get("vaultAuthGlobalRef"))
    if _text(shared.get("name")):
        at = _text(shared.get("namespace")) or namespace
        yield Need("VaultAuthGlobal", at, _text(shared.get("name")), "vaultAuthGlobalRef")
    elif shared.get("allowDefault") is True:
        for at in dict.fromkeys((namespace, operator)):
            yield Need("VaultAuthGlobal", at, "default", "vaultAuthGlobalRef")
    if not shared or _text(spec.get("vaultConnectionRef")):
        yield from _ref("VaultConnection", spec.get("vaultConnectionRef"), namespace, operator, "vaultConnectionRef")
    yield from _methods(spec, namespace)


def _transformations(destination: Body, namespace: str) -> Iterator[Need]:
    for entry in sequence(mapping(destination.get("transformation")).get("transformationRefs")):
        ref = mapping(entry)
        if _text(ref.get("name")):
            at = _text(ref.get("namespace")) or namespace
            yield Need("SecretTransformation", at, _text(ref.get("name")), "transformationRefs")


def _secret(spec: Body, namespace: str, operator: str) -> Iterator[Need]:
    """The VSO secret kinds; a VaultCompositeSecret may name an auth in each of its sources as well."""
    yield from _ref("VaultAuth", spec.get("vaultAuthRef"), namespace, operator, "vaultAuthRef")
    sources = spec.get("sources")
    for source in sources.values() if isinstance(sources, dict) else sequence(sources):
        if _text(mapping(source).get("vaultAuthRef")):
            yield from _ref("VaultAuth", mapping(source).get("vaultAuthRef"), namespace, operator, "vaultAuthRef")
    destination = mapping(spec.get("destination"))
    yield from _transformations(destination, namespace)
    name = _text(destination.get("name"))
    if name and destination.get("create") is not True:
        yield Need("Secret", namespace, name, "is filled by (destination.create is not true)")


def _hcp(spec: Body, namespace: str, operator: str) -> Iterator[Need]:
    yield from _ref("HCPAuth", spec.get("hcpAuthRef"), namespace, operator, "hcpAuthRef")
    yield from _transformations(mapping(spec.get("destination")), namespace)


def _hcp_auth(spec: Body, namespace: str, _operator: str) -> Iterator[Need]:
    name = _text(mapping(spec.get("servicePrincipal")).get("secretRef"))
    if name:
        yield Need("Secret", namespace, name, "logs in (servicePrincipal.secretRef)")


def _store(spec: Body, namespace: str, _operator: str) -> Iterator[Need]:
    """Every provider of External Secrets names its credentials by fields that end alike, at any depth."""
    stack: list[object] = [spec.get("provider")]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        for key, inner in mapping(value).items():
            ref = mapping(inner)
            name = _text(ref.get("name"))
            at = _text(ref.get("namespace")) or namespace
            if name and key.endswith(("ecretRef", "serviceAccountRef")):
                yield Need("Secret" if key.endswith("ecretRef") else "ServiceAccount", at, name, f"logs in ({key})")
            elif name and key == "caProvider":
                yield Need("ConfigMap" if ref.get("type") == "ConfigMap" else "Secret", at, name, "is the CA of")
            else:
                stack.append(inner)


def _external(spec: Body, namespace: str, _operator: str) -> Iterator[Need]:
    refs = [mapping(spec.get("secretStoreRef"))]
    for entry in [*sequence(spec.get("data")), *sequence(spec.get("dataFrom"))]:
        refs.append(mapping(mapping(mapping(entry).get("sourceRef")).get("storeRef")))
    for ref in refs:
        name = _text(ref.get("name"))
        if name:
            wide = ref.get("kind") == "ClusterSecretStore"
            yield Need(
                "ClusterSecretStore" if wide else "SecretStore", "" if wide else namespace, name, "secretStoreRef"
            )


def _external_cluster(spec: Body, namespace: str, operator: str) -> Iterator[Need]:
    return _external(mapping(spec.get("externalSecretSpec")), namespace, operator)


_READERS: dict[str, Callable[[Body, str, str], Iterator[Need]]] = {
    "VaultConnection": _connection,
    "VaultAuthGlobal": _auth_global,
    "VaultAuth": _auth,
    "HCPAuth": _hcp_auth,
    "VaultStaticSecret": _secret,
    "VaultDynamicSecret": _secret,
    "VaultPKISecret": _secret,
    "VaultCompositeSecret": _secret,
    "HCPVaultSecretsApp": _hcp,
    "SecretStore": _store,
    "ClusterSecretStore": _store,
    "ExternalSecret": _external,
    "ClusterExternalSecret": _external_cluster,
}
