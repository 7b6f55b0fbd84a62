"""`keywave render`: the main job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from keywave.commands import output
from keywave.commands.options import build_options, input_options, settings

EPILOG = """\b
Examples:
  keywave render overlays/prod
  keywave render . --target flux --out dist/
  kustomize build . | keywave render - --target plain
  keywave render . --layer secrets
  keywave render . --kit platform
"""


@click.command(epilog=EPILOG, short_help="Render intents and manifests into ordered objects.")
@input_options
@click.option("--out", default="-", help="Folder to write; - is stdout.")
@click.option("--format", "form", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option("--layer", default="", help="Only this layer; `all` gives one Argo CD Application a layer.")
@click.option("--kit", type=click.Choice(("platform",)), help="Only the shared objects of the profiles.")
@click.option("--allow-empty", is_flag=True, help="A result without any object is meant.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option(
    "--report", type=click.Choice(("text", "json", "github")), default="text", help="Form of findings on stderr."
)
def render(**given: Any) -> int:
    """Read PATH (a kustomization, a folder, a file, or - for stdin), render it, and print or write the result.

    Nothing is printed or written when there are errors.
    """
    from keywave import pipeline

    wanted = settings(given, layer=given["layer"], kit=given["kit"] is not None, allow_empty=given["allow_empty"])
    report = pipeline.render(given["path"], wanted, build_options(given))
    code = output.tell(report.findings, form=given["report"], strict=given["strict"], sink=sys.stderr)
    if code or report.ordered is None:
        return code or 1
    layer, form, target = given["layer"], given["form"], given["target"]
    if given["out"] == "-":
        output.write_text(output.stream(report.ordered, layer=layer, form=form))
    else:
        output.write_files(output.files(report.ordered, target=target, layer=layer, form=form), Path(given["out"]))
    return 0
