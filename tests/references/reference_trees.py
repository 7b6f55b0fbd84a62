"""Trees for the tests of references: YAML in, references out, and short ways to say what they are."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from keywave.expand import expand
from keywave.intent.load import load
from keywave.objects.yamlio import read_stream
from keywave.references.find import Found, find
from keywave.references.model import Identity, Reference


def found(*documents: str) -> Found:
    """What the documents ask of Vault, intents expanded."""
    read = read_stream("\n---\n".join(dedent(document) for document in documents).encode(), "tree.yaml")
    assert not read.findings, read.findings
    loaded = load(read.manifests)
    assert not loaded.findings, loaded.findings
    return find(expand(loaded).manifests, loaded)


def one(*documents: str) -> Reference:
    """The only reference of the documents."""
    result = found(*documents)
    assert len(result.references) == 1, [reference.place for reference in result.references]
    assert result.skipped == ()
    return result.references[0]


def asked(reference: Reference) -> tuple[Any, ...]:
    """(kind, mount, path, engine, version, keys)."""
    return (
        reference.kind,
        reference.mount,
        reference.path,
        reference.engine,
        reference.version,
        reference.keys,
    )


def bare(identity: Identity) -> Identity:
    """A login without places, to be compared as a whole."""
    return identity._replace(spots={}, vault=identity.vault._replace(profile=""))


def spots(reference: Reference) -> dict[str, tuple[str, str]]:
    """spot -> (kind of the document, keys joined by dots)."""
    return {name: (where.kind, ".".join(map(str, keys))) for name, (where, keys) in reference.spots.items()}


def login_spots(identity: Identity) -> dict[str, tuple[str, str]]:
    """The same for a login."""
    return {name: (where.kind, ".".join(map(str, keys))) for name, (where, keys) in identity.spots.items()}
