"""Text out: a stream of documents, a tree of files, reports of findings, pictures of the graph. One module a format.

Rule: nothing is half-written, and nothing here decides anything. Shells hand in values and print what comes back. What a render that
finds nothing does not need is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keywave.emit.stream import STREAMS, stream

if TYPE_CHECKING:
    from keywave.emit.pictures import PICTURES, picture
    from keywave.emit.reports import FORMATS, report
    from keywave.emit.tree import MARKER, write_tree

__all__ = ["FORMATS", "MARKER", "PICTURES", "STREAMS", "picture", "report", "stream", "write_tree"]

_HOMES = {
    "FORMATS": "keywave.emit.reports",
    "MARKER": "keywave.emit.tree",
    "PICTURES": "keywave.emit.pictures",
    "picture": "keywave.emit.pictures",
    "report": "keywave.emit.reports",
    "write_tree": "keywave.emit.tree",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
