"""`vso: {}`: fields of the target kind that the intent API does not model, merged last, and checked against the kind's schema.

The same place tells fields that the profile's operator is too old for, whoever set them: it would drop them without a word.
"""

from __future__ import annotations

from typing import Any

from keywave.expand.made import merged
from keywave.findings import Finding, PathKey, show_path
from keywave.intent.model import Intent, Profile


def lay_over(intent: Intent, kind: str, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The spec with the intent's raw fields in it, and what is wrong: `$.spec.vso...` is where."""
    result = merged(spec, intent.vso) if intent.vso else spec
    return result, [*_check_shape(intent, kind, result), *_check_version(intent, kind, result)]


def _check_shape(intent: Intent, kind: str, spec: dict[str, Any]) -> list[Finding]:
    """Only what the raw fields brought in: the rest is ours, and tested against the real CRDs."""
    if not intent.vso:
        return []
    from keywave.objects.structural import check
    from keywave.objects.vso_schemas import SPEC_SCHEMAS

    schema = SPEC_SCHEMAS.get(kind)
    if schema is None:
        return []
    return [
        intent.manifest.finding("KW3012", f"{kind}: {problem.message}", "spec", "vso", *problem.keys, hint=problem.hint)
        for problem in check(spec, schema)
        if problem.keys and problem.keys[0] in intent.vso
    ]


def _check_version(intent: Intent, kind: str, spec: dict[str, Any]) -> list[Finding]:
    findings = []
    for keys, message, hint in _newer(intent.profile, kind, spec):
        at = ("vso", *keys) if keys[0] in intent.vso else ()
        findings.append(intent.manifest.finding("KW3013", message, "spec", *at, hint=hint))
    return findings


def check_profile_version(profile: Profile, kind: str, spec: dict[str, Any]) -> list[Finding]:
    """The same for the objects that come from the profile alone."""
    return [
        profile.manifest.finding("KW3013", message, "spec", hint=hint)
        for _, message, hint in _newer(profile, kind, spec)
    ]


def _newer(profile: Profile, kind: str, spec: dict[str, Any]) -> list[tuple[tuple[PathKey, ...], str, str]]:
    if profile.operator.kind != "vso":
        return []
    from keywave.objects.vso_schemas import fields_newer_than

    version = ".".join(str(number) for number in profile.operator.version)
    found = []
    for keys, since in fields_newer_than(kind, spec, profile.operator.version):
        field = show_path(("spec", *keys))
        message = f"{kind} {field} exists from Vault Secrets Operator {since} on; the profile says {version}"
        hint = f"leave the field out, or set operator.version in the profile {profile.name} if the cluster has {since}"
        found.append((keys, message, hint))
    return found
