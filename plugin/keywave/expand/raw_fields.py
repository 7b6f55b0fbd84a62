"""`vso: {}`: fields of the target kind that the intent API does not model, merged last, and checked against the kind's schema.

The same place tells fields that the profile's operator does not have in its version, whoever set them: the API server would drop
them without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keywave.expand.made import merged
from keywave.findings import Finding, PathKey, show_path
from keywave.intent.model import Intent, Profile
from keywave.objects.manifest import Body, mapping
from keywave.objects.vso_schemas import SPEC_SCHEMAS, fields_gone_in, fields_newer_than


def lay_over(intent: Intent, kind: str, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The spec with the intent's raw fields in it, and what is wrong: `$.spec.vso...` is where."""
    result = merged(spec, intent.vso) if intent.vso else spec
    renamed = _check_name(intent, spec, result)
    return result, [*renamed, *_check_shape(intent, kind, result), *_check_version(intent, kind, result)]


def _check_name(intent: Intent, spec: Body, result: Body) -> list[Finding]:
    """The Secret's name is the intent's: consumers, restarts and rights were found by it."""
    name = mapping(spec["destination"]).get("name")
    if mapping(result.get("destination")).get("name", name) == name:
        return []
    said = f"the raw field destination.name gives the Secret another name than {name}, which everything else goes by"
    hint = "take it out, and give the intent the name that the Secret shall have"
    return [intent.manifest.finding("KW3016", said, "spec", "vso", "destination", "name", hint=hint)]


def _check_shape(intent: Intent, kind: str, spec: dict[str, Any]) -> list[Finding]:
    """Only what the raw fields brought in: the rest is ours, and tested against the real CRDs."""
    if not intent.vso:
        return []
    from keywave.objects.structural import check  # only for raw fields

    schema = SPEC_SCHEMAS.get(kind)
    if schema is None:
        return []
    return [
        intent.manifest.finding("KW3012", f"{kind}: {problem.message}", "spec", "vso", *problem.keys, hint=problem.hint)
        for problem in check(spec, schema)
        if not problem.keys or problem.keys[0] in intent.vso
    ]


def _check_version(intent: Intent, kind: str, spec: dict[str, Any]) -> list[Finding]:
    findings = []
    for keys, message, hint in _foreign(intent.profile, kind, spec):
        at = ("vso", *keys) if keys[0] in intent.vso else ()
        findings.append(intent.manifest.finding("KW3013", message, "spec", *at, hint=hint))
    return findings


def check_profile_version(profile: Profile, kind: str, spec: Body) -> list[Finding]:
    """The same for the objects that come from the profile alone."""
    findings = []
    for keys, message, hint in _foreign(profile, kind, spec):
        places = (("spec", keys[-1]), ("spec", "auth", keys[-1]))
        at = next((place for place in places if _stands(profile.manifest.body, place)), ("spec",))
        findings.append(profile.manifest.finding("KW3013", message, *at, hint=hint))
    return findings


def _stands(body: Body, keys: Sequence[PathKey]) -> bool:
    for key in keys:
        if key not in body:
            return False
        body = mapping(body[str(key)])
    return True


def _foreign(profile: Profile, kind: str, spec: Body) -> list[tuple[tuple[PathKey, ...], str, str]]:
    """(keys in the spec, message, hint) for each field."""
    if profile.operator.kind != "vso":
        return []
    version = profile.operator.version
    newer = [(keys, f"exists from {since} on") for keys, since in fields_newer_than(kind, spec, version)]
    gone = [(keys, f"is gone from {until} on") for keys, until in fields_gone_in(kind, spec, version)]
    return [(keys, *_text(profile, f"{kind} {show_path(('spec', *keys))}", said)) for keys, said in newer + gone]


def _text(profile: Profile, field: str, said: str) -> tuple[str, str]:
    version = ".".join(str(number) for number in profile.operator.version)
    message = f"{field} {said} in Vault Secrets Operator; the profile says {version}"
    return message, f"leave the field out, or correct operator.version in the profile {profile.name}"
