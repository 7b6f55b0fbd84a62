"""Which Secrets the objects of a tree make, besides intents: so that a reference to one of them is no finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from keywave.objects.manifest import Manifest, mapping, sequence

Names = Iterator[object]


def _own_name(manifest: Manifest) -> Names:
    yield manifest.name


def _destination(manifest: Manifest) -> Names:
    yield mapping(manifest.spec.get("destination")).get("name")


def _external(manifest: Manifest) -> Names:
    yield mapping(manifest.spec.get("target")).get("name") or manifest.name


def _sealed(manifest: Manifest) -> Names:
    yield mapping(mapping(manifest.spec.get("template")).get("metadata")).get("name") or manifest.name


def _certificate(manifest: Manifest) -> Names:
    yield manifest.spec.get("secretName")


def _class_objects(manifest: Manifest) -> Names:
    for item in sequence(manifest.spec.get("secretObjects")):
        yield mapping(item).get("secretName")


def _templates(manifest: Manifest) -> Names:
    for item in sequence(manifest.spec.get("secretTemplates")):
        yield mapping(item).get("name")


_MAKERS: Mapping[tuple[str, str], Callable[[Manifest], Names]] = {
    ("", "Secret"): _own_name,
    ("secrets.hashicorp.com", "VaultStaticSecret"): _destination,
    ("secrets.hashicorp.com", "VaultDynamicSecret"): _destination,
    ("secrets.hashicorp.com", "VaultPKISecret"): _destination,
    ("secrets.hashicorp.com", "HCPVaultSecretsApp"): _destination,
    ("reconcile.keywave.dev", "VaultCompositeSecret"): _destination,
    ("external-secrets.io", "ExternalSecret"): _external,
    ("bitnami.com", "SealedSecret"): _sealed,
    ("isindir.github.com", "SopsSecret"): _templates,
    ("cert-manager.io", "Certificate"): _certificate,
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"): _class_objects,
    ("redhatcop.redhat.io", "VaultSecret"): _own_name,
}
"""(group, kind) -> the names of the Secrets that its controller makes, in the object's namespace."""


def made_secrets(manifests: Iterable[Manifest]) -> dict[str, set[str]]:
    """Secret's name -> the namespaces in which the tree makes it ("" = not said)."""
    made: dict[str, set[str]] = {}
    for manifest in manifests:
        reader = _MAKERS.get((manifest.group, manifest.kind))
        for name in reader(manifest) if reader is not None else ():
            if isinstance(name, str) and name:
                made.setdefault(name, set()).add(manifest.namespace)
    return made
