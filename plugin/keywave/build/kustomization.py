"""One kustomization file: where it is, what it says, and every path that it names.

Rule: the table of path fields below is the only place that knows which fields of a kustomization are paths; the closure walks
over it, the outer kustomization rewrites by it. Source: kustomize api v0.21 `types/kustomization.go` and what it refers to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from keywave.build.tree import Place
from keywave.findings import PathKey
from keywave.objects.later import later
from keywave.objects.manifest import mapping, sequence

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_BYTES = 8 * 1024 * 1024

Role = Literal["file", "folder", "either"]


class Entry(NamedTuple):
    """A path that a kustomization names. `prefix` is what stands before it in the same text (`key=` of a generator)."""

    path: str
    keys: tuple[PathKey, ...]
    role: Role
    prefix: str = ""


class Kustomization(NamedTuple):
    """`folder` and `file` are real paths, `shown` is the file as the user would name it."""

    folder: str
    file: str
    shown: str
    text: str
    body: Mapping[str, Any]

    def place(self, keys: tuple[PathKey, ...]) -> Place:
        """Where the value at `keys` stands in the file."""
        from keywave.objects.locate import line_of  # only when something is wrong

        return Place(self.shown, line_of(self.text, keys), keys)


def file_names(folder: str) -> list[str]:
    """The kustomization files that a folder holds; kustomize accepts exactly one."""
    return [name for name in FILE_NAMES if os.path.lexists(os.path.join(folder, name))]


_LISTS: tuple[tuple[str, Role], ...] = (
    ("resources", "either"),
    ("bases", "folder"),
    ("components", "folder"),
    ("crds", "file"),
    ("configurations", "file"),
)
_LISTS_OR_INLINE: tuple[tuple[str, Role], ...] = (
    ("patchesStrategicMerge", "file"),
    ("generators", "either"),
    ("transformers", "either"),
    ("validators", "either"),
)
_PATHS_IN: tuple[tuple[str, str], ...] = (
    ("patches", "path"),
    ("patchesJson6902", "path"),
    ("replacements", "path"),
    ("helmCharts", "valuesFile"),
    ("helmChartInflationGenerator", "values"),
)
GENERATORS = ("configMapGenerator", "secretGenerator")
PLUGINS = ("generators", "transformers", "validators")
HELM = ("helmCharts", "helmChartInflationGenerator")


def entries(body: Mapping[str, Any]) -> Iterator[Entry]:
    """Every path in a kustomization, in the order of this table. What is not a text is left to kustomize to refuse."""
    for name, role in _LISTS:
        for index, value in enumerate(sequence(body.get(name))):
            if isinstance(value, str):
                yield Entry(value, (name, index), role)
    for name, role in _LISTS_OR_INLINE:
        for index, value in enumerate(sequence(body.get(name))):
            if isinstance(value, str) and not is_inline(value):
                yield Entry(value, (name, index), role)
    for name, key in _PATHS_IN:
        for index, value in enumerate(sequence(body.get(name))):
            path = mapping(value).get(key)
            if isinstance(path, str) and path:
                yield Entry(path, (name, index, key), "file")
    openapi = mapping(body.get("openapi")).get("path")
    if isinstance(openapi, str) and openapi:
        yield Entry(openapi, ("openapi", "path"), "file")
    for index, chart in enumerate(sequence(body.get("helmCharts"))):
        for number, value in enumerate(sequence(mapping(chart).get("additionalValuesFiles"))):
            if isinstance(value, str):
                yield Entry(value, ("helmCharts", index, "additionalValuesFiles", number), "file")
    for name in GENERATORS:
        for index, generator in enumerate(sequence(body.get(name))):
            yield from _generator_entries(name, index, mapping(generator))


def _generator_entries(name: str, index: int, generator: Mapping[str, Any]) -> Iterator[Entry]:
    for number, value in enumerate(sequence(generator.get("files"))):
        if isinstance(value, str):
            key, equals, path = value.partition("=")
            yield Entry(path if equals else value, (name, index, "files", number), "file", f"{key}=" if equals else "")
    for number, value in enumerate(sequence(generator.get("envs"))):
        if isinstance(value, str):
            yield Entry(value, (name, index, "envs", number), "file")
    env = generator.get("env")
    if isinstance(env, str) and env:
        yield Entry(env, (name, index, "env"), "file")


def is_inline(text: str) -> bool:
    """True for a document in the place of a path, as kustomize allows for patches and plugins."""
    return "\n" in text.strip() or text.lstrip().startswith("{") or ": " in text


_HTTP = later(r"https?:", re.IGNORECASE)
_REPOSITORY = later(r"(git::|[a-z][a-z0-9+.-]*:/|[a-z][\w.-]*@|(www\.)?github\.com[:/]|gh:)", re.IGNORECASE)


def is_remote(path: str, role: Role = "either") -> bool:
    """True for what kustomize would fetch: HTTP files, Git repositories by URL, `user@host:path` or `github.com/...`.

    For folders wider than kustomize's own rule (api `internal/git/repospec.go`, `internal/loader/fileloader.go`): in doubt it is
    remote; and for a local folder of such a name kustomize itself prefers the repository. Files are only ever fetched by HTTP.
    """
    if role == "file":
        return bool(_HTTP.match(path))
    return bool(_REPOSITORY.match(path)) or "?ref=" in path


def is_fetched(folder: str, entry: Entry) -> bool:
    """The same for an entry of the kustomization in `folder`: a file that lies there is taken before any repository."""
    here = entry.role == "either" and not _HTTP.match(entry.path) and os.path.isfile(os.path.join(folder, entry.path))
    return is_remote(entry.path, entry.role) and not here
