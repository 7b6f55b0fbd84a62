"""References from hand-written objects of the operator to others: to something that is there, and that may be used from there."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, PathKey
from keywave.objects.ids import VSO_GROUP
from keywave.objects.manifest import Manifest, mapping, sequence
from keywave.objects.vso_schemas import SECRET_KINDS
from keywave.validate.view import View, opaque, same_namespace, text

REFERENCES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((*SECRET_KINDS, "CSISecrets"), "vaultAuthRef", "VaultAuth"),
    (("VaultAuth", "VaultAuthGlobal"), "vaultConnectionRef", "VaultConnection"),
)
"""(kinds that refer, field, kind referred to)."""

Told = set[tuple[str, str, str]]
"""(kind, namespace, name) of absent objects that have been told: once is enough where a whole tree logs in through the platform's."""

DEFAULT = "default"
"""Name of the object in the operator's namespace that everybody may use and that no tree need hold."""


def check_references(view: View) -> Iterator[Finding]:
    """vaultAuthRef and vaultConnectionRef: their form, their object, and its allowedNamespaces."""
    told: Told = set()
    for kinds, field, wanted in REFERENCES:
        for manifest in view.written_of(VSO_GROUP, *kinds):
            ref = text(manifest.spec.get(field))
            if ref and not opaque(ref):
                yield from _reference(view, manifest, ref, wanted, ("spec", field), told)


def check_global_references(view: View) -> Iterator[Finding]:
    """vaultAuthGlobalRef, which has name and namespace apart."""
    told: Told = set()
    for manifest in view.written_of(VSO_GROUP, "VaultAuth"):
        ref = mapping(manifest.spec.get("vaultAuthGlobalRef"))
        name, namespace = text(ref.get("name")), text(ref.get("namespace"))
        if name and not opaque(name):
            full = f"{namespace}/{name}" if namespace else name
            yield from _reference(view, manifest, full, "VaultAuthGlobal", ("spec", "vaultAuthGlobalRef", "name"), told)


def check_transformation_references(view: View) -> Iterator[Finding]:
    """transformationRefs of a destination: the operator fails until the SecretTransformation is there."""
    told: Told = set()
    for manifest in view.written_of(VSO_GROUP, *SECRET_KINDS):
        block = mapping(mapping(manifest.spec.get("destination")).get("transformation"))
        for index, item in enumerate(sequence(block.get("transformationRefs"))):
            name, namespace = text(mapping(item).get("name")), text(mapping(item).get("namespace"))
            if name and not opaque(name):
                keys = ("spec", "destination", "transformation", "transformationRefs", index, "name")
                full = f"{namespace}/{name}" if namespace else name
                yield from _reference(view, manifest, full, "SecretTransformation", keys, told)


def _reference(
    view: View, manifest: Manifest, ref: str, wanted: str, keys: tuple[PathKey, ...], told: Told
) -> Iterator[Finding]:
    if ref.count("/") > 1 or ref.startswith("/") or ref.endswith("/"):
        hint = 'write "name" or "namespace/name"'
        yield manifest.finding("KW5201", f'"{ref}" is no reference to a {wanted}', *keys, hint=hint)
        return
    namespace, _, name = ref.rpartition("/")
    namespace = namespace or manifest.namespace
    found = view.find(VSO_GROUP, wanted, namespace, name)
    if found is None:
        yield from _missing(view, manifest, (wanted, namespace, name), keys, told)
    elif wanted != "SecretTransformation" and not may_use(view, manifest.namespace, found):
        hint = f'add "{manifest.namespace}" to spec.allowedNamespaces of {found.subject}'
        said = f"{found.subject} is not for use from namespace {manifest.namespace}"
        yield manifest.finding("KW5202", said, *keys, hint=hint)


def may_use(view: View, namespace: str, found: Manifest) -> bool:
    """The operator's rule: the same namespace, `default` of the operator's namespace, a listed namespace, or exactly ["*"]."""
    if found.kind == "VaultConnection" or same_namespace(namespace, found.namespace):
        return True
    if found.name == DEFAULT and found.namespace == view.operator.namespace:
        return True
    allowed = sequence(found.spec.get("allowedNamespaces"))
    return allowed == ["*"] or any(opaque(entry) or entry == namespace for entry in allowed)


def _missing(
    view: View, manifest: Manifest, absent: tuple[str, str, str], keys: tuple[PathKey, ...], told: Told
) -> Iterator[Finding]:
    wanted, namespace, name = absent
    near = view.near(VSO_GROUP, wanted, namespace, name)
    said = (
        f"there is no {wanted} {namespace}/{name} in this tree"
        if namespace
        else f"there is no {wanted} {name} in this tree"
    )
    if near:
        yield manifest.finding("KW5203", said, *keys, hint=f'did you mean "{near}"?')
        return
    in_tree = same_namespace(namespace, manifest.namespace)
    if in_tree and name != DEFAULT and namespace != view.operator.namespace and absent not in told:
        told.add(absent)
        yield manifest.warning("KW5203", said, *keys, hint="add it, or make sure that it is in the cluster already")
