"""Events into values: mappings with text keys, lists, str, int, float, bool, None, exactly as sigs.k8s.io/yaml decodes.

This is the hot loop of a render, hence one long function without an object per node. Aliases share one value; they are counted
as if written out, so that an alias bomb is refused before anything walks it. Nothing here recurses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from keywave.objects import scalars
from keywave.objects.events import Next, error_from, open_events
from keywave.objects.later import later
from keywave.objects.limits import DEFAULT_LIMITS, Limits
from keywave.objects.yamlerror import YamlError, line_at

_NO_KEY: Any = object()
_MERGE: Any = object()
_ESCAPED_SLASH = later(r"(?<!\\)(?:\\\\)*\\/")
_plain_keys: dict[str, Any] = {}
_PLAIN_KEYS_SIZE = 10_000


class Constructed(NamedTuple):
    """One document: its value, the nodes it has with aliases expanded, and what deserves a closer look (`objects.nodes`)."""

    value: Any
    empty: bool
    nodes: int
    repeated: bool
    """True when a key stands twice in a mapping, or a merge replaces a key above it."""
    ended: bool
    """False when another document follows in the same text."""


def construct(text: str, limits: Limits = DEFAULT_LIMITS) -> Constructed:
    """Read one document.

    Raises:
        YamlError: no YAML, something that Kubernetes refuses, or beyond the limits.
    """
    try:
        next_event = open_events(text)
        next_event()
        start = next_event()
        if start.__class__ is StreamEndEvent:
            return Constructed(None, True, 0, False, True)
        assert start.__class__ is DocumentStartEvent
        value, nodes, repeated = _Builder(text, limits).build(next_event)
        if "\\/" in text:
            _check_slashes(text)
        next_event()
        return Constructed(value, False, nodes, repeated, next_event().__class__ is StreamEndEvent)
    except yaml.YAMLError as problem:
        raise error_from(problem, text) from None


def _check_slashes(text: str) -> None:
    """libyaml takes YAML 1.2's escape for a slash, go-yaml does not."""
    next_event = open_events(text)
    while True:
        event = next_event()
        if event.__class__ is StreamEndEvent:
            return
        if isinstance(event, ScalarEvent) and event.style == '"' and event.start_mark and event.end_mark:
            written = text[event.start_mark.index : event.end_mark.index]
            if _ESCAPED_SLASH.search(written):
                line = line_at(text, event.start_mark.index)
                raise YamlError(
                    line, "the escape \\/ is known to JSON, not to Kubernetes' YAML", code="KW0111", hint="write /"
                )


class _Anchored(NamedTuple):
    value: Any
    raw: Any
    nodes: int


class _Builder:
    """State that only some documents need (anchors, merges); the loop keeps the rest in local variables."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.anchors: dict[str, _Anchored | None] = {}
        self.open_anchors: list[tuple[int, str, int]] = []
        self.merged: dict[int, set[str]] = {}
        self.aliased = 0
        self.repeated = False

    def build(self, next_event: Next) -> tuple[Any, int, bool]:
        limits, plain_value, hints = self.limits, scalars.plain_value, scalars.HINTS
        plain_keys = _plain_keys
        max_nodes, max_depth, max_scalar = limits.nodes, limits.depth, limits.scalar
        stack: list[tuple[Any, Any]] = []
        container: Any = None
        is_map = False
        key: Any = _NO_KEY
        nodes = 0
        while True:
            event = next_event()
            cls = event.__class__
            nodes += 1
            if cls is ScalarEvent:
                text = event.value
                if len(text) > max_scalar:
                    raise self.error(event, f"a text of more than {max_scalar} characters", code="KW0106")
                if is_map and key is _NO_KEY:
                    if event.implicit[0] and event.anchor is None:
                        key = plain_keys.get(text)
                        if key is None:
                            key = self.key(event, text)
                    else:
                        key = text if event.tag is None and event.anchor is None else self.key(event, text)
                    continue
                if event.tag is not None:
                    value = self.scalar(event, text)
                elif not event.implicit[0] or (text and text[0] not in hints):
                    value = text
                else:
                    try:
                        value = plain_value(text)
                    except scalars.ScalarError as problem:
                        raise self.error(event, str(problem), code="KW0111") from None
                if event.anchor is not None:
                    self.anchors[event.anchor] = _Anchored(value, self.raw(event, text), 1)
            elif cls is MappingStartEvent or cls is SequenceStartEvent:
                if is_map and key is _NO_KEY:
                    raise self.key_error(event)
                stack.append((container, key))
                if len(stack) > max_depth:
                    raise self.error(event, f"nested more than {max_depth} deep", code="KW0105")
                if event.anchor is not None:
                    self.anchors[event.anchor] = None
                    self.open_anchors.append((len(stack), event.anchor, nodes))
                is_map = cls is MappingStartEvent
                container = {} if is_map else []
                key = _NO_KEY
                continue
            elif cls is AliasEvent:
                anchored = self.alias(event, nodes)
                nodes += anchored.nodes
                if is_map and key is _NO_KEY:
                    key = self.checked_key(event, anchored.raw)
                    continue
                value = anchored.value
            else:  # the end of a mapping or a list; the document's end is never reached here
                value = container
                if self.open_anchors and self.open_anchors[-1][0] == len(stack):
                    _, anchor, before = self.open_anchors.pop()
                    self.anchors[anchor] = _Anchored(value, value, nodes - before)
                nodes -= 1
                container, key = stack.pop()
                is_map = container.__class__ is dict
            if nodes > max_nodes:
                raise self.error(event, f"more than {max_nodes} nodes", code="KW0104")
            if is_map:
                if key in container and self.check_repeated(container, key):
                    self.repeated = True
                if key is _MERGE:
                    self.merge(event, container, value)
                else:
                    container[key] = value
                key = _NO_KEY
            elif container is None:
                if self.aliased:
                    self.check_depth(value)
                return value, nodes, self.repeated
            else:
                container.append(value)

    def error(self, event: Any, message: str, *, code: str = "KW0110", hint: str = "") -> YamlError:
        return YamlError(line_at(self.text, event.start_mark.index), message, code=code, hint=hint)

    def key_error(self, event: Any) -> YamlError:
        return self.error(
            event, "a mapping or a list cannot be a key", code="KW0111", hint="quote a text that starts with { or ["
        )

    def raw(self, event: Any, text: str) -> Any:
        """The scalar as go-yaml decodes it, before JSON; keys are made from this."""
        if event.tag is not None:
            try:
                return scalars.resolve_tagged(event.tag, text)
            except scalars.ScalarError as problem:
                raise self.error(event, str(problem), code="KW0111") from None
        return scalars.resolve(text) if event.implicit[0] else text

    def scalar(self, event: Any, text: str) -> Any:
        try:
            return scalars.tagged_value(event.tag, text)
        except scalars.ScalarError as problem:
            raise self.error(event, str(problem), code="KW0111") from None

    def key(self, event: Any, text: str) -> Any:
        """A key that is plain, tagged or anchored; plain ones are remembered."""
        plain = event.implicit[0]
        raw = self.raw(event, text)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(raw, raw, 1)
        merges = text == "<<" and (plain or event.tag == scalars.MERGE_TAG)
        key = _MERGE if merges else self.checked_key(event, raw)
        if plain and event.anchor is None and len(text) < 100:
            if len(_plain_keys) >= _PLAIN_KEYS_SIZE:
                _plain_keys.clear()
            _plain_keys[text] = key
        return key

    def checked_key(self, event: Any, raw: Any) -> str:
        if isinstance(raw, (dict, list)):
            raise self.key_error(event)
        try:
            return scalars.key_text(raw)
        except scalars.ScalarError as problem:
            raise self.error(event, str(problem), code="KW0111", hint="quote the key") from None

    def alias(self, event: Any, nodes: int) -> _Anchored:
        """What an alias stands for, counted against go-yaml's rule of excessive aliasing and against ours."""
        name = event.anchor
        if name not in self.anchors:
            raise self.error(event, "an alias to an anchor that is not defined", hint="quote a text that starts with *")
        anchored = self.anchors[name]
        if anchored is None:
            raise self.error(event, "an anchor whose value contains itself", code="KW0107")
        self.aliased += anchored.nodes
        nodes += anchored.nodes
        excessive = self.aliased > 100 and nodes > 1000 and self.aliased / nodes > _allowed_ratio(nodes)
        if excessive or nodes > self.limits.nodes:
            hint = "write the values out, or use fewer aliases; Kubernetes refuses such a document too"
            raise self.error(event, "aliases expand to far more than the text holds", code="KW0107", hint=hint)
        return anchored

    def check_repeated(self, container: dict[str, Any], key: Any) -> bool:
        """True unless the first one came by a merge, which a key below it may replace."""
        inherited = self.merged.get(id(container))
        if inherited and key in inherited:
            inherited.discard(key)
            return False
        return True

    def merge(self, event: Any, container: dict[str, Any], value: Any) -> None:
        """`<<`: go-yaml sets the merged keys at once, over what stands above; of a list, earlier mappings win."""
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self.error(event, "<< takes a mapping or a list of mappings", code="KW0111")
        inherited = self.merged.setdefault(id(container), set())
        if any(key in container and key not in inherited for source in sources for key in source):
            self.repeated = True
        for source in reversed(sources):
            container.update(source)
            inherited.update(source)

    def check_depth(self, value: Any) -> None:
        """Aliases can nest values deeper than the text; each shared value is walked once."""
        depth_of: dict[int, int] = {}
        todo = [value]
        while todo:
            node = todo[-1]
            children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            waiting = [c for c in children if isinstance(c, (dict, list)) and id(c) not in depth_of]
            if waiting:
                todo.extend(waiting)
                continue
            todo.pop()
            depth = 1 + max((depth_of.get(id(c), 0) for c in children), default=0)
            if depth > self.limits.depth:
                raise YamlError(1, f"nested more than {self.limits.depth} deep by aliases", code="KW0105")
            depth_of[id(node)] = depth


def _allowed_ratio(nodes: int) -> float:
    """go-yaml's bound on the share of aliases (decode.go, allowedAliasRatio)."""
    low, high = 400_000, 4_000_000
    if nodes <= low:
        return 0.99
    return 0.10 if nodes >= high else 0.99 - 0.89 * ((nodes - low) / (high - low))
