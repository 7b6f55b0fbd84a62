"""Manifests as one stream: YAML documents joined with `---`, or JSON documents, one a line (which is YAML as well)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from keywave.objects.manifest import Manifest
from keywave.objects.splice import text_of

SEPARATOR = "---\n"


def stream(manifests: Iterable[Manifest], format: str = "yaml") -> str:
    """All manifests as one text; documents that nobody changed are byte for byte as they came. `format` is a key of STREAMS."""
    return STREAMS[format](manifests)


def _yaml(manifests: Iterable[Manifest]) -> str:
    return SEPARATOR.join([text_of(manifest) for manifest in manifests])


def _json(manifests: Iterable[Manifest]) -> str:
    import json

    return "".join(
        [json.dumps(manifest.body, ensure_ascii=False, separators=(",", ":")) + "\n" for manifest in manifests]
    )


STREAMS: dict[str, Callable[[Iterable[Manifest]], str]] = {"yaml": _yaml, "json": _json}
