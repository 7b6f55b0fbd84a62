"""Text out: a stream of documents, a tree of files, reports of findings, pictures of the graph. One module a format.

Rule: nothing is half-written, and nothing here decides anything. Shells hand in values and print what comes back.
"""

from __future__ import annotations

from keywave.emit.pictures import PICTURES, picture
from keywave.emit.reports import FORMATS, report
from keywave.emit.stream import STREAMS, stream
from keywave.emit.tree import MARKER, write_tree

__all__ = ["FORMATS", "MARKER", "PICTURES", "STREAMS", "picture", "report", "stream", "write_tree"]
