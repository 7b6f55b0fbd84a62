"""Fills file and line into findings: for plain files from the document, for kustomize's output from a second, annotated build.

Rule: never fails. What cannot be found keeps the place that it has (the kustomization's folder), because a finding without a line
is better than an error about an error. Where a patch set the value, the patch is the place and the base is `related`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keywave.build.source import Built
from keywave.errors import KeywaveError
from keywave.findings import Finding, Location
from keywave.objects.ids import ResourceId
from keywave.objects.manifest import Manifest

_LEAST_SECONDS = 5.0
_Finder = Callable[[Manifest, Finding], Finding]


def blame(built: Built, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with file and line of the user's own files, in the same order."""
    subjects: dict[str, list[Manifest]] = {}
    for manifest in built.manifests:
        subjects.setdefault(manifest.subject, []).append(manifest)
    finder: _Finder | None = None
    located = []
    for finding in findings:
        meant = None if finding.where.line else _meant(subjects.get(finding.subject, ()), finding)
        if meant is None:
            located.append(finding)
        elif not meant.source.built:
            from keywave.build.origin import place_in_document

            located.append(finding.at(place_in_document(meant, finding.where.keys)))
        else:
            finder = finder or _finder(built)
            located.append(finder(meant, finding))
    return tuple(located)


def _meant(candidates: Sequence[Manifest], finding: Finding) -> Manifest | None:
    """The manifest that a finding is about. Findings name no group, so the file decides between namesakes."""
    same_file = [m for m in candidates if m.source.file == finding.where.file]
    return next(iter(same_file or candidates), None)


def _finder(built: Built) -> _Finder:
    """Runs the annotated build, once; on any trouble the finder that changes nothing."""
    from keywave.build import origin, patches

    try:
        origins = origin.annotated(built, timeout=max(_LEAST_SECONDS, built.options.timeout - built.seconds))
    except (KeywaveError, OSError, IndexError):
        return lambda manifest, finding: finding
    known: dict[ResourceId, Manifest] = {m.id: m for m in origins.manifests}

    def find(manifest: Manifest, finding: Finding) -> Finding:
        twin = known.get(manifest.id)
        if twin is None:
            return finding
        keys = finding.where.keys
        try:
            names = origin.names_of(origins, twin)
            base = origin.base_place(origins, twin, names, keys)
            wanted = patches.Patched(manifest, names)
            patch = patches.of_overrides(built.options.overrides.patches, wanted, keys)
            if patch is None:
                patch = _by_layer(origins, twin, wanted, keys)
        except (OSError, ValueError, LookupError):
            return finding
        return _placed(finding, patch, base)

    def _by_layer(
        origins: origin.Origins, twin: Manifest, wanted: patches.Patched, keys: patches.Keys
    ) -> Location | None:
        seen = []
        for layer, _ in reversed(origins.layers_of(twin)):
            if keys and layer.file not in seen:
                seen.append(layer.file)
                if place := patches.place_in(layer, origins.tree, wanted, keys):
                    return place
        return None

    return find


def _placed(finding: Finding, patch: Location | None, base: Location | None) -> Finding:
    if patch is None:
        return finding.at(base) if base else finding
    related = (base, *finding.related) if base else finding.related
    return finding._replace(where=patch, related=related)
