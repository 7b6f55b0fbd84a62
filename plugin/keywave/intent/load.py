"""From manifests to intents: the one door of this package.

Objects of other groups pass through untouched. Every problem of every object is told in one go: an object that does not fit its
schema is still checked for the rest, with what does not fit left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from keywave.findings import Finding, did_you_mean
from keywave.intent.choose import Profiles
from keywave.intent.convert_intent import intent_of
from keywave.intent.convert_profile import profile_of
from keywave.intent.model import API_VERSION, Intent, Profile
from keywave.intent.notes import Notes
from keywave.intent.produces import secret_names
from keywave.intent.shape import spec_of
from keywave.objects.ids import INTENT_GROUP
from keywave.objects.manifest import Manifest

KINDS = ("VaultProfile", "SecretIntent")
_RECONCILE_GROUP = f"reconcile.{INTENT_GROUP}"
_FOLLOW_UPS = frozenset(("KW1013", "KW1020", "KW1026", "KW1027", "KW1031", "KW1032", "KW1036", "KW1062", "KW1063"))
"""Findings that say that something is absent: false alarms where the field was left out because it does not fit."""


class Loaded(NamedTuple):
    """What a tree means. `rest` is everything that is not of the group keywave.dev, in its order.

    With errors among the findings, intents and profiles may be incomplete: enough for further checks, never for output. `unusable` are
    the names of intents that are too broken to be among `intents`: who refers to their Secrets is not to blame.
    """

    intents: tuple[Intent, ...]
    profiles: tuple[Profile, ...]
    rest: tuple[Manifest, ...]
    findings: tuple[Finding, ...]
    unusable: frozenset[str] = frozenset()


def load(
    manifests: Sequence[Manifest],
    *,
    catalogue: Sequence[Manifest] = (),
    choose: str = "",
    project: str = "",
    default_namespace: str = "",
) -> Loaded:
    """Separate and convert the objects of keywave.dev.

    `catalogue` are the manifests of `--profiles`; `choose` names the profile of intents that name none; `project` is the Argo CD
    project; `default_namespace` stands in for `{namespace}` where an intent has no namespace. Nothing is raised for bad input.
    """
    findings: list[Finding] = []
    ours, rest = _separate(manifests, findings)
    shared, _ = _separate(catalogue, findings)
    shared_profiles = _catalogue_profiles(shared, project, findings)
    tree_profiles = _tree_profiles(ours, shared_profiles, project, findings)
    profiles = Profiles((*tree_profiles, *shared_profiles), choose=choose)
    intents = _intents([m for m in ours if m.kind == "SecretIntent"], profiles, project, default_namespace, findings)
    unusable = _secret_names_in(manifests) - {intent.name for intent in intents}
    return Loaded(tuple(intents), profiles.all, tuple(rest), tuple(findings), unusable)


def _secret_names_in(manifests: Sequence[Manifest]) -> frozenset[str]:
    """The names of all intents, those of an unknown version included."""
    return frozenset(m.name for m in manifests if m.kind == "SecretIntent")


def _separate(manifests: Sequence[Manifest], findings: list[Finding]) -> tuple[list[Manifest], list[Manifest]]:
    ours: list[Manifest] = []
    rest: list[Manifest] = []
    for manifest in manifests:
        api_version = manifest.api_version
        if "keywave" not in api_version:
            rest.append(manifest)
        elif api_version == API_VERSION and manifest.kind in KINDS:
            ours.append(manifest)
        elif _is_meant_for_us(manifest, api_version):
            findings.append(_stranger(manifest))
        else:
            rest.append(manifest)
    return ours, rest


def _is_meant_for_us(manifest: Manifest, api_version: str) -> bool:
    group = manifest.group
    if group == INTENT_GROUP or api_version == INTENT_GROUP:
        return True
    return manifest.kind in KINDS and group != _RECONCILE_GROUP


def _stranger(manifest: Manifest) -> Finding:
    if manifest.api_version != API_VERSION:
        message = f'apiVersion "{manifest.api_version}" is not known'
        return manifest.finding("KW1001", message, "apiVersion", hint=f"write {API_VERSION}")
    hint = did_you_mean(manifest.kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
    return manifest.finding("KW1002", f'kind "{manifest.kind}" is not known', "kind", hint=hint)


def _catalogue_profiles(manifests: Sequence[Manifest], project: str, findings: list[Finding]) -> list[Profile]:
    known: dict[str, Profile] = {}
    for manifest in manifests:
        if manifest.kind != "VaultProfile":
            message = "a catalogue holds profiles only"
            findings.append(
                manifest.finding("KW1016", message, "kind", hint="move the intent into the application's tree")
            )
        elif manifest.name in known:
            message = f'the catalogue defines the profile "{manifest.name}" twice'
            findings.append(manifest.finding("KW1011", message, "metadata", "name", hint="rename or remove one"))
        else:
            known[manifest.name] = _profile(manifest, True, project, findings)
    return list(known.values())


def _tree_profiles(
    manifests: Sequence[Manifest], shared: Sequence[Profile], project: str, findings: list[Finding]
) -> list[Profile]:
    taken = {profile.name for profile in shared}
    guards = tuple(profile for profile in shared if profile.allow is not None)
    known: dict[tuple[str, str], Profile] = {}
    for manifest in manifests:
        if manifest.kind != "VaultProfile":
            continue
        place = (manifest.namespace, manifest.name)
        if manifest.name in taken:
            message = f'the profile "{manifest.name}" belongs to the platform\'s catalogue; a tree cannot define it'
            hint = "remove it from the tree to use the catalogue's, or give it another name"
            findings.append(manifest.finding("KW1012", message, "metadata", "name", hint=hint))
        elif place in known:
            message = f'the profile "{manifest.name}" is defined twice'
            findings.append(manifest.finding("KW1011", message, "metadata", "name", hint="rename or remove one"))
        else:
            known[place] = _profile(manifest, False, project, findings)._replace(guards=guards)
    return list(known.values())


def _profile(manifest: Manifest, catalogue: bool, project: str, findings: list[Finding]) -> Profile:
    notes = Notes(manifest)
    spec, sound = spec_of(manifest, notes)
    shape = len(notes.findings)
    profile = profile_of(notes, spec, manifest, catalogue=catalogue, project=project)
    findings.extend(_kept(notes, shape, sound))
    return profile


def _intents(
    manifests: Sequence[Manifest], profiles: Profiles, project: str, default_namespace: str, findings: list[Finding]
) -> list[Intent]:
    made: list[Intent] = []
    writers: dict[tuple[str, str], Manifest] = {}
    for manifest in manifests:
        namespace = manifest.namespace or default_namespace
        notes = Notes(manifest)
        spec, sound = spec_of(manifest, notes)
        found = profiles.find(notes, spec.get("profile", ""))
        shape = len(notes.findings)
        # Without a profile a stand-in serves, so that the rest of the intent is checked too.
        profile = found or Profile("", manifest, catalogue=False, address="")
        fills = {"namespace": namespace, "name": manifest.name, "profile": profile.name, "project": project}
        intent = intent_of(notes, spec, manifest, profile, fills)
        findings.extend(_kept(notes, shape, sound and found is not None))
        alone = _writes_alone(manifest, intent, namespace, writers, findings)
        if intent is not None and found is not None and alone:
            made.append(intent)
    return made


def _writes_alone(
    manifest: Manifest,
    intent: Intent | None,
    namespace: str,
    writers: dict[tuple[str, str], Manifest],
    findings: list[Finding],
) -> bool:
    """False when an intent before this one writes one of its Secrets; a fan-in may become several of them."""
    alone = True
    for secret in dict.fromkeys((manifest.name, *(secret_names(intent) if intent is not None else ()))):
        first = writers.setdefault((namespace, secret), manifest)
        if first is manifest or not secret:
            continue
        alone = False
        keys = ("metadata", "name") if secret == manifest.name else ("spec", "sources")
        message = f'the Secret "{secret}" is already written by {first.subject}'
        finding = manifest.finding("KW1010", message, *keys, hint="rename or remove one of the intents")
        findings.append(finding if first.subject != manifest.subject else _here(manifest, finding))
    return alone


def _here(manifest: Manifest, finding: Finding) -> Finding:
    """With its line, where the object's name cannot tell it from its namesake."""
    if manifest.source.built or manifest.text is None:
        return finding
    from keywave.objects.locate import line_of

    line = manifest.source.line + line_of(manifest.text, finding.where.keys) - 1
    return finding.at(finding.where._replace(line=line))


def _kept(notes: Notes, shape: int, sound: bool) -> list[Finding]:
    if sound:
        return notes.findings
    return notes.findings[:shape] + [f for f in notes.findings[shape:] if f.code not in _FOLLOW_UPS]
