"""Which templates and filters a destination has: its own and those of the SecretTransformations that it names. Pure.

Rules: those of Vault Secrets Operator (names, order, what is a duplicate); all problems at once. A SecretTransformation is judged by its
spec: its status tells people, and comes later than the spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from keywave.controller import reasons
from keywave.controller.model import Body, Key, Resource
from keywave.controller.problems import PlanProblem
from keywave.gotemplate import Template, TemplateError, parse
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.regex_syntax import compile_pattern
from keywave.objects.manifest import mapping, sequence


class KeyedTemplate(NamedTuple):
    """`key` of the Secret, "" for definitions only."""

    key: str
    template: Template


class Transformation(NamedTuple):
    """Templates in the order in which they are read; patterns in Go's syntax."""

    templates: tuple[KeyedTemplate, ...] = ()
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    exclude_raw: bool = False


class _Gathering:
    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.found: dict[str, KeyedTemplate] = {}
        self.problems: list[str] = []
        self.invalid_reference: Key | None = None
        self.includes: dict[str, None] = {}
        self.excludes: dict[str, None] = {}

    def add(self, name: str, text: str, key: str) -> None:
        if name in self.found:
            self.problems.append(f"there are two templates of the name {name}")
            return
        try:
            self.found[name] = KeyedTemplate(key, _parsed(name, text))
        except TemplateError as problem:
            self.problems.append(str(problem))


@lru_cache(maxsize=2000)
def _parsed(name: str, text: str) -> Template:
    """Templates hold no data, so they may be kept."""
    return parse(name, text)


def transformation_of(resource: Resource, destination: Body, shared: Mapping[Key, Resource | None]) -> Transformation:
    """`shared` has every SecretTransformation that `references` names (None: there is none). Raises PlanProblem."""
    spec = mapping(destination.get("transformation"))
    gathering = _Gathering(resource)
    _filters(gathering, spec, {})
    for key, entry in mapping(spec.get("templates")).items():
        name = str(mapping(entry).get("name") or f"{resource.key.namespace}/{resource.key.name}/{key}")
        gathering.add(name, str(mapping(entry).get("text") or ""), key)
    seen: set[Key] = set()
    for reference in map(mapping, sequence(spec.get("transformationRefs"))):
        target = _target(resource, reference)
        if target in seen:
            gathering.problems.append(f"{target} is referred to twice")
            continue
        seen.add(target)
        _from_shared(gathering, target, shared.get(target), reference)
    if gathering.problems:
        reason = reasons.INVALID_REFERENCE if gathering.invalid_reference else reasons.TRANSFORMATION
        raise PlanProblem(reason, "; ".join(gathering.problems), gathering.invalid_reference)
    ordered = sorted(gathering.found.values(), key=lambda keyed: f"{keyed.key}0{keyed.template.name}".encode())
    return Transformation(
        tuple(ordered), tuple(gathering.includes), tuple(gathering.excludes), spec.get("excludeRaw") is True
    )


def references(resource: Resource, destination: Body) -> tuple[Key, ...]:
    """The SecretTransformations that a destination names."""
    entries = sequence(mapping(destination.get("transformation")).get("transformationRefs"))
    return tuple(_target(resource, mapping(entry)) for entry in entries)


def problems_of(shared: Resource) -> list[str]:
    """What is wrong with a SecretTransformation, one sentence each."""
    templates = [
        (str(mapping(entry).get("name") or key), str(mapping(entry).get("text") or ""))
        for key, entry in mapping(shared.spec.get("templates")).items()
    ]
    templates += [
        (str(mapping(entry).get("name") or f"sourceTemplates[{index}]"), str(mapping(entry).get("text") or ""))
        for index, entry in enumerate(sequence(shared.spec.get("sourceTemplates")))
    ]
    names = [name for name, _ in templates]
    found = [f"there are two templates of the name {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    for name, text in templates:
        try:
            _parsed(name, text)
        except TemplateError as problem:
            found.append(str(problem))
    for field in ("includes", "excludes"):
        found += [_wrong(field, str(pattern)) for pattern in sequence(shared.spec.get(field))]
    return [sentence for sentence in found if sentence]


@lru_cache(maxsize=2000)
def _wrong(field: str, pattern: str) -> str:
    """ "" for a pattern that can be used."""
    try:
        compile_pattern(pattern)
    except Refused as problem:
        return f"{field}: {pattern[:100]!r} is no pattern: {problem.args[0] if problem.args else ''}"
    return ""


def _target(resource: Resource, reference: Body) -> Key:
    namespace = str(reference.get("namespace") or resource.key.namespace)
    return Key("SecretTransformation", namespace, str(reference.get("name") or ""))


def _filters(gathering: _Gathering, spec: Body, reference: Body) -> None:
    if reference.get("ignoreExcludes") is not True:
        gathering.excludes |= dict.fromkeys(str(pattern) for pattern in sequence(spec.get("excludes")))
    if reference.get("ignoreIncludes") is not True:
        gathering.includes |= dict.fromkeys(str(pattern) for pattern in sequence(spec.get("includes")))


def _from_shared(gathering: _Gathering, target: Key, found: Resource | None, reference: Body) -> None:
    if found is None:
        gathering.problems.append(f"there is no {target}")
        gathering.invalid_reference = gathering.invalid_reference or target
        return
    wrong = problems_of(found)
    if wrong:
        gathering.problems.append(f"{target} is not valid: {'; '.join(wrong)}")
        gathering.invalid_reference = gathering.invalid_reference or target
        return
    _filters(gathering, found.spec, reference)
    templates = mapping(found.spec.get("templates"))
    where = f"{target.namespace}/{target.name}"
    chosen = [mapping(entry) for entry in sequence(reference.get("templateRefs"))]
    for entry in chosen:
        name = str(entry.get("name") or "")
        if name not in templates:
            gathering.problems.append(f"{target} has no template {name!r}")
            continue
        template = mapping(templates[name])
        key = str(entry.get("keyOverride") or name)
        # The name that the template gives itself; without one it would collide with every other that has none.
        gathering.add(str(template.get("name") or name), str(template.get("text") or ""), key)
    for index, entry in enumerate(map(mapping, sequence(found.spec.get("sourceTemplates")))):
        gathering.add(str(entry.get("name") or f"{where}/{index}"), str(entry.get("text") or ""), "")
    if not chosen:
        for key, template in ((key, mapping(entry)) for key, entry in templates.items()):
            if key not in gathering.found:
                gathering.add(str(template.get("name") or f"{where}/{key}"), str(template.get("text") or ""), key)
