"""The tree of one document with the place of every node: for lines in findings and for edits of the text. Not for reading values.

Rule: made only when somebody asks for a place; positions are characters of the text given.
"""

from __future__ import annotations

from typing import Any, Literal

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from keywave.objects import scalars
from keywave.objects.events import error_from, open_events

MERGE_KEY = object()


class Node:
    """A scalar, mapping, list or alias from `start` to before `end`; libyaml lets block collections end where the next token begins.

    `target` is the node that an alias stands for.
    `entries` of a mapping are (key node, value node); `items` those of a list; `name` is a key's text, MERGE_KEY for `<<`.
    """

    __slots__ = ("anchor", "end", "entries", "flow", "items", "kind", "name", "start", "style", "tag", "target")

    def __init__(self, kind: Literal["scalar", "mapping", "list", "alias"], event: Any) -> None:
        self.kind = kind
        self.start: int = event.start_mark.index
        self.end: int = event.end_mark.index
        self.anchor: str | None = event.anchor
        self.tag: str | None = getattr(event, "tag", None)
        self.style: str | None = getattr(event, "style", None)
        self.flow: bool = bool(getattr(event, "flow_style", False))
        self.entries: list[tuple[Node, Node]] = []
        self.items: list[Node] = []
        self.name: Any = None
        self.target: Node | None = None


def compose(text: str) -> Node | None:
    """The root node of the first document; None when there is none.

    Raises:
        YamlError: no YAML. Text that `yamlio.read_stream` accepted as YAML never raises.
    """
    try:
        return _compose(open_events(text))
    except yaml.YAMLError as problem:
        raise error_from(problem, text) from None


def _compose(next_event: Any) -> Node | None:
    root: Node | None = None
    stack: list[Node] = []
    keys: list[Node | None] = []
    anchors: dict[str, Node] = {}
    while True:
        event = next_event()
        cls = event.__class__
        if cls is ScalarEvent:
            node = Node("scalar", event)
            node.name = key_name(event)
        elif cls is AliasEvent:
            node = Node("alias", event)
            node.target = anchors.get(event.anchor)
            node.name = node.target.name if node.target else None
        elif cls is MappingStartEvent or cls is SequenceStartEvent:
            node = Node("mapping" if cls is MappingStartEvent else "list", event)
        elif cls is MappingEndEvent or cls is SequenceEndEvent:
            stack.pop().end = event.end_mark.index
            keys.pop()
            continue
        elif cls is DocumentEndEvent or event is None:
            return root
        elif cls.__name__ == "StreamEndEvent":
            return None
        else:
            continue
        if node.anchor is not None and node.kind != "alias":
            anchors[node.anchor] = node
        if stack:
            _attach(stack[-1], keys, node)
        else:
            root = node
        if node.kind in ("mapping", "list"):
            stack.append(node)
            keys.append(None)


def _attach(parent: Node, keys: list[Node | None], node: Node) -> None:
    if parent.kind == "list":
        parent.items.append(node)
        return
    key = keys[-1]
    if key is None:
        keys[-1] = node
    else:
        parent.entries.append((key, node))
        keys[-1] = None


def key_name(event: Any) -> Any:
    """The text that a scalar is as a mapping's key; MERGE_KEY for `<<`; None where it cannot be one."""
    text: str = event.value
    if text == "<<" and (event.implicit[0] or event.tag == scalars.MERGE_TAG):
        return MERGE_KEY
    try:
        if event.tag is not None:
            return scalars.key_text(scalars.resolve_tagged(event.tag, text))
        return scalars.key_text(scalars.resolve(text)) if event.implicit[0] else text
    except scalars.ScalarError:
        return None
