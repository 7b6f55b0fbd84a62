"""`destination`: the Secret that the operator writes, which keys it has and how they are made.

Where `keys` are chosen, each is a guarded template and everything else is excluded: also a key that keeps its name, because an include that
matches nothing is silent. Regular expressions are the user's own, or `.*`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keywave.expand.made import kept
from keywave.expand.templates import guarded, keys_read, over_keys
from keywave.findings import Finding, did_you_mean
from keywave.intent.model import Intent, Part, PkiSource, SourceSpec
from keywave.intent.produces import produced_keys, secret_type

REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
"""Types whose Secrets the API server refuses without these keys."""


def shown_path(source: SourceSpec) -> str:
    """The path as people write it: mount and path, without the API's `data/`."""
    return f"{source.mount}/issue/{source.role}" if isinstance(source, PkiSource) else f"{source.mount}/{source.path}"


def destination(intent: Intent, part: Part, name: str, references: list[dict[str, str]]) -> dict[str, Any]:
    """The `destination` block. `references` are the `transformationRefs`. `create` and `overwrite` are written out: the CRD sets them."""
    fixed = {"name": name, "create": intent.create, "overwrite": intent.overwrite}
    return fixed | kept(
        {
            "labels": dict(intent.labels),
            "annotations": dict(intent.annotations),
            "type": secret_type(intent),
            "transformation": _transformation(intent, part, references),
        }
    )


def _transformation(intent: Intent, part: Part, references: list[dict[str, str]]) -> dict[str, Any]:
    chosen = part.keys
    texts: dict[str, str] = {}
    if chosen is not None:
        path = shown_path(part.source)
        texts.update({key: guarded(vault_key, path) for key, vault_key in chosen.items()})
    if not intent.fan_in:
        for key, text in intent.templates.items():
            texts[key] = text if chosen is None else over_keys(text, chosen, key)
    return kept(
        {
            "templates": {key: {"text": text} for key, text in sorted(texts.items())},
            "transformationRefs": references,
            "includes": list(intent.includes) if chosen is None else [],
            "excludes": list(intent.excludes) if chosen is None else [".*"],
            "excludeRaw": True if intent.exclude_raw else None,
        }
    )


def check_destination(intent: Intent) -> list[Finding]:
    """Keys that the Secret's type needs, and keys that templates read but `keys` does not give."""
    return [*_missing_for_type(intent), *_unknown_reads(intent)]


def _missing_for_type(intent: Intent) -> list[Finding]:
    kind = secret_type(intent)
    have = produced_keys(intent)
    missing = [key for key in REQUIRED_KEYS.get(kind, ()) if have is not None and key not in have]
    if not missing:
        return []
    return [
        intent.manifest.finding(
            "KW3007",
            f"a Secret of type {kind} needs the keys {', '.join(REQUIRED_KEYS[kind])}; {' and '.join(missing)} would be missing",
            "spec",
            *(("type",) if "type" in intent.manifest.spec else ()),
            hint=f"give {missing[0]!r} in spec.keys or spec.templates, or take another type",
        )
    ]


def _unknown_reads(intent: Intent) -> list[Finding]:
    if intent.fan_in and any(part.keys is None for part in intent.parts):
        return []
    chosen: dict[str, str] = {}
    for part in intent.parts:
        if part.keys is None:
            return []
        chosen.update(part.keys)
    found: list[Finding] = []
    for name, text in sorted(intent.templates.items()):
        for key in keys_read(text):
            if key not in chosen:
                found.append(_unknown_read(intent, name, key, chosen))
    return found


def _unknown_read(intent: Intent, name: str, key: str, chosen: Mapping[str, str]) -> Finding:
    renamed = sorted(new for new, old in chosen.items() if old == key)
    hint = f'{key} is called {renamed[0]} here: get .Secrets "{renamed[0]}"' if renamed else did_you_mean(key, chosen)
    return intent.manifest.finding(
        "KW3006",
        f"the template {name} reads the key {key}, which spec.keys does not give; it would come out empty",
        "spec",
        "templates",
        name,
        hint=hint or f"add {key} to spec.keys; there are: {', '.join(sorted(chosen))}",
    )
