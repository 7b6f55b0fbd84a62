"""A stream cut into documents, byte for byte. Rule: text in, text out; no YAML is read here.

A separator is a line `---` with nothing but blanks or a comment behind it: what Kubernetes (apimachinery's YAMLReader) and
kustomize cut at. YAML also allows content behind it (`--- {a: b}`); that content then begins the document. Inside quotes, block
scalars and flow collections such a line is no YAML, so cutting first loses nothing, and one broken document cannot hide another.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from keywave.objects.later import later

_MARKER = later(r"^---(?:[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)|[ \t]+)", re.MULTILINE)
_DIRECTIVES = later(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*%[^\n]*\n(?:%[^\n]*\n|[ \t]*(?:#[^\n]*)?\r?\n)*\Z")
_NOTHING = later(r"(?:[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)|\.\.\.[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z))*\Z")
BOM = "\ufeff"


class Document(NamedTuple):
    """Exact text of one document without its separator; `line` (from 1) is where its first line stands in the stream."""

    text: str
    line: int


def split(stream: str) -> list[Document]:
    """The documents of a stream, in order, those that hold nothing but blanks and comments left out.

    A byte order mark at the start of a document belongs to none. `%YAML` lines before a marker are part of that marker: they say
    nothing that Kubernetes heeds. `%TAG` lines stay, because they carry meaning.
    The last line is ended where the file does not: kubectl's reader does so, and a block text then has its line break.
    """
    documents: list[Document] = []
    start, line = 0, 1
    for match in _MARKER.finditer(stream):
        chunk = stream[start : match.start()]
        if "%" in chunk and _DIRECTIVES.match(chunk) and "%TAG" in chunk:
            continue
        _append(documents, chunk, line)
        line += stream.count("\n", start, match.end())
        start = match.end()
    last = stream[start:]
    _append(documents, last if last.endswith("\n") else f"{last}\n", line)
    return documents


def count(stream: bytes) -> int:
    """Upper bound of the number of documents, without cutting: for refusing a stream before work is spent on it."""
    return stream.count(b"\n---") + 1


def _append(documents: list[Document], text: str, line: int) -> None:
    text = text.removeprefix(BOM)
    if _is_content(text):
        documents.append(Document(text, line))


def _is_content(text: str) -> bool:
    first = text[:1]
    if first.isalpha() or first in ("{", "[", '"', "'", "&"):
        return True
    return not (_NOTHING.match(text) or _DIRECTIVES.match(text))
