"""Which patch of a kustomization set a value.

Rule: kustomize's annotations name the kustomization that patched an object, not the patch; so the patches of that file are read and
matched here: by target or by the patch's own kind and name, then by the keys that it sets. The last that fits wins, as in kustomize.
When in doubt a patch did not do it: the base is always a true answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keywave.build.kustomization import Kustomization, is_inline
from keywave.build.tree import Tree, read_bytes
from keywave.findings import Location, PathKey
from keywave.objects import yamlio
from keywave.objects.ids import group_of
from keywave.objects.locate import line_of
from keywave.objects.manifest import Manifest, mapping, sequence

Keys = tuple[PathKey, ...]


class Patch(NamedTuple):
    """One patch: its text, where the text begins, and whom it is for ({} = whom the text itself names)."""

    text: str
    file: str
    line: int
    target: Mapping[str, Any]


class Patched(NamedTuple):
    """The object that a patch may have changed: as built, and the names that it has had on its way."""

    manifest: Manifest
    names: Collection[str]


def place_in(found: Kustomization, tree: Tree, wanted: Patched, keys: Keys) -> Location | None:
    """Where a patch of this kustomization set the value at `keys` of the object, None when none did."""
    for patch in reversed(list(_patches(found, tree))):
        line = _line(patch, wanted, keys)
        if line:
            return Location(patch.file, patch.line + line - 1, keys)
    return None


def of_overrides(patches: Sequence[Mapping[str, Any]], wanted: Patched, keys: Keys) -> Location | None:
    """The same for patches that came as a parameter; the place is the parameter's name."""
    for index in range(len(patches) - 1, -1, -1):
        text = patches[index].get("patch")
        if not isinstance(text, str):
            continue
        patch = Patch(text, f"parameter patches[{index}]", 1, mapping(patches[index].get("target")))
        if line := _line(patch, wanted, keys):
            return Location(patch.file, line, keys)
    return None


def _patches(found: Kustomization, tree: Tree) -> Iterator[Patch]:
    """All patches of a file in the order in which kustomize applies them (transformer order of api v0.21)."""
    for index, entry in enumerate(sequence(found.body.get("patchesStrategicMerge"))):
        if isinstance(entry, str):
            key: Keys = ("patchesStrategicMerge", index)
            yield from _inline(found, key, entry, {}) if is_inline(entry) else _from_file(found, tree, entry, {})
    for name in ("patches", "patchesJson6902"):
        for index, entry in enumerate(sequence(found.body.get(name))):
            target = mapping(mapping(entry).get("target"))
            text, path = mapping(entry).get("patch"), mapping(entry).get("path")
            if isinstance(text, str) and text:
                yield from _inline(found, (name, index, "patch"), text, target)
            elif isinstance(path, str) and path:
                yield from _from_file(found, tree, path, target)


def _inline(found: Kustomization, keys: Keys, text: str, target: Mapping[str, Any]) -> Iterator[Patch]:
    """A block scalar begins on the line after its key; other forms are told by the line of the value."""
    line = line_of(found.text, keys)
    raw = found.text.splitlines()[line - 1] if line <= found.text.count("\n") + 1 else ""
    block = re.search(r"[|>][-+0-9]*\s*(#.*)?$", raw)
    yield from _documents(text, found.shown, line + 1 if block else line, target)


def _from_file(found: Kustomization, tree: Tree, path: str, target: Mapping[str, Any]) -> Iterator[Patch]:
    real = os.path.realpath(os.path.join(found.folder, path))
    try:
        text = read_bytes(real).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return
    yield from _documents(text, tree.show(real), 1, target)


def _documents(text: str, file: str, line: int, target: Mapping[str, Any]) -> Iterator[Patch]:
    """A patch may be a stream of documents."""
    start = 0
    for separator in [*re.finditer(r"^---[ \t]*$\n?", text, re.MULTILINE), None]:
        end = separator.start() if separator else len(text)
        if text[start:end].strip():
            yield Patch(text[start:end], file, line + text.count("\n", 0, start), target)
        start = separator.end() if separator else end


def _line(patch: Patch, wanted: Patched, keys: Keys) -> int:
    """The line in the patch's text that set the value, 0 when it did not."""
    try:
        value = yamlio.parse(patch.text)
    except yamlio.YamlError:
        return 0
    if isinstance(value, list):
        return _operation_line(patch, value, keys) if _targeted(patch.target, wanted) else 0
    if not isinstance(value, dict):
        return 0
    fits = _targeted(patch.target, wanted) if patch.target else _names(value, wanted)
    way = _way(value, wanted.manifest.body, keys) if fits else None
    return line_of(patch.text, way) if way else 0


def _names(patch: Mapping[str, Any], wanted: Patched) -> bool:
    manifest = wanted.manifest
    group = group_of(str(patch.get("apiVersion", "")))
    return (
        patch.get("kind") == manifest.kind
        and group == manifest.group
        and mapping(patch.get("metadata")).get("name") in wanted.names
    )


def _targeted(target: Mapping[str, Any], wanted: Patched) -> bool:
    """kustomize's selector without labels and annotations: each text is an anchored regular expression."""
    manifest = wanted.manifest
    version = manifest.api_version.rpartition("/")[2]
    fields = {
        "group": {manifest.group},
        "version": {version},
        "kind": {manifest.kind},
        "name": set(wanted.names),
        "namespace": {manifest.namespace, ""},
    }
    return bool(target) and all(
        any(_full(str(target[key]), value) for value in values) for key, values in fields.items() if target.get(key)
    )


def _full(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return False


def _way(patch: Any, built: Any, keys: Keys) -> Keys | None:
    """The keys into a merge patch that lead to the value at `keys` of the built object.

    Items of lists are met by name where they have one, as kustomize merges containers; else the patch's list took the place of all.
    """
    way: list[PathKey] = []
    for key in keys:
        if isinstance(key, str) and isinstance(patch, Mapping) and key in patch:
            step: PathKey = key
        elif isinstance(key, int) and isinstance(patch, list) and isinstance(built, list) and key < len(built):
            name = mapping(built[key]).get("name")
            met = [i for i, item in enumerate(patch) if name is not None and mapping(item).get("name") == name]
            if not met and not (name is None and key < len(patch)):
                return None
            step = met[0] if met else key
        else:
            return None
        way.append(step)
        patch = patch[step]
        built = built[key] if (isinstance(built, list) or key in mapping(built)) else None
        if not isinstance(patch, Mapping | list):
            return tuple(way)
    return tuple(way)


def _operation_line(patch: Patch, operations: list[Any], keys: Keys) -> int:
    """The last operation that wrote at the keys or above them."""
    for index in range(len(operations) - 1, -1, -1):
        operation = mapping(operations[index])
        pointer = operation.get("path")
        if operation.get("op") not in ("add", "replace", "copy", "move") or not isinstance(pointer, str):
            continue
        parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        if parts and len(parts) <= len(keys) and all(p in (str(k), "-") for p, k in zip(parts, keys, strict=False)):
            inside = keys[len(parts) :]
            return line_of(patch.text, (index, "value", *inside))
    return 0
