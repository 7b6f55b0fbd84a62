"""From one meaning of a text to another by the smallest edits: values are replaced where they stand, entries added and removed.

Rule: a best effort that `objects.splice` proves afterwards, so nothing here needs to know every corner of YAML. Edits are collected
as (start, end, new text) on the original text and applied from the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from keywave.objects.dump import dump_entry, dump_flow, dump_item, dump_quoted
from keywave.objects.equality import same
from keywave.objects.later import later
from keywave.objects.nodes import MERGE_KEY, Node, compose

_PRINTABLE = later("[ -~]*")


class NotUnderstood(Exception):
    """This change cannot be made in the text."""


def edit(text: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """`text`, which means `old` and ends with a newline, changed to mean `new`.

    Raises:
        NotUnderstood: an alias or a merge would have to change, or the text has a form that is not handled.
        YamlError: the text is no YAML (JSON may be none).
    """
    root = compose(text)
    if root is None:
        raise NotUnderstood("there is no document")
    editor = _Editor(text)
    editor.change(root, old, new, None)
    return editor.applied()


class _Place(NamedTuple):
    """Where a value stands: in `parent`, under the key from `start` to `key_end`, or behind the dash at `start`."""

    parent: Node
    start: int
    key_end: int = -1


class _Editor:
    def __init__(self, text: str) -> None:
        self.text = text
        self.json = text.lstrip()[:1] == "{"
        self.newline = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
        self.edits: list[tuple[int, int, int, str]] = []

    def applied(self) -> str:
        """From the last to the first. At one place: first what is removed, then what the outer node puts in, then the inner."""
        text = self.text
        for start, end, _, inserted in sorted(self.edits, reverse=True):
            text = text[:start] + inserted + text[end:]
        return text

    def put(self, start: int, end: int, inserted: str) -> None:
        self.edits.append((start, end, len(self.edits), inserted.replace("\n", self.newline)))

    def change(self, node: Node, old: Any, new: Any, place: _Place | None) -> None:
        """Make `node`, which means `old`, mean `new`. `place` is None at the root."""
        if same(old, new):
            return
        if node.kind == "alias":
            raise NotUnderstood("an alias")
        if old and new and node.kind == "mapping" and isinstance(new, Mapping):
            self.change_mapping(node, old, new, place)
        elif old and new and node.kind == "list" and isinstance(new, (list, tuple)):
            self.change_list(node, old, new)
        else:
            self.replace(node, new, place)

    def change_mapping(self, node: Node, old: Mapping[str, Any], new: Mapping[str, Any], place: _Place | None) -> None:
        written = {key.name for key, _ in node.entries}
        if any(key not in written and not (key in new and same(value, new[key])) for key, value in old.items()):
            raise NotUnderstood("a merged key")
        kept = [i for i, (key, _) in enumerate(node.entries) if key.name is MERGE_KEY or key.name in new]
        if not kept and not node.flow:
            self.replace(node, new, place)
            return
        for index in kept:
            key, value = node.entries[index]
            if key.name is not MERGE_KEY:
                self.change(value, old[key.name], new[key.name], _Place(node, key.start, key.end))
        added = [(key, value) for key, value in new.items() if key not in old]
        spans = [(key.start, self.content_end(value, key)) for key, value in node.entries]
        if node.flow:
            self.change_flow(node, spans, kept, [f"{self.flow(key)}: {self.flow(value)}" for key, value in added])
            return
        for index in range(len(spans)):
            if index not in kept:
                self.remove_lines(spans, index)
        if added:
            indent = " " * self.column(spans[0][0])
            at = self.line_end(spans[-1][1])
            self.put(at, at, "".join(dump_entry(key, value, indent) for key, value in added))

    def change_list(self, node: Node, old: Sequence[Any], new: Sequence[Any]) -> None:
        head = tail = 0
        shorter = min(len(old), len(new))
        while head < shorter and same(old[head], new[head]):
            head += 1
        while tail < shorter - head and same(old[-1 - tail], new[-1 - tail]):
            tail += 1
        if len(old) == len(new):
            head, tail = 0, 0
        paired = min(len(old), len(new)) - head - tail
        spans = [(self.item_start(node, item), self.content_end(item)) for item in node.items]
        for index in range(head + paired):
            self.change(node.items[index], old[index], new[index], _Place(node, spans[index][0]))
        for index in range(1, tail + 1):
            self.change(node.items[-index], old[-index], new[-index], _Place(node, spans[-index][0]))
        gone = range(head + paired, len(old) - tail)
        added = list(new[head + paired : len(new) - tail])
        if node.flow:
            kept = [index for index in range(len(old)) if index not in gone]
            self.change_flow(node, spans, kept, [self.flow(value) for value in added], after=head + paired - 1)
            return
        for index in gone:
            self.remove_lines(spans, index)
        if added:
            start = spans[0][0]
            if head + paired:
                at = self.line_end(spans[head + paired - 1][1])
            elif not self.text[self.line_start(start) : start].strip():
                at = self.line_start(start)
            else:
                raise NotUnderstood("before the first item of a list in a list")
            self.put(at, at, "".join(dump_item(value, " " * self.column(start)) for value in added))

    def replace(self, node: Node, new: Any, place: _Place | None) -> None:
        """Another value in the same place; a quoted text stays quoted the same way where it can."""
        if place is None:
            raise NotUnderstood("the root")
        end = self.content_end(node)
        if place.parent.flow:
            blank = " " if node.start == node.end and self.text[node.start - 1] == ":" else ""
            self.put(node.start, end, blank + self.flow(new))
            return
        inline = node.kind == "scalar" and node.style not in ("|", ">")
        commented = bool(self.text[end : self.text.index("\n", end)].strip())
        if isinstance(new, str) and inline and node.style == "'" and _PRINTABLE.fullmatch(new):
            self.put(node.start, end, "'" + new.replace("'", "''") + "'")
        elif (
            isinstance(new, str) and inline and node.start < end and (node.style == '"' or ("\n" in new and commented))
        ):
            self.put(node.start, end, dump_quoted(new))
        else:
            self.replace_all(place, end, new)

    def replace_all(self, place: _Place, end: int, new: Any) -> None:
        """The whole text behind a colon, or from a dash on."""
        indent = " " * self.column(place.start)
        if place.key_end < 0:
            self.put(place.start, end, dump_item(new, indent)[len(indent) : -1])
            return
        behind = self.text.index(":", place.key_end) + 1
        self.put(behind, max(behind, end), dump_entry("x", new, indent)[len(indent) + 2 : -1])

    def change_flow(
        self, node: Node, spans: list[tuple[int, int]], kept: list[int], added: list[str], after: int | None = None
    ) -> None:
        """Entries of `{...}` or `[...]`: removed with one comma each, added after the one with index `after`, or the last."""
        last = kept[-1] if kept else -1
        for index in range(len(spans)):
            if index not in kept and index < last:
                self.put(spans[index][0], spans[index + 1][0], "")
        if not kept:
            inside = self.text.index("{" if node.kind == "mapping" else "[", node.start) + 1
            self.put(inside, node.end - 1, ", ".join(added))
            return
        if last < len(spans) - 1:
            self.put(spans[last][1], spans[-1][1], "")
        if added and after is not None and after < 0:
            self.put(spans[0][0], spans[0][0], "".join(f"{one}, " for one in added))
        elif added:
            at = spans[last if after is None else after][1]
            self.put(at, at, "".join(f", {one}" for one in added))

    def remove_lines(self, spans: list[tuple[int, int]], index: int) -> None:
        """A block entry with its lines; the first one behind a `- ` gives its place to the next."""
        start, end = spans[index]
        line = self.line_start(start)
        if self.text[line:start].strip():
            if index + 1 == len(spans):
                raise NotUnderstood("the only entry behind a dash")
            self.put(start, spans[index + 1][0], "")
        else:
            self.put(line, self.line_end(end), "")

    def item_start(self, node: Node, item: Node) -> int:
        """Where an item begins: its dash in a block list."""
        if node.flow:
            return item.start
        dash = self.text.rfind("-", 0, max(item.start, 1))
        if dash < 0 or self.text[dash + 1 : item.start].strip():
            raise NotUnderstood("a comment behind the dash")
        return dash

    def content_end(self, node: Node, key: Node | None = None) -> int:
        """Where what is written of a node ends: libyaml lets block nodes reach to the next token."""
        while not node.flow and (node.entries or node.items):
            key, node = node.entries[-1] if node.entries else (None, node.items[-1])
        if node.kind == "scalar" and node.style in ("|", ">"):
            return node.start + len(self.text[node.start : node.end].rstrip())
        return max(node.end, key.end if key else 0)

    def flow(self, value: Any) -> str:
        return dump_flow(value, quoted=self.json)

    def line_start(self, position: int) -> int:
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Behind the newline that ends the line of a position."""
        return self.text.index("\n", position) + 1

    def column(self, position: int) -> int:
        return position - self.line_start(position)
