"""A policy as JSON, as the JSON reader beside Vault's HCL 1 reads it, which is not quite JSON.

It stops at the brace that closes the first object, minds neither a missing end nor a trailing comma, skips booleans and brackets inside
lists, and then turns objects of nothing but objects into labels: `{"path": {"a": {...}}}` is `path "a" {...}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from keywave.vault.acl.nodes import MAX_DEPTH, Item, ListOf, Literal, Node, Object, PolicyError
from keywave.vault.acl.scan import Token, is_letter, string_end, word_end

_EXPONENT = r"[eE][+-]?(?:[0-9]+|.|\Z)"
_FLOAT = re.compile(rf"-?[0-9]+(?:{_EXPONENT}|\.[0-9]*(?:{_EXPONENT})?)|\.[0-9]+[eE]?", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]+")
_WORDS = {"true": "bool", "false": "bool", "null": "null"}
_PLAIN = ("number", "float", "bool", "null", "json string")


class _EndOfText(Exception):
    pass


class _Unexpected(Exception):
    """A token in the wrong place; forgiven where that token is the closing brace."""


def read(text: str) -> Object:
    """Raises PolicyError."""
    reader = _Reader(text)
    try:
        reader.take()
        found = reader.object_type()
    except _Unexpected as error:
        raise PolicyError(reader.token.line, str(error)) from None
    return Object(_labelled(found.items), found.line)


class _Reader:
    def __init__(self, text: str) -> None:
        self._source = _tokens(text)
        self.token = Token("end", "", 1)
        self._depth = 0

    def take(self) -> Token:
        self.token = next(self._source)
        return self.token

    def object_type(self) -> Object:
        line = self.token.line
        self._deeper()
        items: list[Item] = []
        try:
            items.append(self._item())
            while self.take().kind == ",":
                items.append(self._item())
        except _EndOfText:
            pass
        except _Unexpected:
            if self.token.kind != "}":
                raise
        self._depth -= 1
        return Object(tuple(items), line)

    def _item(self) -> Item:
        keys: list[Literal] = []
        while self.take().kind == "json string":
            keys.append(_literal(self.token))
        if self.token.kind == "end":
            raise _EndOfText
        if self.token.kind != ":" or not keys:
            raise _Unexpected(f"{self.token.text} where a name in quotes or ':' is expected")
        return Item(tuple(keys), self._value(), True, keys[0].line)

    def _value(self) -> Node:
        token = self.take()
        if token.kind == "end":
            raise _EndOfText
        if token.kind in _PLAIN:
            return _literal(token)
        if token.kind == "{":
            return self.object_type()
        if token.kind == "[":
            return self._list()
        raise _Unexpected(f"{token.text} where a value is expected")

    def _list(self) -> ListOf:
        line = self.token.line
        values: list[Node] = []
        while True:
            token = self.take()
            if token.kind == "]":
                return ListOf(tuple(values), line)
            if token.kind in (",", "bool", "["):
                continue
            if token.kind in ("number", "float", "json string"):
                values.append(_literal(token))
            elif token.kind == "{":
                values.append(self.object_type())
            else:
                raise _Unexpected(f"{token.text or 'the end of the text'} inside a list")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PolicyError(self.token.line, f"more than {MAX_DEPTH} objects in each other")


def _labelled(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Objects whose values are all objects become labels, lists of nothing but objects become repeated blocks; then the same inside."""
    return tuple(item._replace(value=_inside(item.value)) for one in items for item in _flat(one))


def _flat(item: Item) -> Iterator[Item]:
    value = item.value
    if isinstance(value, Object) and value.items and all(isinstance(inner.value, Object) for inner in value.items):
        for inner in value.items:
            yield from _flat(item._replace(keys=item.keys + inner.keys, value=inner.value, line=inner.line))
    elif isinstance(value, ListOf) and value.values and all(isinstance(inner, Object) for inner in value.values):
        for element in value.values:
            yield from _flat(item._replace(value=element))
    else:
        yield item


def _inside(node: Node) -> Node:
    if isinstance(node, Object):
        return node._replace(items=_labelled(node.items))
    if isinstance(node, ListOf):
        return node._replace(values=tuple(_inside(value) for value in node.values))
    return node


def _tokens(text: str) -> Iterator[Token]:
    at, line = 0, 1
    while True:
        while at < len(text) and text[at] in " \t\n\r":
            line += text[at] == "\n"
            at += 1
        if at == len(text):
            break
        kind, end = _token(text, at, line)
        yield Token(kind, text[at:end], line)
        line += text.count("\n", at, end)
        at = end
    while True:
        yield Token("end", "", line)


def _token(text: str, at: int, line: int) -> tuple[str, int]:
    character = text[at]
    if character == "\0":
        return "end", at + 1
    if character in "{}[],:":
        return character, at + 1
    if character == '"':
        end = string_end(text, at, line, interpolates=False)
        if "\0" in text[at:end]:
            raise PolicyError(line, "a null character in a string")
        return "json string", end
    if is_letter(character):
        end = word_end(text, at, "_-")
        if text[at:end] in _WORDS:
            return _WORDS[text[at:end]], end
    elif found := _FLOAT.match(text, at):
        return "float", found.end()
    elif found := _NUMBER.match(text, at):
        if found[0].lstrip("-").startswith("0") and (len(found[0].lstrip("-")) > 1 or found.end() == len(text)):
            raise PolicyError(line, "a number cannot begin with 0")
        return "number", found.end()
    elif character == ".":
        return character, at + 1
    raise PolicyError(line, f"{character!r} cannot stand here")


def _literal(token: Token) -> Literal:
    return Literal(token.kind, token.text, token.line)
