"""Family `csi`: SecretProviderClass of provider vault. Each pod that mounts the class logs in as its own ServiceAccount.

Rules (read in the provider's source, 1.7): `secretPath` is sent as it is written, a query such as `?version=2` with it; a volume's
attributes overlay the class's parameters; the login is Kubernetes or JWT at `vaultKubernetesMountPath` or `vaultAuthMountPath`, default
kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keywave.findings import PathKey
from keywave.objects.known_kinds import CSI_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.workloads import pod_template, same_namespace, service_account_of
from keywave.objects.yamlio import YamlError, parse
from keywave.references.model import Connection, Identity, Reference, Spot
from keywave.references.queries import with_query
from keywave.references.setting import Setting, flag, text

SUMMARY = "SecretProviderClass of provider vault; the provider reads, as the ServiceAccount of each pod that mounts it"
DRIVER = "secrets-store.csi.k8s.io"
_PARAMETERS: tuple[PathKey, ...] = ("spec", "parameters")


def references(setting: Setting) -> Iterable[Reference]:
    """One for each path and distinct ServiceAccount; with an empty ServiceAccount where no pod of the tree mounts the class."""
    mounts = _mounts(setting)
    for manifest in setting.of(CSI_GROUP, "SecretProviderClass"):
        if manifest.spec.get("provider") != "vault":
            continue
        own = mapping(manifest.spec.get("parameters"))
        pods = [pod for pod in mounts.get(manifest.name, ()) if same_namespace(pod[0], setting.namespace_of(manifest))]
        for account, attributes in [pod[1:] for pod in pods] or [("", {})]:
            yield from _class(manifest, {**own, **attributes}, account, setting)


def _mounts(setting: Setting) -> dict[str, list[tuple[str, str, Mapping[str, Any]]]]:
    """Class -> (namespace, ServiceAccount, attributes) of each volume of the driver."""
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for manifest in setting.manifests:
        template = pod_template(manifest)
        if template is None:
            continue
        for volume in sequence(mapping(template[0].get("spec")).get("volumes")):
            driver = mapping(mapping(volume).get("csi"))
            attributes = mapping(driver.get("volumeAttributes"))
            name = text(attributes.get("secretProviderClass"))
            if driver.get("driver") == DRIVER and name:
                place = (setting.namespace_of(manifest), service_account_of(manifest), attributes)
                found.setdefault(name, []).append(place)
    return found


def _class(manifest: Manifest, parameters: Mapping[str, Any], account: str, setting: Setting) -> Iterable[Reference]:
    address = text(parameters.get("vaultAddress"))
    vault = Connection(
        address,
        setting.profile_at(address),
        tls_server_name=text(parameters.get("vaultTLSServerName")),
        skip_tls_verify=flag(parameters.get("vaultSkipTLSVerify")),
    )
    identity = _identity(manifest, parameters, account, vault)._replace(namespace=setting.namespace_of(manifest))
    spots: dict[str, Spot] = {"path": (manifest, (*_PARAMETERS, "objects"))}
    for entry in _objects(text(parameters.get("objects"))):
        path, version = with_query(text(entry.get("secretPath")))
        if not path:
            continue
        key, arguments = text(entry.get("secretKey")), mapping(entry.get("secretArgs"))
        yield Reference(
            kind="raw",
            manifest=manifest,
            vault=vault,
            identity=identity,
            vault_namespace=identity.vault_namespace,
            mount="",
            path=path,
            spots=spots,
            family="csi",
            version=version,
            keys=(key,) if key else (),
            method=(text(entry.get("method")) or "GET").upper(),
            params={str(name): str(value) for name, value in arguments.items()},
        )


def _identity(manifest: Manifest, parameters: Mapping[str, Any], account: str, vault: Connection) -> Identity:
    fields = {
        "role": "roleName",
        "mount": "vaultKubernetesMountPath" if "vaultKubernetesMountPath" in parameters else "vaultAuthMountPath",
        "audience": "audience",
    }
    audience = text(parameters.get("audience"))
    return Identity(
        known=True,
        label=manifest.subject,
        method="kubernetes",
        mount=text(parameters.get(fields["mount"])).strip("/").removeprefix("auth/") or "kubernetes",
        role=text(parameters.get("roleName")),
        vault_namespace=text(parameters.get("vaultNamespace")),
        namespace=manifest.namespace,
        service_account=account,
        audiences=(audience,) if audience else (),
        vault=vault,
        spots={
            "login": (manifest, _PARAMETERS),
            **{spot: (manifest, (*_PARAMETERS, field)) for spot, field in fields.items() if field in parameters},
        },
    )


def _objects(written: str) -> list[Mapping[str, Any]]:
    """The list inside the text; what cannot be read is another check's finding."""
    try:
        entries = sequence(parse(written))
    except YamlError:
        return []
    return [mapping(entry) for entry in entries]
