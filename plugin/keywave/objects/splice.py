"""An object's text for output: exact where nothing changed, else the user's own text with only the changes put in.

Rule: what leaves is proven. An edited text is read again and must mean the body; where it does not, or where the edit was not
understood (an alias that would change two places, a complex key), the body is written anew.
"""

from __future__ import annotations

from keywave.objects.annotate import annotated
from keywave.objects.dump import dump
from keywave.objects.equality import same
from keywave.objects.manifest import Manifest
from keywave.objects.yamlerror import YamlError
from keywave.objects.yamlio import parse


def text_of(manifest: Manifest) -> str:
    """The text of one object, ending with a newline. `manifest.text` as it is when nothing changed.

    Comments, quoting, anchors and line ends stay where nothing changed; a made object is dumped.
    """
    text = manifest.text
    if text is None or manifest.parsed is None:
        return dump(manifest.body)
    if not text.endswith("\n"):
        text += "\n"
    if manifest.body is manifest.parsed or same(manifest.body, manifest.parsed):
        return text
    quick = annotated(text, manifest.parsed, manifest.body)
    if quick is not None and _means(quick, manifest):
        return quick
    from keywave.objects.edits import NotUnderstood, edit  # loads the parser

    try:
        edited = edit(text, manifest.parsed, manifest.body)
    except (NotUnderstood, YamlError):
        return dump(manifest.body)
    return edited if _means(edited, manifest) else dump(manifest.body)


def _means(text: str, manifest: Manifest) -> bool:
    try:
        return same(parse(text), manifest.body)
    except YamlError:
        return False
