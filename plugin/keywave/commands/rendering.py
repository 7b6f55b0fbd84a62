"""The main job: read, render, print or write."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keywave.commands import output
from keywave.commands.locks import find
from keywave.commands.options import build_options, settings

if TYPE_CHECKING:
    from keywave.pipeline import Report


def run(given: Mapping[str, Any]) -> int:
    """Render what the options of `keywave render` ask for (their click names); returns the exit code."""
    from keywave import pipeline

    wanted = settings(given, layer=given["layer"], kit=given["kit"] is not None, allow_empty=given["allow_empty"])
    report = pipeline.render(given["path"], wanted, build_options(given))
    report = _checked(report, given["verify"], given["path"])
    code = output.tell(report.findings, form=given["report"], strict=given["strict"], sink=sys.stderr)
    if code or report.ordered is None:
        return code or 1
    layer, form, target = given["layer"], given["form"], given["target"]
    if given["out"] == "-":
        output.write_text(output.stream(report.ordered, layer=layer, form=form))
    else:
        output.write_files(output.files(report.ordered, target=target, layer=layer, form=form), given["out"])
    return 0


def _checked(report: Report, mode: str | None, path: str) -> Report:
    """`--verify`; where neither it nor a lock is there, nothing that proves is even imported."""
    if mode == "off" or not (mode or find(path)):
        return report
    from keywave.commands.proving_render import checked

    return checked(report, mode or "", path)
