"""Made objects: the part of an intent that one comes from, and where its fields are written in the intent and the profile."""

from __future__ import annotations

from keywave.findings import PathKey
from keywave.intent.model import DynamicSource, Intent, KvSource, Part
from keywave.intent.produces import secret_names
from keywave.objects.manifest import Manifest, mapping
from keywave.references.model import Spot
from keywave.references.template_keys import keys_needed

_SOURCES = {"kv": "KvSource", "dynamic": "DynamicSource", "pki": "PkiSource"}
_FIELDS = {
    "mount": "mount",
    "version": "version",
    "type": "kvVersion",
    "renewal": "renewalPercent",
    "method": "method",
    "params": "params",
    "issuer": "issuer",
    "commonName": "commonName",
    "altNames": "altNames",
    "ipSans": "ipSans",
    "uriSans": "uriSans",
    "otherSans": "otherSans",
    "ttl": "ttl",
    "expiryOffset": "expiryOffset",
}
_OF_PROFILE = {"mount": "mount", "type": "version"}


def part_of(intent: Intent, manifest: Manifest, kind: str) -> Part | None:
    """The part that this secret object is for."""
    fitting = [
        part
        for part, name in zip(intent.parts, secret_names(intent), strict=False)
        if name == manifest.name and type(part.source).__name__ == _SOURCES[kind]
    ]
    return fitting[0] if fitting else None


def kind_of(part: Part) -> str:
    """kv, dynamic or pki."""
    source = part.source
    return "kv" if isinstance(source, KvSource) else "dynamic" if isinstance(source, DynamicSource) else "pki"


def wanted_keys(intent: Intent, part: Part) -> tuple[str, ...]:
    """Vault's names of the keys that must be there, sorted: those that the intent names, else those that its templates surely read."""
    if part.keys is not None:
        return tuple(sorted(set(part.keys.values())))
    if intent.fan_in or kind_of(part) == "pki":
        return ()
    return tuple(sorted({key for text in intent.templates.values() for key in keys_needed(text)}))


def spots_of_part(intent: Intent, part: Part) -> dict[str, Spot]:
    """Where the part's fields are written. What only the profile says is there: `kv.mount`, `kv.version`, `refreshAfter`."""
    manifest, profile = intent.manifest, intent.profile.manifest
    base: tuple[PathKey, ...] = ("spec", "sources", part.name) if part.name else ("spec",)
    block = manifest.spec
    if part.name:
        block = mapping(mapping(block.get("sources")).get(part.name))
    kind = kind_of(part)
    spots: dict[str, Spot] = {"path": (manifest, (*base, kind))}
    if kind == "pki":
        spots["role"] = spots["path"]
        if "services" in block:
            spots["commonName"] = spots["altNames"] = (manifest, (*base, "services"))
    for spot, field in _FIELDS.items():
        if field in block:
            spots[spot] = (manifest, (*base, field))
        elif spot in _OF_PROFILE and _OF_PROFILE[spot] in mapping(profile.spec.get(kind)):
            spots[spot] = (profile, ("spec", kind, _OF_PROFILE[spot]))
    for holder in (manifest, profile):
        if "refreshAfter" in holder.spec:
            spots.setdefault("refresh", (holder, ("spec", "refreshAfter")))
    for name, key in (part.keys or {}).items():
        spots.setdefault(f"key:{key}", (manifest, (*base, "keys", name)))
    if part.keys is None:
        for name, text in sorted(intent.templates.items()):
            for key in keys_needed(text):
                spots.setdefault(f"key:{key}", (manifest, ("spec", "templates", name)))
    return spots
