"""Rules between the fields of one intent: what goes together, and which key comes from where. One function a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keywave.intent.model import KvSource, Part, PkiSource
from keywave.intent.notes import Notes

Spec = Mapping[str, Any]
Parts = Sequence[Part]
_REMOVE = "remove it, or set it to null in the overlay"


def check(notes: Notes, spec: Spec, parts: Parts) -> None:
    """All rules; `parts` are the sources that could be made."""
    for rule in RULES:
        rule(notes, spec, parts)


def _no_certificate_in_fan_in(notes: Notes, spec: Spec, parts: Parts) -> None:
    if len(spec.get("sources", ())) < 2:
        return
    for part in parts:
        if isinstance(part.source, PkiSource):
            hint = "give the certificate an intent of its own and mount both Secrets"
            notes.error(
                "KW1029",
                "a certificate cannot share a Secret with other sources",
                "spec",
                "sources",
                part.name,
                "pki",
                hint=hint,
            )


def _one_source_a_key(notes: Notes, spec: Spec, parts: Parts) -> None:
    owner: dict[str, str] = {}
    for part in parts:
        for key in part.keys or ():
            if key in owner:
                message = f'the key "{key}" comes from the source "{owner[key]}" too'
                notes.error(
                    "KW1028", message, "spec", "sources", part.name, "keys", key, hint="give one of them another name"
                )
            else:
                owner[key] = part.name
    for key in spec.get("templates", {}):
        if key in owner:
            hint = "give the template another key, or leave the key out of keys"
            notes.error("KW1034", f'"{key}" is made by keys and by a template', "spec", "templates", key, hint=hint)


def _fields_of_the_source(notes: Notes, spec: Spec, parts: Parts) -> None:
    if not parts:
        return
    kinds = [type(part.source) for part in parts]
    if KvSource not in kinds:
        for field in ("hmacSecretData", "instantUpdates"):
            if field in spec:
                notes.error("KW1022", f'"{field}" is for kv sources only', "spec", field, hint=_REMOVE)
    if "refreshAfter" in spec and all(kind is PkiSource for kind in kinds):
        hint = "expiryOffset says when a new one is issued"
        notes.error("KW1022", '"refreshAfter" has no meaning for a certificate', "spec", "refreshAfter", hint=hint)


def _keys_or_filters(notes: Notes, spec: Spec, parts: Parts) -> None:
    if not parts or any(part.keys is None for part in parts):
        return
    for field in ("includes", "excludes"):
        if field in spec:
            message = f'"{field}" has no meaning beside "keys", which says exactly what the Secret holds'
            notes.error("KW1035", message, "spec", field, hint=_REMOVE)


def _only_what_we_create(notes: Notes, spec: Spec, parts: Parts) -> None:
    if spec.get("create", True):
        if any("clear" in getattr(part.source, "settings", ()) for part in parts):
            hint = "a Secret that is made here is removed with its intent; for another one: create: false"
            notes.error("KW1035", '"clear" needs create: false', "spec", "clear", hint=hint)
        return
    for field in ("overwrite", "type", "labels", "annotations"):
        if spec.get(field):
            message = f'"{field}" is for a Secret that is made here, not with create: false'
            notes.error("KW1035", message, "spec", field, hint=_REMOVE)


def _restarts(notes: Notes, spec: Spec, parts: Parts) -> None:
    if not spec.get("restartTargets"):
        return
    if spec.get("restart") is False:
        notes.error(
            "KW1035", '"restartTargets" has no meaning with restart: false', "spec", "restartTargets", hint=_REMOVE
        )
    if spec.get("hmacSecretData") is False:
        message = "restarts need hmacSecretData: without it nobody knows that the Secret changed"
        notes.error("KW1035", message, "spec", "hmacSecretData", hint="remove hmacSecretData: false")


def _consumers_are_wired(notes: Notes, spec: Spec, parts: Parts) -> None:
    for index, each in enumerate(spec.get("consumers", ())):
        keys = ("spec", "consumers", index)
        if not (each.get("envFrom") or each.get("env") or each.get("mountPath")):
            hint = "give envFrom: true, env: {VARIABLE: KEY} or mountPath: /folder"
            notes.error("KW1036", f'it is not said how "{each["workload"]}" gets the secret', *keys, hint=hint)
        for field in ("items", "mode"):
            if field in each and "mountPath" not in each:
                notes.error("KW1035", f'"{field}" needs "mountPath"', *keys, field, hint="give mountPath: /folder")


def _templates_are_closed(notes: Notes, spec: Spec, parts: Parts) -> None:
    for key, text in spec.get("templates", {}).items():
        if text.rfind("{{") > text.rfind("}}"):
            message = "the template does not end its last {{"
            notes.error("KW1006", message, "spec", "templates", key, hint="end it with }}")


RULES = (
    _no_certificate_in_fan_in,
    _one_source_a_key,
    _fields_of_the_source,
    _keys_or_filters,
    _templates_are_closed,
    _only_what_we_create,
    _restarts,
    _consumers_are_wired,
)
