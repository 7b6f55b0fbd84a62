"""Keys that stand twice in one mapping: found when reading saw one, told here with both lines."""

from __future__ import annotations

from typing import NamedTuple

from keywave.findings import PathKey
from keywave.objects.nodes import MERGE_KEY, Node, compose
from keywave.objects.yamlerror import line_at


class Repeated(NamedTuple):
    """One key that stands twice: at `first` and again at `line`, both from 1.

    `merge` is True where the second is a `<<` below the key, which go-yaml lets win.
    """

    keys: tuple[PathKey, ...]
    first: int
    line: int
    merge: bool

    def message(self, offset: int = 0) -> str:
        """One sentence; `offset` is added to the lines of the text."""
        key, first = self.keys[-1], self.first + offset
        if self.merge:
            return f'<< replaces the key "{key}" of line {first}, which stands above it'
        return f'the key "{key}" stands in line {first} already'


def repeated_keys(text: str) -> list[Repeated]:
    """All of them, in the order of the text."""
    root = compose(text)
    found: list[Repeated] = []
    todo: list[tuple[Node, tuple[PathKey, ...]]] = [(root, ())] if root else []
    while todo:
        node, keys = todo.pop()
        children: list[tuple[Node, tuple[PathKey, ...]]] = [(item, (*keys, i)) for i, item in enumerate(node.items)]
        for key, value in node.entries:
            children.append((value, keys if key.name is MERGE_KEY else (*keys, str(key.name))))
        found.extend(_in_mapping(node, keys, text))
        todo.extend(reversed(children))
    return found


def _in_mapping(node: Node, keys: tuple[PathKey, ...], text: str) -> list[Repeated]:
    found = []
    first: dict[str, int] = {}
    for key, value in node.entries:
        line = line_at(text, key.start)
        if key.name is MERGE_KEY:
            for name in sorted(_merged_names(value) & first.keys()):
                found.append(Repeated((*keys, name), first[name], line, True))
        elif key.name in first:
            found.append(Repeated((*keys, str(key.name)), first[key.name], line, False))
        else:
            first[str(key.name)] = line
    return found


def _merged_names(value: Node) -> set[str]:
    names: set[str] = set()
    todo = [value]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        todo.extend(node.items)
        if node.target is not None:
            todo.append(node.target)
        for key, below in node.entries:
            if key.name is MERGE_KEY:
                todo.append(below)
            else:
                names.add(str(key.name))
    return names
