"""SecretTransformation: its templates and patterns are read, so that what is wrong is told here and not by every Secret."""

from __future__ import annotations

from keywave.controller import reasons
from keywave.controller.kinds import secret_flow as flow
from keywave.controller.model import Condition, Resource, Result
from keywave.controller.ports import World
from keywave.controller.status import write_status
from keywave.gotemplate import TemplateError, parse
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.regex_syntax import compile_pattern
from keywave.objects.manifest import mapping, sequence


def reconcile(resource: Resource, world: World, failures: int) -> Result:
    if resource.deleting or flow.suspended(resource):
        return Result()
    problems = problems_of(resource)
    valid, message = not problems, "; ".join(problems)
    reason = reasons.ACCEPTED if valid else reasons.TRANSFORMATION
    before = flow.condition_of(resource, "Ready")
    conditions = [Condition(type, valid, reason, message or "can be used") for type in ("Healthy", "Ready")]
    if write_status(resource, world, {"valid": valid, "error": message}, conditions):
        if before.get("reason") != reason:
            world.events.tell(resource, reason, message or "can be used", warning=not valid)
        for user in world.lookup.referrers(resource.key):
            world.enqueue(user.key)
    return Result()


def problems_of(resource: Resource) -> list[str]:
    """What is wrong, one sentence each. Pure."""
    found = []
    named = [
        (str(mapping(entry).get("name") or key), mapping(entry).get("text"))
        for key, entry in mapping(resource.spec.get("templates")).items()
    ]
    sources = [
        (str(mapping(entry).get("name") or f"sourceTemplates[{index}]"), mapping(entry).get("text"))
        for index, entry in enumerate(sequence(resource.spec.get("sourceTemplates")))
    ]
    names = [name for name, _ in (*named, *sources)]
    found += [
        f"there are two templates of the name {name}" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    for name, text in (*named, *sources):
        try:
            parse(name, str(text or ""))
        except TemplateError as problem:
            found.append(str(problem))
    for field in ("includes", "excludes"):
        for pattern in map(str, sequence(resource.spec.get(field))):
            try:
                compile_pattern(pattern)
            except Refused as problem:
                found.append(f"{field}: {pattern[:100]!r} is no pattern: {problem.args[0] if problem.args else ''}")
    return found
