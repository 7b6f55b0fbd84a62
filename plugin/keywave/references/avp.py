"""Family `avp`: placeholders of argocd-vault-plugin, which reads values while Argo CD renders, with a login of its own.

Rules (its documentation, 1.18): `<key>` is read from the path of the annotation `avp.kubernetes.io/path`; `<path:API path#key#version>`
stands for itself; both may carry modifiers (`| base64encode`), and stand in the base64 of a Secret's `data`. Paths are sent as they are
written.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from keywave.findings import PathKey
from keywave.objects.manifest import Manifest
from keywave.references.model import Connection, Identity, Reference, Spot
from keywave.references.setting import Setting, api_path, flag, number, text

SUMMARY = "placeholders of argocd-vault-plugin; Argo CD's plug-in reads, with a login that the tree does not hold"
PREFIX = "avp.kubernetes.io/"
_PLACEHOLDER = re.compile(r"<([^<>\n]+)>")
_KEY = re.compile(r"[A-Za-z0-9_.\- ]+\Z")
_LOGIN = Identity(known=False, label="the login of argocd-vault-plugin")
_REMOVES = ("Secret", "ConfigMap")


def references(setting: Setting) -> Iterable[Reference]:
    """Of each path that placeholders name; what is not a placeholder of a plain key is none."""
    for manifest in setting.manifests:
        said = {k.removeprefix(PREFIX): text(v) for k, v in manifest.annotations.items() if k.startswith(PREFIX)}
        if manifest.made_by or flag(said.get("ignore")) or not _may_have(manifest):
            continue
        general = api_path(said.get("path", ""))
        for keys, value in _texts(manifest.body, ()):
            if len(keys) > 2 and keys[:2] == ("metadata", "annotations") and str(keys[2]).startswith(PREFIX):
                continue
            for inside in _PLACEHOLDER.findall(_decoded(manifest, keys, value)):
                found = _read(inside.partition("|")[0].strip(), general, said.get("secret-version", ""))
                if found is not None:
                    yield _reference(manifest, *found, said, keys)


def _read(head: str, general: str, version: str) -> tuple[str, str, int | None, bool] | None:
    """(path, key, version, by itself) of what stands between the angle brackets."""
    if head.startswith("path:"):
        parts = [part.strip() for part in head.removeprefix("path:").split("#")]
        if len(parts) < 2 or not parts[0] or not parts[1]:
            return None
        return api_path(parts[0]), parts[1], number(parts[2]) if len(parts) > 2 else None, True
    return (general, head, number(version), False) if general and _KEY.match(head) else None


def _reference(
    manifest: Manifest,
    path: str,
    key: str,
    version: int | None,
    inline: bool,
    said: dict[str, str],
    keys: tuple[PathKey, ...],
) -> Reference:
    where: Spot = (manifest, keys)
    annotation: tuple[PathKey, ...] = ("metadata", "annotations")
    spots: dict[str, Spot] = {"path": where if inline else (manifest, (*annotation, f"{PREFIX}path"))}
    spots[f"key:{key}"] = where
    for spot, field in (("type", "kv-version"), ("version", "secret-version")):
        if field in said:
            spots[spot] = (manifest, (*annotation, PREFIX + field))
    engine = number(said.get("kv-version"))
    return Reference(
        kind="raw",
        manifest=manifest,
        vault=Connection(),
        identity=_LOGIN,
        vault_namespace="",
        mount="",
        path=path,
        spots=spots,
        family="avp",
        engine=engine if engine in (1, 2) else None,
        version=version or None,
        keys=(key,),
        optional=not inline and manifest.kind in _REMOVES and flag(said.get("remove-missing")),
    )


def _may_have(manifest: Manifest) -> bool:
    return manifest.kind == "Secret" or manifest.text is None or "<" in manifest.text


def _texts(value: Any, keys: tuple[PathKey, ...]) -> Iterator[tuple[tuple[PathKey, ...], str]]:
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*keys, str(name)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*keys, index))


def _decoded(manifest: Manifest, keys: tuple[PathKey, ...], value: str) -> str:
    """The text, or what its base64 stands for below `data` of a Secret."""
    if manifest.kind != "Secret" or manifest.group or keys[:1] != ("data",):
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value
