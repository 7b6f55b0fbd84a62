"""The commonest edit, an annotation added, made without a parser's help: a thousand workloads may each get one.

Rule: a guess by indentation, proven by `objects.splice` like every edit; None wherever the text is not of the common form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from keywave.objects.dump import dump_entry
from keywave.objects.later import later

_METADATA = later(r"^metadata: *\n((?:(?: +[^\n]*)?\n)*)", re.MULTILINE)
_TRAILING = later(r"^(?: *(?:#[^\n]*)?\n)*\Z", re.MULTILINE)


def annotated(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """`text`, which means `old`, with annotations added so that it means `new`; None when there is more or other to do."""
    added = _added(old, new)
    block = _METADATA.search(text) if added else None
    if added is None or block is None or "\r" in text:
        return None
    body = block[1]
    indent = re.search(r"^( +)[^ #\n]", body, re.MULTILINE)
    if indent is None:
        return None
    below = indent[1]
    present = re.search(rf"^{below}annotations: *\n((?:{below} +[^\n]*\n|\n)*)", body, re.MULTILINE)
    if present is not None:
        inner = re.match(" +", present[1])
        end = block.start(1) + present.start(1) + _length(present[1])
        lines = "".join(dump_entry(key, value, inner[0] if inner else below + "  ") for key, value in added.items())
    elif "annotations" in (old.get("metadata") or ()):
        return None
    else:
        end = block.start(1) + _length(body)
        lines = dump_entry("annotations", added, below)
    return text[:end] + lines + text[end:]


def _added(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any] | None:
    """The annotations that `new` has over `old`, None when anything else differs."""
    before, after = old.get("metadata"), new.get("metadata")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return None
    if not _same_but(old, new, "metadata") or not _same_but(before, after, "annotations"):
        return None
    present, wanted = before.get("annotations") or {}, after.get("annotations")
    if not isinstance(present, Mapping) or not isinstance(wanted, Mapping):
        return None
    if any(wanted.get(key) != value for key, value in present.items()):
        return None
    return {key: value for key, value in wanted.items() if key not in present}


def _same_but(old: Mapping[str, Any], new: Mapping[str, Any], but: str) -> bool:
    """The very same values under the same keys, one key aside."""
    others = [key for key in old if key != but]
    return len(others) == len([key for key in new if key != but]) and all(
        key in new and new[key] is old[key] for key in others
    )


def _length(block: str) -> int:
    """Characters of a block without the blank lines and comments at its end."""
    trailing = _TRAILING.search(block)
    return trailing.start() if trailing else len(block)
