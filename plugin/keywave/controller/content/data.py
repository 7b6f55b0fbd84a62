"""The data of a Secret out of what Vault answered: templates, filtered keys, `_raw`. Pure.

Rules: those of Vault Secrets Operator 0.10.0 (helpers/secrets.go): templated keys win, text stays as it is, anything else is Go's JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from keywave.controller import reasons
from keywave.controller.content.transformation import Transformation
from keywave.controller.model import Resource
from keywave.controller.problems import PlanProblem
from keywave.gotemplate import Limits, Outside, TemplateError, secret_input
from keywave.gotemplate.failing import Refused
from keywave.gotemplate.json_form import encode
from keywave.gotemplate.regex_machine import find, program
from keywave.gotemplate.running import Run
from keywave.objects.manifest import mapping

RAW = "_raw"
MOST_BYTES = 1 << 20
"""What Kubernetes lets a Secret hold."""
TOGETHER = 5.0
"""Seconds that all templates of one object may take: a worker is not to be kept by one object. Each has its own limits besides."""
_TOO_LARGE = "the data is larger than the 1 MiB that a Secret can hold"
_OUTSIDE = Outside()
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def build_data(
    secrets: Mapping[str, Any],
    raw: Mapping[str, Any],
    transformation: Transformation,
    resource: Resource,
    *,
    exclude_raw: bool = False,
) -> dict[str, bytes]:
    """Key -> bytes. `secrets`: what Vault's secret holds; `raw`: the whole `data` of the answer. Raises PlanProblem, without any value."""
    data = _rendered(secrets, raw, transformation, resource)
    keep_raw = not (exclude_raw or transformation.exclude_raw)
    if keep_raw:
        if RAW in secrets or RAW in data:
            told = f"the secret has a key {RAW} of its own: set excludeRaw, or rename it"
            raise PlanProblem(reasons.TRANSFORMATION, told)
        data[RAW] = _json(raw, RAW)
    for key in _filtered(secrets, transformation):
        if key not in data:
            value = secrets[key]
            # A Number is a text by its class, and a number by its meaning.
            data[key] = _bytes(value) if type(value) is str else _json(value, key)
    return checked(data)


def checked(data: dict[str, bytes]) -> dict[str, bytes]:
    """The same, if Kubernetes takes it. Raises PlanProblem."""
    wrong = sorted(key for key in data if not _KEY.fullmatch(key) or key in (".", "..") or key.startswith(".."))
    if wrong:
        told = f"{wrong[0][:100]!r} is no key that a Secret can have: exclude it, or rename it by a template"
        raise PlanProblem(reasons.TRANSFORMATION, told)
    if sum(map(len, data.values())) > MOST_BYTES:
        raise PlanProblem(reasons.TRANSFORMATION, _TOO_LARGE)
    return data


def _rendered(
    secrets: Mapping[str, Any], raw: Mapping[str, Any], transformation: Transformation, resource: Resource
) -> dict[str, bytes]:
    if not transformation.templates:
        return {}
    given = secret_input(dict(secrets), mapping(raw.get("metadata")), resource.annotations, resource.labels)
    others = {keyed.template.name: keyed.template for keyed in transformation.templates}
    data: dict[str, bytes] = {}
    until, size = _OUTSIDE.clock() + TOGETHER, 0
    for key, template in transformation.templates:
        if not key:
            continue
        left = until - _OUTSIDE.clock()
        try:
            # Never less than a little: what has no time left is told of below, not by the template.
            limits = Limits(seconds=min(Limits().seconds, max(left, 0.05)))
            data[key] = _bytes(template.render(given, others=others, limits=limits, outside=_OUTSIDE))
            problem = ""
        except TemplateError as refused:
            problem = str(refused)
        size += len(data.get(key, b""))
        if _OUTSIDE.clock() > until:
            raise PlanProblem(reasons.TRANSFORMATION, f"the templates take more than {TOGETHER:g} seconds together")
        if problem:
            raise PlanProblem(reasons.TRANSFORMATION, problem)
        if size > MOST_BYTES:
            raise PlanProblem(reasons.TRANSFORMATION, _TOO_LARGE)
    return data


def _filtered(secrets: Mapping[str, Any], transformation: Transformation) -> list[str]:
    run = Run(Limits(), Outside())

    def matches(patterns: tuple[str, ...], key: str) -> bool:
        return any(find(run, program(run, pattern), key) is not None for pattern in patterns)

    includes, excludes = transformation.includes, transformation.excludes
    try:
        kept = [key for key in secrets if not matches(excludes, key)]
        return [key for key in kept if matches(includes, key)] if includes else kept
    except Refused as problem:
        told = f"a pattern of includes or excludes cannot be used: {problem.args[0] if problem.args else 'it is wrong'}"
        raise PlanProblem(reasons.TRANSFORMATION, told) from None


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character (`\ud800` in JSON): U+FFFD, as Go reads it
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()


def _json(value: Any, key: str) -> bytes:
    try:
        return _bytes(encode(value))
    except Refused:
        raise PlanProblem(reasons.TRANSFORMATION, f"the value of {key} has no form in JSON") from None
