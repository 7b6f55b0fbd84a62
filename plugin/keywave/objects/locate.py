"""Where in a document's text a value stands. Rule: asked late, only for what is reported; never an exception."""

from __future__ import annotations

from collections.abc import Sequence

from keywave.findings import PathKey
from keywave.objects.nodes import MERGE_KEY, Node, compose
from keywave.objects.yamlerror import YamlError, line_at


def line_of(text: str, keys: Sequence[PathKey]) -> int:
    """The line in `text` (from 1) of the value at `keys`, or of its nearest ancestor that is there.

    A block below a key is found at the line of its key. A value that comes by an alias or a merge is found where it is written.
    """
    try:
        root = compose(text)
    except YamlError as problem:
        return problem.line
    if root is None:
        return 1
    node, line = root, line_at(text, _first(root))
    for key in keys:
        found = _step(node, key)
        if found is None:
            break
        place, node = found
        line = line_at(text, place.start)
    return line


def lines_of_items(text: str, key: str, count: int) -> list[int]:
    """The lines of the first `count` items of the list at a key of the root: one pass for all of them."""
    try:
        root = compose(text)
    except YamlError:
        root = None
    found = _step(root, key) if root else None
    items = found[1].items if found else []
    lines = [line_at(text, item.start) for item in items[:count]]
    return lines + [1] * (count - len(lines))


def _step(node: Node, key: PathKey) -> tuple[Node, Node] | None:
    """One key further: the node to show and the node to go on from."""
    while node.target is not None:
        node = node.target
    if isinstance(key, int):
        item = node.items[key] if -len(node.items) <= key < len(node.items) else None
        return None if item is None else (item, item)
    merged: list[Node] = []
    for name, value in reversed(node.entries):
        if name.name == key:
            scalar = value.kind == "scalar" and value.end > value.start
            return (value if scalar and value.style not in ("|", ">") else name), value
        if name.name is MERGE_KEY:
            merged.append(value)
    for value in merged:
        for source in value.items or [value]:
            found = _step(source, key)
            if found is not None:
                return found
    return None


def _first(root: Node) -> int:
    return root.entries[0][0].start if root.entries else root.start
