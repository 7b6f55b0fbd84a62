"""Input without kustomize: a folder of YAML, one file, or a stream on stdin.

Rule: names decide what is read (`*.yaml`, `*.yml`, `*.json`, sorted by path, nothing hidden), never content; symlinks are followed
inside the tree only; all problems of all files at once. A folder that holds kustomizations or charts further down is refused: reading
their parts as they lie there would give every base next to its overlays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from keywave.build import kustomization as kust
from keywave.build.tree import Place, Tree, read_bytes, unreadable
from keywave.errors import UsageError
from keywave.findings import Finding
from keywave.objects import yamlio
from keywave.objects.manifest import Manifest

SUFFIXES = (".yaml", ".yml", ".json")
MAX_FILES = 20_000
MAX_STREAM_BYTES = 256 * 1024 * 1024


class Parts(NamedTuple):
    """What was read."""

    manifests: tuple[Manifest, ...]
    findings: tuple[Finding, ...]


def read_stdin() -> Parts:
    """The stream on stdin. Raises UsageError when stdin is a terminal or closed."""
    stream = sys.stdin
    if stream is None or stream.closed or stream.isatty():
        raise UsageError("nothing comes on stdin", hint="pipe manifests into it: kustomize build . | keywave render -")
    data = stream.buffer.read(MAX_STREAM_BYTES + 1)
    if len(data) > MAX_STREAM_BYTES:
        return Parts(
            (),
            (Place("-").finding("KW0207", f"stdin gave more than {MAX_STREAM_BYTES} bytes", "render a smaller tree"),),
        )
    return Parts(*yamlio.read_stream(data, "-")[:2])


def read_file(path: str) -> Parts:
    """One file that the user named: its name may be anything, and it may lie anywhere."""
    if problem := unreadable(path, path, Place(path)):
        return Parts((), (problem,))
    return _parse([(path, path)])


def read_folder(tree: Tree) -> Parts:
    """All YAML of a folder, recursively."""
    files: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for path in _walk(tree, tree.real, findings, set()):
        shown = tree.show(path)
        real = os.path.realpath(path)
        if not tree.holds(real, tree.real):
            findings.append(
                Place(shown).finding("KW0205", f"{shown} leads out of the tree", "put the file itself there")
            )
        elif problem := unreadable(real, shown, Place(shown)):
            findings.append(problem)
        else:
            files.append((real, shown))
        if len(files) > MAX_FILES:
            findings.append(
                Place(tree.given).finding("KW0207", f"more than {MAX_FILES} files", "render a smaller tree")
            )
            return Parts((), tuple(findings))
    parts = _parse(files)
    return Parts(parts.manifests, (*findings, *parts.findings))


def _walk(tree: Tree, folder: str, findings: list[Finding], seen: set[str]) -> Iterator[str]:
    """Paths of the YAML files below a folder, sorted; folders that must not be read become findings."""
    seen.add(os.path.realpath(folder))
    shown = tree.show(folder)
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        findings.append(Place(shown).finding("KW0206", f"{shown} cannot be read: {error.strerror}"))
        return
    if folder != tree.real and kust.file_names(folder):
        hint = (
            f"render it by itself (keywave render {shown}), or add a kustomization.yaml to {tree.given} that names it"
        )
        findings.append(Place(shown).finding("KW0209", f"{shown} holds a kustomization of its own", hint))
        return
    if "Chart.yaml" in names:
        hint = f"render the chart before: helm template NAME {shown} | keywave render -"
        findings.append(Place(shown).finding("KW0209", f"{shown} is a Helm chart", hint))
        return
    for name in names:
        path = os.path.join(folder, name)
        # Locks of Vault are JSON, and no objects.
        if name.startswith(".") or name == "vault.lock.d":
            continue
        if not os.path.isdir(path):
            if name.endswith(SUFFIXES):
                yield path
        elif not tree.holds(os.path.realpath(path), tree.real):
            findings.append(Place(tree.show(path)).finding("KW0205", f"{tree.show(path)} leads out of the tree"))
        elif os.path.realpath(path) not in seen:
            yield from _walk(tree, path, findings, seen)


def _parse(files: list[tuple[str, str]]) -> Parts:
    manifests: list[Manifest] = []
    findings: list[Finding] = []
    total = 0
    for path, shown in files:
        try:
            data = read_bytes(path)
        except OSError as error:
            findings.append(Place(shown).finding("KW0206", f"{shown} cannot be read: {error.strerror}"))
            continue
        total += len(data)
        if total > MAX_STREAM_BYTES:
            findings.append(
                Place(shown).finding("KW0207", f"more than {MAX_STREAM_BYTES} bytes of YAML", "render a smaller tree")
            )
            break
        read = yamlio.read_stream(data, shown)
        manifests += read.manifests
        findings += read.findings
    return Parts(tuple(manifests), tuple(findings))
