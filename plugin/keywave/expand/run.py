"""The stage: wiring, patterns, and one list of objects in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from keywave.expand.made import Made, nothing
from keywave.expand.patterns import PATTERNS
from keywave.expand.tree import Tree, read_tree
from keywave.findings import Finding
from keywave.intent.model import Intent
from keywave.objects.ids import ResourceId
from keywave.objects.manifest import Manifest

if TYPE_CHECKING:
    from keywave.intent.load import Loaded

RANKS = {
    kind: rank
    for rank, kind in enumerate(
        (
            "ServiceAccount",
            "Role",
            "RoleBinding",
            "NetworkPolicy",
            "VaultConnection",
            "VaultAuthGlobal",
            "VaultAuth",
            "SecretTransformation",
            "VaultStaticSecret",
            "VaultDynamicSecret",
            "VaultPKISecret",
            "VaultCompositeSecret",
        )
    )
}


class Expanded(NamedTuple):
    """`manifests`: the user's own in their order (consumers rewired where asked), then what was made. `findings`: all at once."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Finding, ...]


def expand(loaded: Loaded) -> Expanded:
    """Turn intents into the objects of their delivery patterns.

    The made objects come by namespace, then kind, then name, each once, whatever the order of the intents. An object of the tree that
    we would make too is a finding (KW3014), and so are two intents that make different objects of one name (KW3015).
    """
    intents = sorted(loaded.intents, key=lambda intent: (intent.namespace, intent.name))
    rest, findings = _wired(loaded.rest, intents)
    tree = read_tree(rest)
    result = nothing()
    for deliver in dict.fromkeys(intent.deliver for intent in intents):
        result.add(_deliver(deliver, [intent for intent in intents if intent.deliver == deliver], tree))
    made, conflicts = settle(result.manifests, tree, intents)
    found = sorted(
        {*findings, *result.findings, *conflicts}, key=lambda finding: (finding.sort_key, finding.where.keys)
    )
    return Expanded((*rest, *made), tuple(found))


def _wired(rest: Sequence[Manifest], intents: Sequence[Intent]) -> tuple[Sequence[Manifest], list[Finding]]:
    if not any(intent.consumers for intent in intents):
        return rest, []
    from keywave.expand.wiring import wire

    return wire(rest, intents)


def _deliver(deliver: str, intents: Sequence[Intent], tree: Tree) -> Made:
    pattern = PATTERNS.get(deliver)
    if pattern is not None:
        return pattern.expand(intents, tree)
    known = ", ".join(PATTERNS)
    return Made(
        [],
        [
            intent.manifest.finding(
                "KW3001",
                f"this version of keywave does not render the delivery pattern {deliver}",
                "spec",
                *(("deliver",) if "deliver" in intent.manifest.spec else ()),
                hint=f"it renders: {known}",
            )
            for intent in intents
        ],
    )


def settle(made: Sequence[Manifest], tree: Tree, intents: Sequence[Intent]) -> tuple[list[Manifest], list[Finding]]:
    """Each object once, in order; with a finding for what exists already or was made in two ways."""
    kept: dict[ResourceId, Manifest] = {}
    findings: list[Finding] = []
    for manifest in made:
        place = manifest.id
        first = kept.setdefault(place, manifest)
        if first is not manifest:
            if first.body != manifest.body:
                findings.append(_made_twice(manifest, first, _source(manifest, intents)))
        elif tree.find(place.group, place.kind, place.name, place.namespace) is not None:
            findings.append(_there_already(manifest, _source(manifest, intents)))
    order = sorted(kept, key=_place)
    return [kept[place] for place in order], findings


def _place(place: ResourceId) -> tuple[str, int, str, str, str]:
    return place.namespace, RANKS.get(place.kind, len(RANKS)), place.kind, place.name, place.group


def _source(manifest: Manifest, intents: Sequence[Intent]) -> Manifest:
    """The intent or profile that it comes from."""
    for intent in intents:
        for source in (intent.manifest, intent.profile.manifest):
            if source.subject == manifest.made_by:
                return source
    return manifest


def _there_already(manifest: Manifest, source: Manifest) -> Finding:
    return source.finding(
        "KW3014",
        f"{manifest.subject} stands in the tree, and {source.subject} makes an object of that name",
        "metadata",
        "name",
        hint="take the hand-written object out, rename one of them, or say emit: refs in the profile to use what is there",
    )


def _made_twice(manifest: Manifest, first: Manifest, source: Manifest) -> Finding:
    return source.finding(
        "KW3015",
        f"{manifest.subject} would be made in two ways, by {first.made_by} and by {manifest.made_by}",
        "metadata",
        "name",
        hint="rename one of them",
    )
