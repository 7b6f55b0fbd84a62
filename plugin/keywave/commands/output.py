"""What every rendering command does at its end: tell the findings, print the result whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from keywave.errors import OutputError, UsageError
from keywave.findings import Finding, Severity

if TYPE_CHECKING:
    from keywave.objects.manifest import Manifest
    from keywave.order import Ordered


def tell(findings: Sequence[Finding], *, form: str, strict: bool, sink: TextIO) -> int:
    """Print the findings to `sink`; returns 1 when they stop the output (errors, or anything with `strict`), else 0."""
    if not findings:
        if form == "json":
            from keywave.emit import report

            sink.write(report((), "json"))
        return 0
    from keywave.emit import report
    from keywave.emit.reports import ReportOptions

    sink.write(report(findings, form, ReportOptions(color=sink.isatty() and not os.environ.get("NO_COLOR"))))
    stopped = strict or any(f.severity is Severity.ERROR for f in findings)
    return 1 if stopped else 0


def chosen(ordered: Ordered, layer: str) -> tuple[Manifest, ...]:
    """The manifests of one layer, of all of them (""), or the objects about the layers ("all").

    Raises UsageError for a layer that there is not, naming those there are.
    """
    if layer == "all":
        if not ordered.extra:
            raise UsageError(
                "layer all gives the objects about the layers, and there are none",
                hint="it needs --target argocd (Applications) or flux (Kustomizations), and something to deploy",
            )
        return ordered.extra
    if layer:
        for candidate in ordered.layers:
            if layer in (candidate.name, candidate.directory):
                return candidate.manifests
        raise UsageError(f"there is no layer {layer!r}; there are: {', '.join(la.name for la in ordered.layers)}")
    return tuple(manifest for each in ordered.layers for manifest in each.manifests)


def stream(ordered: Ordered, *, layer: str, form: str) -> str:
    """The text of one layer or of all, as a YAML stream or as one JSON object a line."""
    return _text(chosen(ordered, layer), form)


FLUX_ENTRY = """\
# For a Flux Kustomization of yours that points at this folder. Without this file Flux would apply all layers at once, by itself.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- kustomizations.yaml
"""


def files(ordered: Ordered, *, target: str, layer: str, form: str) -> Mapping[str, str]:
    """Relative path -> text. Flux gets a folder a layer, `kustomizations.yaml` and a way in; the others one file.

    Raises UsageError for JSON files that Flux would pass over.
    """
    if target != "flux" or layer:
        return {f"manifests.{form}": stream(ordered, layer=layer, form=form)}
    if form != "yaml":
        raise UsageError("Flux reads no files but YAML", hint="leave --format out, or print to stdout")
    found = {
        f"{each.directory}/manifests.yaml": _text(each.manifests, form) for each in ordered.layers if each.manifests
    }
    return {**found, "kustomizations.yaml": _text(ordered.extra, form), "kustomization.yaml": FLUX_ENTRY}


def _text(manifests: Sequence[Manifest], form: str) -> str:
    from keywave import emit

    return emit.stream(manifests, form)


def write_text(text: str) -> None:
    """Print to stdout as UTF-8; raises OutputError when the other side refuses (disk full) or has left.

    A broken pipe is turned into our error here, because click would end the process by itself, with exit code 1.
    """
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise OutputError("stdout was closed before everything was written") from error
    except OSError as error:
        raise OutputError(f"stdout could not be written: {error.strerror}") from error


def write_file(place: str, text: str) -> None:
    """Write one file whole, beside its place first; raises OutputError."""
    draft = f"{place}.{os.getpid()}.new"
    try:
        with open(draft, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(draft, place)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise OutputError(f"cannot write {place}: {error.strerror or error}") from error


def write_files(texts: Mapping[str, str], out: str) -> None:
    """Write a set of files as one swap; raises OutputError, and then what stood there before still stands."""
    from pathlib import Path

    from keywave.emit import write_tree

    write_tree(texts, Path(out))
