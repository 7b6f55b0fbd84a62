"""What every rendering command does at its end: tell the findings, print the result whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
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

    sink.write(report(findings, form))
    stopped = strict or any(f.severity is Severity.ERROR for f in findings)
    return 1 if stopped else 0


def chosen(ordered: Ordered, layer: str) -> tuple[Manifest, ...]:
    """The manifests of one layer, of all of them (""), or the objects about the layers ("all").

    Raises UsageError for a layer that there is not, naming those there are.
    """
    if layer == "all":
        if not ordered.extra:
            raise UsageError(
                "--layer all makes Argo CD Applications, and needs to know of which: set ARGOCD_APP_NAME, "
                "ARGOCD_APP_SOURCE_REPO_URL, ARGOCD_APP_SOURCE_PATH and ARGOCD_APP_SOURCE_TARGET_REVISION (Argo CD does)"
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


def files(ordered: Ordered, *, target: str, layer: str, form: str) -> Mapping[str, str]:
    """Relative path -> text. Flux gets a folder a layer and `kustomizations.yaml`; the others one file."""
    if target != "flux" or layer:
        return {f"manifests.{form}": stream(ordered, layer=layer, form=form)}
    found = {
        f"{each.directory}/manifests.{form}": _text(each.manifests, form) for each in ordered.layers if each.manifests
    }
    found[f"kustomizations.{form}"] = _text(ordered.extra, form)
    return found


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


def write_files(texts: Mapping[str, str], out: Path) -> None:
    """Write a set of files as one swap; raises OutputError, and then what stood there before still stands."""
    from keywave.emit import write_tree

    write_tree(texts, out)
