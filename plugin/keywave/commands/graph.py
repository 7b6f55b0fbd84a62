"""`keywave graph`: who waits for whom."""

from __future__ import annotations

import sys
from typing import Any

import click

from keywave.commands import output
from keywave.commands.declared import input_options
from keywave.commands.options import build_options, settings


@click.command(short_help="Show the dependency graph of a render.")
@input_options
@click.option("--format", "form", type=click.Choice(("mermaid", "dot", "text")), default="text", show_default=True)
def graph(**given: Any) -> int:
    """Print which object needs which other first, of everything that takes part in the order.

    Printed even when there are errors: a picture of a cycle helps to break it.
    """
    from keywave import order, pipeline
    from keywave.emit import picture

    report = pipeline.render(given["path"], settings(given), build_options(given))
    code = output.tell(report.findings, form="text", strict=False, sink=sys.stderr)
    if report.options is not None:
        drawn = order.graph(report.manifests, report.options)
        output.write_text(picture(drawn.nodes, drawn.edges, given["form"]))
    return code
