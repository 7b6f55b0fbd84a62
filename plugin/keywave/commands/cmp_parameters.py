"""The plugin's parameters: what Argo CD hands over in ARGOCD_APP_PARAMETERS, and what we announce to its UI.

Sources: Argo CD's config-management-plugins page (announcements; values always arrive as strings; announced defaults are not sent) and
the fields of `source.kustomize`, whose meaning the overrides have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from keywave.errors import FindingsError
from keywave.findings import Finding, Location, did_you_mean

Form = Literal["string", "array", "map"]

FLAGS: tuple[str, ...] = (
    "allow-empty",
    "strict",
    "labelWithoutSelector",
    "labelIncludeTemplates",
    "forceCommonLabels",
    "forceCommonAnnotations",
    "ignoreMissingComponents",
)
"""Parameters that are "true" or "false"; those in camel case are named as in `source.kustomize`."""

FORMS: dict[str, Form] = {
    "images": "array",
    "replicas": "map",
    "namePrefix": "string",
    "nameSuffix": "string",
    "namespace": "string",
    "labels": "map",
    "annotations": "map",
    "components": "array",
    "patches": "array",
    "profile": "string",
    "layer": "string",
    "verify": "string",
    "destination": "string",
    **dict.fromkeys(FLAGS, "string"),
}
"""Parameter -> the form it takes."""

CHOICES: dict[str, tuple[str, ...]] = {"verify": ("off", "lock", "live")}
"""Parameter -> the values it may have, beside none at all."""

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off", ""})
_NONE: Mapping[str, Any] = {}


class Parameters(NamedTuple):
    """The values, decoded. Maps and arrays of texts; flags are booleans."""

    strings: Mapping[str, str] = _NONE
    arrays: Mapping[str, tuple[str, ...]] = _NONE
    maps: Mapping[str, Mapping[str, str]] = _NONE

    def text(self, name: str) -> str:
        return self.strings.get(name, "")

    def flag(self, name: str) -> bool:
        return self.strings.get(name, "").lower() in TRUE


def read(raw: str | None) -> Parameters:
    """Decode ARGOCD_APP_PARAMETERS: absent (discovered plugin), the text `null` (`plugin: {}`), or a JSON list.

    Raises FindingsError with every problem: unknown names, wrong forms, flags that are neither true nor false.
    """
    try:
        entries = json.loads(raw) if raw else None
    except ValueError:
        raise FindingsError("the plugin's parameters are not JSON", [_problem("", "not JSON")]) from None
    if entries is None:
        return Parameters()
    problems: list[Finding] = []
    found: dict[Form, dict[str, Any]] = {"string": {}, "array": {}, "map": {}}
    for entry in entries if isinstance(entries, list) else [entries]:
        _read_one(entry, found, problems)
    if problems:
        raise FindingsError(f"{len(problems)} of the plugin's parameters make no sense", problems)
    return Parameters(found["string"], found["array"], found["map"])


def _read_one(entry: Any, found: dict[Form, dict[str, Any]], problems: list[Finding]) -> None:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        problems.append(_problem("", "an entry has no name"))
        return
    form = FORMS.get(name)
    if form is None:
        hint = did_you_mean(name, FORMS) or f"the parameters are: {', '.join(FORMS)}"
        problems.append(_problem(name, "no such parameter", hint))
        return
    if entry.get(form) is None:
        given = [other for other in ("string", "array", "map") if entry.get(other) is not None]
        if given:
            problems.append(_problem(name, f"given as {given[0]}", f"it takes `{form}`"))
        return
    value = entry[form]
    if form == "array":
        found[form][name] = tuple(str(item) for item in value)
    elif form == "map":
        found[form][name] = {str(key): str(item) for key, item in value.items()}
    else:
        found[form][name] = str(value)
        if name in CHOICES and str(value) not in (*CHOICES[name], ""):
            known = ", ".join(CHOICES[name])
            problems.append(_problem(name, f"{value!r} is none of its values", f"the values are: {known}"))
        if name in FLAGS and str(value).lower() not in TRUE | FALSE:
            problems.append(_problem(name, f"{value!r} is neither true nor false", 'write "true" or "false"'))


def _problem(name: str, message: str, hint: str = "") -> Finding:
    where = Location("spec.source.plugin.parameters", 0, (name,) if name else ())
    return Finding("KW0702", f"parameter {name}: {message}" if name else message, hint, where)


def announcements(*, images: Sequence[str], profiles: Sequence[str], layers: Sequence[str]) -> str:
    """The JSON list for `parameters.dynamic`: what depends on the application's own files, with what was found as default."""
    entries: list[dict[str, Any]] = [
        {
            "name": "images",
            "title": "Images",
            "tooltip": "as source.kustomize.images; the values shown are those of the tree",
            "collectionType": "array",
            "array": list(images),
        },
        {
            "name": "profile",
            "title": "Vault profile",
            "tooltip": "for intents that name none; found: " + (", ".join(profiles) or "none"),
            "string": profiles[0] if len(profiles) == 1 else "",
        },
        {
            "name": "layer",
            "title": "Layer",
            "tooltip": "render only this layer, or `all` for one Application a layer; found: " + ", ".join(layers),
            "string": "",
        },
    ]
    return json.dumps(entries, indent=1) + "\n"
