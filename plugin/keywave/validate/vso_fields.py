"""Hand-written objects of the operator's kinds against their schemas: what the API server would refuse, or drop without a word."""

from __future__ import annotations

from collections.abc import Iterator

from keywave.findings import Finding, did_you_mean
from keywave.objects.ids import VSO_GROUP
from keywave.objects.known_kinds import ALPHA_ONLY, ESO_GROUP, KNOWN_GROUPS
from keywave.objects.manifest import Manifest
from keywave.objects.structural import Problem
from keywave.objects.vso_check import check_spec, value_at
from keywave.objects.vso_schemas import SPEC_SCHEMAS, fields_gone_in, fields_newer_than
from keywave.validate.view import View, opaque

CODE_OF_RULE = {"unknown": "KW5001", "required": "KW5002", "type": "KW5003"}
"""Rule of the structural check -> code; every other rule is about a value: KW5004."""

TOP = frozenset(("apiVersion", "kind", "metadata", "spec", "status"))


def check_known_kinds(view: View) -> Iterator[Finding]:
    """A kind or version that its group does not have; a version that is on its way out is a warning."""
    for manifest in view.written:
        group = KNOWN_GROUPS.get(manifest.group)
        if group is None:
            continue
        version = manifest.api_version.rpartition("/")[2]
        if manifest.kind not in group.kinds:
            near = did_you_mean(manifest.kind, sorted(group.kinds))
            hint = near or f"known kinds: {', '.join(sorted(group.kinds))}"
            yield manifest.finding("KW5006", f"{manifest.group} has no kind {manifest.kind}", "kind", hint=hint)
        elif version in group.old and manifest.kind in ALPHA_ONLY:
            continue
        elif version in group.old:
            hint = f"write {manifest.group}/{group.versions[0]}"
            said = f"version {version} of {manifest.kind} is on its way out"
            yield manifest.warning("KW5006", said, "apiVersion", hint=hint)
        elif version not in group.versions and not (manifest.group == ESO_GROUP and manifest.kind in ALPHA_ONLY):
            hint = f"write {manifest.group}/{group.versions[0]}"
            yield manifest.finding("KW5006", f"{manifest.kind} has no version {version}", "apiVersion", hint=hint)


def check_vso_fields(view: View) -> Iterator[Finding]:
    """Unknown fields, missing fields, wrong types, values outside of what is allowed: each with the right form."""
    for kind in SPEC_SCHEMAS:
        for manifest in view.written_of(VSO_GROUP, kind):
            yield from _top_level(manifest)
            spec = manifest.body.get("spec")
            for problem in check_spec(kind, {} if spec is None else spec):
                value = value_at(spec, problem.keys)
                if not opaque(value) or problem.rule == "unknown":
                    from keywave.validate.right_forms import right_form

                    yield _finding(manifest, problem, right_form(kind, problem, value))


def _top_level(manifest: Manifest) -> Iterator[Finding]:
    for key in manifest.body:
        if key not in TOP:
            hint = (
                "it belongs into spec" if key in SPEC_SCHEMAS[manifest.kind]["properties"] else did_you_mean(key, TOP)
            )
            yield manifest.finding("KW5001", f'unknown field "{key}"', key, hint=hint)


def _finding(manifest: Manifest, problem: Problem, hint: str) -> Finding:
    code = CODE_OF_RULE.get(problem.rule, "KW5004")
    name = "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in problem.keys)
    said = problem.message if problem.rule == "unknown" else f"spec{name}: {problem.message}"
    return manifest.finding(code, said, "spec", *problem.keys, hint=hint)


def check_versions(view: View) -> Iterator[Finding]:
    """Fields that the operator of the profile's version does not have: it would drop them without a word."""
    operator = view.operator
    if operator.kind != "vso":
        return
    version = ".".join(str(part) for part in operator.version)
    for kind in SPEC_SCHEMAS:
        for manifest in view.written_of(VSO_GROUP, kind):
            for keys, first in fields_newer_than(kind, manifest.spec, operator.version):
                said = f"{'.'.join(map(str, keys))} came with operator {first}; the profile says {version}"
                hint = "leave it out, or set operator.version in the VaultProfile to the version that runs"
                yield manifest.finding("KW5005", said, "spec", *keys, hint=hint)
            for keys, first in fields_gone_in(kind, manifest.spec, operator.version):
                said = f"{'.'.join(map(str, keys))} was removed in operator {first}; the profile says {version}"
                hint = "use appRole.secretRef: the Secret's key id holds the secret ID"
                yield manifest.finding("KW5005", said, "spec", *keys, hint=hint)
