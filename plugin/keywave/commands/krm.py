"""`keywave krm`: a KRM function. ResourceList on stdin, ResourceList on stdout, for `kustomize build --enable-alpha-plugins --enable-exec`.

For the outermost layer only: kustomize runs functions per layer, and an outer namePrefix would rename what was made here without
knowing its references. kustomize discards `results`, so problems are also told on stderr and by the exit code.
Source: kustomize's functions-spec (config.kubernetes.io/v1).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from keywave.commands import output
from keywave.commands.options import TARGETS
from keywave.errors import UsageError
from keywave.findings import Finding
from keywave.objects.manifest import Body, Manifest, Source, mapping, sequence

FUNCTION_API = "config.kubernetes.io/v1"


@click.command(short_help="Run as a KRM function (ResourceList on stdin and stdout).")
@click.option("--target", type=click.Choice(TARGETS), default="argocd", show_default=True)
def krm(target: str) -> int:
    """Expand and order the items of a ResourceList. `functionConfig.spec` may set target, profile and layer."""
    from keywave import emit, pipeline
    from keywave.build.source import Built

    request = _read(sys.stdin.buffer.read())
    config = mapping(mapping(request.get("functionConfig")).get("spec"))
    items = tuple(Manifest(body, Source("-"), None, body) for body in sequence(request.get("items")))
    target = str(config.get("target", target))
    if target not in TARGETS:
        raise UsageError(f'functionConfig: there is no target "{target}"', hint=f"targets: {', '.join(TARGETS)}")
    settings = pipeline.Settings(
        target=target,
        profile=str(config.get("profile", "")),
        layer=str(config.get("layer", "")),
        allow_empty=True,
    )
    built = Built(items, (), root="-", kustomize=False, command=())
    report = pipeline.render_built(built, settings)
    code = output.tell(report.findings, form="text", strict=False, sink=sys.stderr)
    if code or report.ordered is None:
        return code or 1
    chosen = output.chosen(report.ordered, settings.layer)
    answer: dict[str, Any] = {"apiVersion": FUNCTION_API, "kind": "ResourceList", "items": [m.body for m in chosen]}
    if report.findings:
        answer["results"] = results(report.findings)
    output.write_text(emit.stream([Manifest(answer)]))
    return 0


def _read(data: bytes) -> Body:
    """The ResourceList. Raises UsageError when stdin holds something else."""
    from keywave.objects.yamlio import YamlError, parse

    try:
        request = json.loads(data) if data.lstrip().startswith(b"{") else parse(data.decode())
    except (YamlError, ValueError) as error:
        raise UsageError(f"stdin is not a ResourceList: {error}") from None
    if mapping(request).get("kind") != "ResourceList":
        raise UsageError(
            "stdin is not a ResourceList", hint="this command is called by kustomize; use `keywave render -`"
        )
    if not all(isinstance(item, dict) for item in sequence(request.get("items"))):
        raise UsageError("stdin is not a ResourceList: an item is no object")
    return mapping(request)


def results(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as KRM results."""
    from keywave.redact import redact

    return [
        {
            "message": redact(f"{f.code}: {f.message}" + (f" ({f.hint})" if f.hint else "")),
            "severity": f.severity.value,
            "field": {"path": f.where.path.removeprefix("$.")},
            "tags": {"subject": f.subject},
        }
        for f in findings
    ]
