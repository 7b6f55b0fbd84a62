"""Reads PATH: a kustomization, a folder of YAML, a file, or `-` for a stream.

Rule: kustomize is needed only where there is a kustomization, or overrides, which are its business. `begin` and `finish` are two steps,
so that a command can import the later stages while kustomize runs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from keywave.build import folder, kustomization
from keywave.build.options import BuildOptions
from keywave.build.tree import tree_of
from keywave.errors import UsageError
from keywave.findings import Finding
from keywave.objects.manifest import Manifest


class Built(NamedTuple):
    """What was read. `root` is PATH as the user named it, `command` kustomize's argv (() when it did not run).

    `options` are what was asked for: `blame` builds once more with them. `literals` are `file:line` of secretGenerator literals;
    `documents` are the user's documents where overrides made kustomize run on plain input; `seconds` is what the build took.
    With errors among the findings the manifests may be incomplete.
    """

    manifests: tuple[Manifest, ...]
    findings: tuple[Finding, ...]
    root: str
    kustomize: bool
    command: tuple[str, ...]
    options: BuildOptions = BuildOptions()
    literals: tuple[str, ...] = ()
    documents: tuple[Manifest, ...] = ()
    seconds: float = 0.0


def read(path: str, options: BuildOptions) -> Built:
    """Read PATH. Raises UsageError (no such path), ToolError (kustomize absent, failed, too slow); else problems are findings."""
    with begin(path, options) as reading:
        return reading.finish()


def begin(path: str, options: BuildOptions) -> Reading:
    """Start reading; kustomize, where needed, runs when this returns. Use as a context manager, `finish` inside of it."""
    if path != "-" and not os.path.lexists(path):
        raise UsageError(f"{path} is not there", hint="name a kustomization, a folder of YAML, a file, or - for stdin")
    if is_kustomization(path):
        from keywave.build.kustomize import KustomizeReading

        return KustomizeReading(path, options)
    return Reading(path, options)


def is_kustomization(path: str) -> bool:
    """True for a folder that holds a kustomization file, readable or not."""
    return path != "-" and os.path.isdir(path) and bool(kustomization.file_names(path))


class Reading:
    """Reading under way; this one is of plain files, which `finish` reads."""

    def __init__(self, path: str, options: BuildOptions) -> None:
        self.path = path
        self.options = options
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Reading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def finish(self) -> Built:
        """The result. Raises as `read` does."""
        parts = self._parts()
        plain = self._built(parts.manifests, parts.findings)
        if not self.options.overrides or parts.findings or not parts.manifests:
            return plain
        from keywave.build.kustomize import overridden

        return overridden(plain)

    def _parts(self) -> folder.Parts:
        if self.path == "-":
            return folder.read_stdin()
        if os.path.isdir(self.path):
            return folder.read_folder(tree_of(self.path, self.options.root))
        return folder.read_file(self.path)

    def _built(self, manifests: tuple[Manifest, ...], findings: Sequence[Finding]) -> Built:
        found = tuple(sorted(findings, key=lambda f: f.sort_key))
        return Built(manifests, found, self.path, kustomize=False, command=(), options=self.options)
