"""Argo CD's kustomize parameters, applied to a kustomization as `kustomize edit` would.

Rule: the meaning is Argo CD's (`util/kustomize/kustomize.go`, which calls `kustomize edit set|add`): a prefix takes the place of the
file's own, an image takes the place of the entry of that name, labels and annotations may not collide unless forced. Pure: a new
mapping comes out, the user's file is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.build.options import Overrides
from keywave.build.tree import Place
from keywave.findings import Finding
from keywave.objects.later import later
from keywave.objects.manifest import mapping, sequence

_TAG = later(r"^(.*):([a-zA-Z0-9._-]*|\*)$")
_KEEP = "*"
_FORCED = "set the force option, or another key"


def edited(body: Mapping[str, Any], overrides: Overrides, place: Place) -> tuple[dict[str, Any], list[Finding]]:
    """The kustomization with the overrides in it. `place` names the kustomization in findings."""
    texts = {
        "namePrefix": overrides.name_prefix,
        "nameSuffix": overrides.name_suffix,
        "namespace": overrides.namespace,
    }
    new = {**body, **{key: value for key, value in texts.items() if value}}
    findings: list[Finding] = []
    if overrides.images:
        findings += _images(new, overrides.images, place)
    if overrides.replicas:
        _replicas(new, overrides.replicas)
    if overrides.common_labels:
        findings += _labels(new, overrides, place)
    if overrides.common_annotations:
        findings += _added(
            new,
            "commonAnnotations",
            overrides.common_annotations,
            force=overrides.force_common_annotations,
            place=place,
        )
    if overrides.patches:
        new["patches"] = [*sequence(new.get("patches")), *(dict(patch) for patch in overrides.patches)]
    if overrides.components:
        known = sequence(new.get("components"))
        new["components"] = [*known, *(path for path in overrides.components if path not in known)]
    return new, findings


def parse_image(text: str) -> dict[str, str] | None:
    """`[name=]new[:tag][@digest]` as an entry of `images`, None for what `kustomize edit set image` refuses."""
    name, equals, value = text.partition("=")
    if not equals:
        name, value = "", text
    image, at, digest = value.partition("@")
    entry = {"digest": digest} if at else {}
    if match := _TAG.match(image):
        image, entry["newTag"] = match.groups()
    if not equals:
        return {"name": image, **entry} if image and entry else None
    return {"name": name, **({"newName": image} if image else {}), **entry} if name and (image or entry) else None


def _images(new: dict[str, Any], texts: tuple[str, ...], place: Place) -> list[Finding]:
    wanted: dict[str, dict[str, str]] = {}
    findings = []
    for text in texts:
        entry = parse_image(text)
        if entry is None:
            hint = "write name:tag, name@digest or name=new-name:tag"
            findings.append(
                place.finding("KW0210", f'image override "{text}" is none that kustomize understands', hint)
            )
        else:
            wanted[entry["name"]] = entry
    kept = []
    for old in sequence(new.get("images")):
        entry = wanted.pop(str(mapping(old).get("name", "")), None)
        kept.append(_merged_image(mapping(old), entry) if entry else old)
    new["images"] = [*kept, *(_merged_image({}, entry) for entry in wanted.values())]
    return findings


def _merged_image(old: Mapping[str, Any], entry: Mapping[str, str]) -> dict[str, Any]:
    """`*` keeps what the file says; everything else of the old entry goes, as with `kustomize edit set image`."""
    merged = {key: old.get(key) if value == _KEEP else value for key, value in entry.items()}
    return {key: value for key, value in merged.items() if value is not None}


def _replicas(new: dict[str, Any], wanted: Mapping[str, int]) -> None:
    kept = [old for old in sequence(new.get("replicas")) if mapping(old).get("name") not in wanted]
    new["replicas"] = [*kept, *({"name": name, "count": count} for name, count in wanted.items())]


def _labels(new: dict[str, Any], overrides: Overrides, place: Place) -> list[Finding]:
    if not overrides.label_without_selector:
        return _added(new, "commonLabels", overrides.common_labels, force=overrides.force_common_labels, place=place)
    pairs = {"pairs": dict(overrides.common_labels), "includeTemplates": overrides.label_include_templates}
    taken = {key for entry in sequence(new.get("labels")) for key in mapping(mapping(entry).get("pairs"))}
    findings = [] if overrides.force_common_labels else _collisions("label", overrides.common_labels, taken, place)
    if overrides.force_common_labels:
        new["labels"] = [_without(mapping(entry), overrides.common_labels) for entry in sequence(new.get("labels"))]
    new["labels"] = [*sequence(new.get("labels")), pairs]
    return findings


def _without(entry: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {**entry, "pairs": {k: v for k, v in mapping(entry.get("pairs")).items() if k not in keys}}


def _added(new: dict[str, Any], name: str, wanted: Mapping[str, str], *, force: bool, place: Place) -> list[Finding]:
    old = mapping(new.get(name))
    new[name] = {**old, **wanted}
    what = "label" if name == "commonLabels" else "annotation"
    return [] if force else _collisions(what, wanted, set(old), place)


def _collisions(what: str, wanted: Mapping[str, str], taken: set[str], place: Place) -> list[Finding]:
    return [
        place.finding("KW0210", f"{what} {key} is in the kustomization already and would be replaced", _FORCED)
        for key in wanted
        if key in taken
    ]
