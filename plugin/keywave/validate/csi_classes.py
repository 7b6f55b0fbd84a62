"""Hand-written SecretProviderClasses of the Vault provider: what it ignores without a word, and `objects` that it cannot read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keywave.findings import Finding, did_you_mean
from keywave.objects.known_kinds import CSI_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.yamlio import YamlError, parse
from keywave.validate.view import View, opaque, text

PARAMETERS = (
    "roleName",
    "vaultAddress",
    "vaultNamespace",
    "vaultKubernetesMountPath",
    "vaultAuthMountPath",
    "audience",
    "vaultSkipTLSVerify",
    "vaultCACertPath",
    "vaultCADirectory",
    "vaultTLSServerName",
    "vaultTLSClientCertPath",
    "vaultTLSClientKeyPath",
    "objects",
)

INSTEAD: Mapping[str, str] = {
    "namespace": "the Vault namespace is vaultNamespace",
    "role": "the role is roleName",
    "vaultRole": "the role is roleName",
    "vaultRoleName": "the role is roleName",
    "vaultAuthMethod": "there is no such parameter: the login is Kubernetes or JWT, at vaultKubernetesMountPath",
    "vaultCAPem": "it was removed: mount the CA into the provider's pod and write vaultCACertPath",
    "rotationPollInterval": "that is a flag of the driver, not a parameter of a class",
    "secretVersion": "write the version into the path: secretPath: kv/data/app?version=2",
}

OBJECT_FIELDS = ("objectName", "secretPath", "secretKey", "method", "secretArgs", "encoding", "filePermission")

OBJECT_INSTEAD: Mapping[str, str] = {
    "fileName": "that is another provider's field: the file's name is objectName",
    "path": "the file's name is objectName, the path in Vault is secretPath",
    "key": "the key in Vault is secretKey",
    "objectAlias": "that is another provider's field: the file's name is objectName",
    "objectType": "that is another provider's field: leave it out",
    "secretVersion": "write the version into the path: secretPath: kv/data/app?version=2",
    "version": "write the version into the path: secretPath: kv/data/app?version=2",
}

TEMPLATES = ("${", "$(", "{{")


def check_secret_provider_classes(view: View) -> Iterator[Finding]:
    """Parameters, role and objects of every class of provider `vault`."""
    for manifest in view.written_of(CSI_GROUP, "SecretProviderClass"):
        if manifest.spec.get("provider") == "vault":
            yield from _parameters(manifest)
            yield from _objects(manifest, view.target)


def _parameters(manifest: Manifest) -> Iterator[Finding]:
    parameters = mapping(manifest.spec.get("parameters"))
    for name in parameters:
        if name not in PARAMETERS:
            hint = INSTEAD.get(name) or did_you_mean(name, PARAMETERS)
            said = f'the Vault provider has no parameter "{name}" and ignores it'
            yield manifest.finding("KW5301", said, "spec", "parameters", name, hint=hint)
    if not parameters.get("roleName"):
        said = "roleName is missing: the provider does not log in without it"
        yield manifest.finding("KW5302", said, "spec", "parameters", hint="write parameters.roleName: the Vault role")
    if parameters.get("vaultKubernetesMountPath") and parameters.get("vaultAuthMountPath"):
        said = "vaultKubernetesMountPath and vaultAuthMountPath exclude each other"
        yield manifest.finding("KW5302", said, "spec", "parameters", "vaultAuthMountPath", hint="keep one of them")


def _objects(manifest: Manifest, target: str) -> Iterator[Finding]:
    keys = ("spec", "parameters", "objects")
    raw = mapping(manifest.spec.get("parameters")).get("objects")
    if opaque(raw) and target == "flux":
        return
    hint = "write a YAML list as text: objects: |, and below it - objectName, secretPath, secretKey"
    if raw is None or raw == "":
        yield manifest.finding("KW5303", "objects is missing: nothing would be mounted", *keys[:2], hint=hint)
        return
    if not isinstance(raw, str):
        yield manifest.finding("KW5303", "objects must be a text that holds a YAML list", *keys, hint=hint)
        return
    entries = _read(raw)
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        yield manifest.finding("KW5303", "the text in objects is not a YAML list of objects", *keys, hint=hint)
        return
    names: set[str] = set()
    for index, entry in enumerate(entries):
        yield from _entry(manifest, mapping(entry), index, names)
    yield from _secret_objects(manifest, names)


def _read(raw: str) -> Any:
    try:
        return parse(raw)
    except YamlError:
        return None


def _entry(manifest: Manifest, entry: Mapping[str, Any], index: int, names: set[str]) -> Iterator[Finding]:
    keys, label = ("spec", "parameters", "objects"), f"objects[{index}]"
    for name, value in entry.items():
        if name not in OBJECT_FIELDS:
            hint = OBJECT_INSTEAD.get(name) or did_you_mean(name, OBJECT_FIELDS)
            yield manifest.finding("KW5304", f'{label}: the Vault provider has no field "{name}"', *keys, hint=hint)
        elif name in ("objectName", "secretPath") and any(sign in text(value) for sign in TEMPLATES):
            hint = "names and paths are taken as they stand: one class per pod, or a path that the pods share"
            yield manifest.finding(
                "KW5305", f"{label}: {name} holds a placeholder that nobody fills in", *keys, hint=hint
            )
    for name in ("objectName", "secretPath"):
        if not entry.get(name):
            yield manifest.finding("KW5304", f"{label}: {name} is missing", *keys, hint=f"write {name}")
    name = text(entry.get("objectName"))
    if name and name in names:
        yield manifest.finding("KW5304", f'{label}: objectName "{name}" is there twice', *keys, hint="one file each")
    names.add(name)


def _secret_objects(manifest: Manifest, names: set[str]) -> Iterator[Finding]:
    """A synced Secret's data must name files of this class."""
    for index, item in enumerate(sequence(manifest.spec.get("secretObjects"))):
        for number, entry in enumerate(sequence(mapping(item).get("data"))):
            name = text(mapping(entry).get("objectName"))
            if name and name not in names and not opaque(name):
                hint = did_you_mean(name, sorted(names)) or "it must be an objectName of parameters.objects"
                keys = ("spec", "secretObjects", index, "data", number, "objectName")
                yield manifest.finding("KW5306", f'there is no object "{name}" in this class', *keys, hint=hint)


def check_provider_paths(view: View) -> Iterator[Finding]:
    """The provider asks Vault's API for the path as it stands: on a KV mount of version 2 it has data/ in it."""
    mounts = sorted({profile.kv_mount for profile in view.profiles if profile.kv_version == 2})
    for manifest in view.written_of(CSI_GROUP, "SecretProviderClass"):
        raw = mapping(manifest.spec.get("parameters")).get("objects")
        if not mounts or manifest.spec.get("provider") != "vault" or not isinstance(raw, str):
            continue
        for index, entry in enumerate(sequence(_read(raw))):
            path = text(mapping(entry).get("secretPath")).removeprefix("/").removeprefix("v1/")
            mount = next((m for m in mounts if path.startswith(f"{m}/") and not path.startswith(f"{m}/data/")), None)
            if mount is not None:
                said = f"objects[{index}]: {mount} is a KV engine of version 2, and its API has data/ in the path"
                hint = f"write secretPath: {mount}/data/{path.removeprefix(f'{mount}/')}"
                yield manifest.warning("KW5307", said, "spec", "parameters", "objects", hint=hint)
