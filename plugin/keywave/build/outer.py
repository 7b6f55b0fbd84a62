"""The generated outer kustomization: a temporary folder that kustomize builds in place of the user's.

Rule: nothing of the user is changed, and kustomize's own load restrictions stay on. Three uses: name references for our kinds where a
layer renames, Argo CD's overrides, and annotations that tell where a value came from.

Two forms. Without overrides the user's folder is the only resource; what kustomize heeds only at the top (`sortOptions`,
`buildMetadata`, `openapi`) is copied. With overrides the user's top kustomization is copied, changed and its own files laid beside it,
because an override replaces what the file says, and from one level above it could only be added to.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from keywave.build import edit, references
from keywave.build import kustomization as kust
from keywave.build.kustomization import Kustomization
from keywave.build.options import Overrides
from keywave.build.tree import Place, read_bytes
from keywave.errors import OutputError
from keywave.findings import Finding
from keywave.objects.later import later
from keywave.objects.manifest import mapping, sequence

ANNOTATE = ("originAnnotations", "transformerAnnotations")
_REFERENCES = "keywave-references.yaml"
_TOP_ONLY = ("sortOptions", "buildMetadata")


@contextlib.contextmanager
def workspace() -> Iterator[str]:
    """A private temporary folder (its real path), removed at the end whatever happens.

    (`tempfile` would do the same for more import time than kustomize needs for a small tree.)
    """
    base = os.environ.get("TMPDIR") or "/tmp"
    folder = os.path.join(os.path.realpath(base), f"keywave-{os.urandom(8).hex()}")
    try:
        os.mkdir(folder, 0o700)
    except OSError as error:
        raise OutputError(f"no temporary folder can be made in {base}: {error.strerror}", hint="set TMPDIR") from None
    try:
        yield folder
    finally:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def write(
    folder: str,
    top: Kustomization,
    overrides: Overrides,
    *,
    rename: Collection[str] | None = (),
    annotate: bool = False,
) -> list[Finding]:
    """Write the outer kustomization for `top` into the workspace. Findings are overrides that make no sense.

    `rename`: the kinds whose references must follow a change of names, () when no name changes, None for all kinds that we know.
    """
    plugins = any(top.body.get(name) for name in (*kust.PLUGINS, *kust.HELM))
    body = _copy(folder, top) if overrides and not plugins else _wrapper(folder, top)
    changed, findings = edit.edited(body, _rebased(folder, top.folder, overrides), Place(top.shown))
    _finish(folder, changed, rename=rename, annotate=annotate)
    return findings


def write_documents(
    folder: str, beside: str, texts: list[str], overrides: Overrides, *, annotate: bool = False
) -> list[Finding]:
    """The same for input that has no kustomization: each document becomes a file `00000.yaml`, ...

    `beside` is the real folder that paths in the overrides are relative to.
    """
    names = [f"{number:05}.yaml" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        _put(folder, name, text.encode())
    body = {"resources": names, "sortOptions": {"order": "fifo"}}
    body, findings = edit.edited(body, _rebased(folder, beside, overrides), Place("-"))
    _finish(folder, body, rename=None, annotate=annotate)
    return findings


def _finish(folder: str, body: dict[str, Any], *, rename: Collection[str] | None, annotate: bool) -> None:
    import json

    if rename is None or rename:
        _put(folder, _REFERENCES, json.dumps(references.configuration(rename)).encode())
        body["configurations"] = [*sequence(body.get("configurations")), _REFERENCES]
    if annotate:
        known = sequence(body.get("buildMetadata"))
        body["buildMetadata"] = [*known, *(name for name in ANNOTATE if name not in known)]
    text = json.dumps(body, ensure_ascii=False, default=str)  # JSON is YAML, and quotes every text
    _put(folder, "kustomization.yaml", text.encode())


def _wrapper(folder: str, top: Kustomization) -> dict[str, Any]:
    body: dict[str, Any] = {"resources": [os.path.relpath(top.folder, folder)]}
    body |= {key: top.body[key] for key in _TOP_ONLY if key in top.body}
    openapi = mapping(top.body.get("openapi"))
    path = openapi.get("path")
    if isinstance(path, str) and not kust.is_remote(path, "file"):
        _put(folder, "openapi.json", read_bytes(os.path.join(top.folder, path)))
        body["openapi"] = {"path": "openapi.json"}
    elif openapi:
        body["openapi"] = openapi
    return body


def _copy(folder: str, top: Kustomization) -> dict[str, Any]:
    """The user's kustomization with its files beside it and its folders named from here."""
    import copy

    body: dict[str, Any] = copy.deepcopy(dict(top.body))
    for entry in kust.entries(top.body):
        if kust.is_fetched(top.folder, entry):
            continue
        source = os.path.normpath(os.path.join(top.folder, entry.path))
        if os.path.isdir(source):
            _set(body, entry.keys, os.path.relpath(os.path.realpath(source), folder))
            continue
        name = os.path.relpath(source, top.folder)
        _put(folder, name, read_bytes(source))
        _set(body, entry.keys, entry.prefix + name)
    return body


def _rebased(folder: str, beside: str, overrides: Overrides) -> Overrides:
    """The overrides with their paths, which are relative to the user's folder, seen from here.

    Components that are not there are left out: where that is not wanted, the closure has reported them.
    """
    if not overrides.components and not overrides.patches:
        return overrides
    components = []
    for path in overrides.components:
        real = os.path.realpath(os.path.join(beside, path))
        if kust.is_remote(path):
            components.append(path)
        elif os.path.isdir(real):
            components.append(os.path.relpath(real, folder))
    patches = tuple(_inlined(beside, patch) for patch in overrides.patches)
    return overrides._replace(components=tuple(components), patches=patches)


def _inlined(folder: str, patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch with its file's text in it: the file lies outside of the workspace. The closure has checked the path."""
    path = patch.get("path")
    if not isinstance(path, str) or not path or kust.is_remote(path, "file"):
        return dict(patch)
    text = read_bytes(os.path.join(folder, path)).decode("utf-8", "replace")
    return {**{k: v for k, v in patch.items() if k != "path"}, "patch": text}


def _set(body: Any, keys: tuple[Any, ...], value: str) -> None:
    for key in keys[:-1]:
        body = body[key]
    body[keys[-1]] = value


def _put(folder: str, name: str, data: bytes) -> None:
    path = os.path.join(folder, name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise OutputError(f"the temporary folder cannot be written: {error.strerror}", hint="set TMPDIR") from None


_ANNOTATED = later(rb"^( +(?:- )?(?:path|configuredIn): )(\.\./\S+)$", re.MULTILINE)


def unwrapped(stdout: bytes, folder: str, top: Kustomization) -> bytes:
    """kustomize's output with the paths of origin annotations as the user's own build would write them.

    Only for those who ask for these annotations: their paths are relative to what is built, which is our workspace.
    """
    if not set(ANNOTATE) & {str(name) for name in sequence(top.body.get("buildMetadata"))}:
        return stdout

    def own(match: re.Match[bytes]) -> bytes:
        path = os.path.normpath(os.path.join(folder, os.fsdecode(match[2])))
        return match[1] + os.fsencode(os.path.relpath(path, top.folder)) if os.path.exists(path) else match[0]

    return _ANNOTATED.sub(own, stdout)
