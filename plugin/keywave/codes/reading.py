"""Codes KW01: YAML, files, limits."""

from __future__ import annotations

CODES: dict[str, str] = {
    "KW0101": "the stream is too large",
    "KW0102": "the stream holds too many documents",
    "KW0103": "the text is no UTF-8, or holds a character that YAML does not allow",
    "KW0104": "the stream holds too many nodes",
    "KW0105": "the document is nested too deep",
    "KW0106": "a text is too long",
    "KW0107": "aliases expand to far more than the document holds",
    "KW0108": "a line begins with --- but is no separator",
    "KW0109": "content after the end of a document",
    "KW0110": "the document is no YAML",
    "KW0111": "YAML that Kubernetes cannot read",
    "KW0112": "a key stands twice in one mapping",
    "KW0113": "a merge replaces a key above it",
    "KW0114": "the document is no object",
    "KW0115": "the object has no apiVersion or no kind",
    "KW0116": "the object has no name",
}
