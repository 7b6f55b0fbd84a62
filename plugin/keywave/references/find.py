"""All references of a rendered set, in a fixed order and each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from keywave.objects.manifest import Manifest
from keywave.references.families import FAMILIES
from keywave.references.model import Reference
from keywave.references.setting import look_around

if TYPE_CHECKING:
    from keywave.intent.load import Loaded

_LATER = "${"


class Found(NamedTuple):
    """`skipped`: of those that hold a Flux variable (`${...}`) where they say what they read: nothing can be asked for them."""

    references: tuple[Reference, ...]
    skipped: tuple[Reference, ...] = ()
    storeless: tuple[Reference, ...] = ()
    """Of those whose store the tree does not hold: which Vault and mount they mean is not known, so nothing can be asked either."""


def find(manifests: Sequence[Manifest], loaded: Loaded, namespace: str = "") -> Found:
    """What the set asks of Vault. `manifests` as `expand` gives them (made objects know their maker); intents and profiles in `loaded`
    say where made objects come from. `namespace` is what the deployer gives to objects without one.
    Never raises for odd input: what is no reference is none."""
    setting = look_around(manifests, loaded, namespace)
    found: dict[tuple[object, ...], Reference] = {}
    for name, family in FAMILIES.items():
        for reference in family.references(setting):
            one = _settled(reference, name)
            key = _key(one)
            first = found.get(key)
            found[key] = one if first is None else _united(first, one)
    ordered = sorted(found.values(), key=_place)
    return Found(
        tuple(r for r in ordered if r.stored and not later(r)),
        tuple(r for r in ordered if r.stored and later(r)),
        tuple(r for r in ordered if not r.stored),
    )


def find_references(manifests: Sequence[Manifest], loaded: Loaded) -> list[Reference]:
    """`find(...).references` as a list."""
    return list(find(manifests, loaded).references)


def later(reference: Reference) -> bool:
    """True when what is read is decided after the render, by Flux. Such a login alone leaves the path to be looked at."""
    said = (reference.vault_namespace, reference.mount, reference.path, *reference.keys, reference.vault.address)
    return any(_LATER in text for text in said)


def _settled(reference: Reference, family: str) -> Reference:
    """With its family's name. A login whose fields hold a placeholder (`{namespace}` of an intent without one, `${...}`) is not known."""
    who = reference.identity
    said = (who.mount, who.role, who.vault_namespace, who.namespace, who.service_account, who.role_id, *who.audiences)
    if who.known and any("{" in text for text in said):
        who = who._replace(known=False)
    return reference._replace(family=family, identity=who)


def _key(reference: Reference) -> tuple[object, ...]:
    return (
        id(reference.manifest),
        reference.family,
        reference.kind,
        reference.place,
        reference.version,
        reference.engine,
        reference.method,
        tuple(sorted(reference.params.items())),
        reference.certificate,
        reference.identity.key,
        reference.optional,
    )


def _united(first: Reference, other: Reference) -> Reference:
    """One reference that asks for the keys of both."""
    keys = tuple(sorted({*first.keys, *other.keys}))
    return first._replace(keys=keys, spots={**other.spots, **first.spots})


def _place(reference: Reference) -> tuple[object, ...]:
    who, manifest = reference.identity, reference.manifest
    return (
        manifest.namespace,
        manifest.kind,
        manifest.name,
        manifest.group,
        reference.family,
        reference.place,
        reference.version or 0,
        reference.kind,
        reference.method,
        who.key,
        reference.keys,
        reference.optional,
        repr(sorted(reference.params.items())),
        repr(reference.certificate),
    )
